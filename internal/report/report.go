// Package report writes what a run came to, in every format. It reads results and
// changes none; verdict, counts and exit code are computed once, in New.
package report

import (
	"slices"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/scenario"
)

// Run is what is known of a run besides its results.
type Run struct {
	Lab     string // lab's own version
	Started time.Time
	Took    time.Duration
	Engine  engine.Info
	Image   Image
	Servers map[string]Image // of real servers, by the server's name
	Nginx   protocol.NginxInfo
	Stop    Stop                         // what ended it before its end; zero when that was a person
	Again   string                       // flags that `lab run ID` needs to find the same scenarios and image
	Sources map[string]scenario.Scenario // by id
	Timings *Timings                     // nil: not asked for
	// Commands is whether a person is shown what commands said that were really run.
	Commands bool
}

// Stop says why a run ended before its end.
type Stop struct {
	Why      string // completes "not finished: …"
	ExitCode int
}

// Image is an image of a run.
type Image struct {
	Name   string `json:"name"`
	ID     string `json:"id"`
	Origin string `json:"origin"` // present, pulled or assembled
	Bytes  int64  `json:"bytes"`
}

// Report is a run and its results, complete or interrupted.
type Report struct {
	Run
	Results  []experiment.Result
	Verdict  experiment.Verdict
	ExitCode int
	Counts   Counts
}

// Counts sums the verdicts up.
type Counts struct {
	Scenarios Verdicts `json:"scenarios"`
	Parts     Verdicts `json:"fixes"` // fixes, wrong fixes and demonstrations
	Trials    int      `json:"trials"`
	Stalled   int      `json:"stalled"`  // trials in which a process that wanted to run waited for 100 ms or more
	Hearings  int      `json:"hearings"` // how often a trial was run again, alone, since its first outcome was in doubt

	Stall protocol.Duration `json:"longestStall"` // the longest wait of those that count in Stalled
}

// Verdicts counts verdicts.
type Verdicts struct {
	Total        int `json:"total"`
	Verified     int `json:"verified"`
	Refuted      int `json:"refuted"`
	Inconclusive int `json:"inconclusive"`
	Skipped      int `json:"skipped"`
}

// verdicts lists the verdicts from best to worst.
var verdicts = []experiment.Verdict{experiment.Verified, experiment.Skipped, experiment.Inconclusive, experiment.Refuted}

// New makes the report of a run.
func New(run Run, results []experiment.Result) Report {
	r := Report{Run: run, Results: results, Verdict: experiment.Verified}
	for _, result := range results {
		r.count(result)
		if slices.Index(verdicts, result.Verdict) > slices.Index(verdicts, r.Verdict) {
			r.Verdict = result.Verdict
		}
	}
	r.ExitCode = exitCode(results, run.Stop)
	return r
}

// count adds a result, or the repetitions that it stands for.
func (r *Report) count(result experiment.Result) {
	if result.Repetitions == nil && result.Repeat > 0 {
		return // it is counted among its scenario's repetitions
	}
	tally := tallied(result.Repetitions, result.Verdict, result.Took)
	if result.Repetitions == nil {
		tally.AddTrials(result)
	}
	r.Counts.Trials += tally.Trials
	r.Counts.Hearings += tally.Hearings
	r.Counts.Stalled += tally.Stalled
	r.Counts.Stall = max(r.Counts.Stall, tally.Stall)
	r.Counts.Scenarios.add(tally)
	for _, p := range result.Parts {
		r.Counts.Parts.add(tallied(p.Repetitions, p.Verdict, p.Took))
	}
}

// tallied is the repetitions, or the one run where there are none.
func tallied(repetitions *experiment.Tally, v experiment.Verdict, took protocol.Duration) experiment.Tally {
	if repetitions != nil {
		return *repetitions
	}
	var one experiment.Tally
	one.Add(v, took)
	return one
}

func (v *Verdicts) add(t experiment.Tally) {
	v.Total += t.Runs
	v.Verified += t.Verified
	v.Refuted += t.Refuted
	v.Inconclusive += t.Inconclusive
	v.Skipped += t.Skipped
}
