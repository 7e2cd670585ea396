package main

import (
	"context"
	"fmt"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/testbed"
)

const (
	maxParallel     = 16
	trialsPerBed    = 6 // starting a testbed costs as much as some trials
	trialsPerCore   = 5 // most of a trial is waiting
	minimumParallel = 1
)

// parallel is how many testbeds pay off.
func parallel(asked, cores, trials int) int {
	if asked > 0 {
		return asked
	}
	return max(minimumParallel, min(maxParallel, trialsPerCore*cores, trials/trialsPerBed))
}

// trials runs the trials with progress.
func (r *running) trials(ctx context.Context, pool *testbed.Pool) []experiment.Result {
	o := r.options
	total := experiment.Trials(r.scenarios, o)
	r.progress.Detail("trials: %d, %d at a time", total, o.Parallel)
	verified, failed := 0, 0
	note := func() string { return fmt.Sprintf("%d verified, %d not", verified, failed) }
	o.Progress = func(done, total int) { r.progress.Trials(done, total, note()) }
	o.Done = func(result experiment.Result) {
		if result.Verdict == experiment.Verified {
			verified++
		} else {
			failed++
		}
		if result.Cause == experiment.Interrupted {
			return // there may be a lot of it; the summary names them
		}
		// On a terminal the living line says it, and the table follows.
		if !r.out.errTerminal || r.out.loud || result.Verdict != experiment.Verified {
			r.progress.Line("%s", report.Line(result))
		}
	}
	o.Progress(0, total)
	return experiment.Run(ctx, pool, r.scenarios, o)
}

// kept says what was left running, and how to get in and rid of it.
func (r *running) kept(pool *testbed.Pool, results []experiment.Result, client, run string) {
	_, until := pool.Kept()
	for _, result := range results {
		for _, name := range result.Kept {
			r.progress.Warn("kept until %s: %s in %s; look inside: %s exec -it %s-nginx sh; remove it: lab prune %s",
				until.Format("15:04"), result.ID, name, client, name, run)
		}
	}
}

// stays names the image that the next run will find.
func (r *running) stays(ready prepared, image report.Image) {
	remove := report.Client(ready.info) + " rmi " + image.Name
	if _, ours := ready.image.Image.Labels[engine.LabelImage]; ours {
		remove = "lab images prune"
	}
	r.progress.Line("the image %s (%s, %s) stays for the next run; `%s` removes it", image.Name, report.Size(image.Bytes), image.Road, remove)
}
