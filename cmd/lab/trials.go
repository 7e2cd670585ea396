package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/session"
	"github.com/gatewaylab/lab/internal/testbed"
)

// trials runs the trials with progress.
func (r *running) trials(ctx context.Context, pool *testbed.Pool) []experiment.Result {
	o := r.options
	total := experiment.Trials(r.scenarios, o)
	r.progress.Detail("trials: %d, %d at a time", total, o.Parallel)
	verified, failed := 0, 0
	note := func() string { return fmt.Sprintf("%d verified, %d not", verified, failed) }
	o.Progress = func(done, total int) { r.progress.Trials(done, total, note()) }
	o.Done = func(result experiment.Result) {
		if r.made(result.ID) {
			return
		}
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

// stays names the images that the next run will find.
func (r *running) stays(ready *session.Session) {
	all := []image.Obtained{ready.Image}
	for _, name := range r.images.Servers {
		if got, ok := ready.Servers.Images[name]; ok {
			all = append(all, got)
		}
	}
	client := report.Client(ready.Info)
	var names, remove []string
	var bytes int64
	for _, got := range all {
		names, bytes = append(names, got.Name), bytes+got.Image.Bytes
		command := client + " rmi " + got.Name
		if _, ours := got.Image.Labels[engine.LabelImage]; ours {
			command = "lab images prune"
		}
		if !slices.Contains(remove, command) {
			remove = append(remove, command)
		}
	}
	if len(all) == 1 {
		r.progress.Line(
			"the image %s (%s, %s) stays for the next run; `%s` removes it",
			names[0],
			output.Size(bytes),
			all[0].Origin,
			remove[0],
		)
		return
	}
	r.progress.Line(
		"the images %s (%s) stay for the next run; `%s` removes them",
		strings.Join(names, ", "),
		output.Size(bytes),
		strings.Join(remove, "; "),
	)
}
