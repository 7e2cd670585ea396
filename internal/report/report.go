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

// SchemaVersion is the version of the JSON and YAML forms. Adding a field does not
// change it.
const SchemaVersion = 1

// Run is what is known of a run besides its results.
type Run struct {
	Lab     string // lab's own version
	Started time.Time
	Took    time.Duration
	Engine  engine.Info
	Image   Image
	Nginx   protocol.NginxInfo
	Stop    Stop                         // what ended it before its end; zero when that was a person
	Again   string                       // flags that `lab run ID` needs to find the same scenarios and image
	Sources map[string]scenario.Scenario // by id
}

// Stop says why a run ended before its end.
type Stop struct {
	Why      string // completes "not finished: …"
	ExitCode int
}

// Image is the nginx image of a run.
type Image struct {
	Name  string `json:"name"`
	ID    string `json:"id"`
	Road  string `json:"road"` // present, pulled or assembled
	Bytes int64  `json:"bytes"`
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
		r.Counts.Scenarios.add(result.Verdict)
		for _, t := range result.Trials {
			if !t.Started.IsZero() {
				r.Counts.Trials++
			}
		}
		for _, p := range result.Parts {
			r.Counts.Parts.add(p.Verdict)
		}
		if slices.Index(verdicts, result.Verdict) > slices.Index(verdicts, r.Verdict) {
			r.Verdict = result.Verdict
		}
	}
	r.ExitCode = exitCode(results, run.Stop)
	return r
}

func (v *Verdicts) add(verdict experiment.Verdict) {
	v.Total++
	switch verdict {
	case experiment.Verified:
		v.Verified++
	case experiment.Refuted:
		v.Refuted++
	case experiment.Inconclusive:
		v.Inconclusive++
	case experiment.Skipped:
		v.Skipped++
	}
}
