package report

import (
	"fmt"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
)

// row is one line of the table: a scenario, or one of its parts.
type row struct {
	scenario string // with "#2" behind it in the second repetition
	kind     string // "scenario", or a part's kind
	part     string
	broken   experiment.Look // scenario rows only
	after    experiment.Look // part rows only
	verdict  experiment.Verdict
	reason   string
	took     time.Duration // of one run, on average
	runs     int           // that the row stands for; 0: they are counted in the scenario's first
	verified int           // of them
}

func (r Report) rows() []row {
	var rows []row
	for _, result := range r.Results {
		name := label(result)
		one := row{scenario: name, kind: "scenario", broken: result.Symptom, verdict: result.Verdict, reason: result.Reason}
		one.tally(result, result.Repetitions, result.Verdict, result.Took)
		rows = append(rows, one)
		for _, p := range result.Parts {
			one := row{scenario: name, kind: p.Kind, part: p.ID, after: p.After, verdict: p.Verdict, reason: p.Reason}
			one.tally(result, p.Repetitions, p.Verdict, p.Took)
			rows = append(rows, one)
		}
	}
	return rows
}

func (r *row) tally(result experiment.Result, repetitions *experiment.Tally, v experiment.Verdict, took protocol.Duration) {
	r.took = took.D()
	if result.Repeat > 0 && result.Repetitions == nil {
		return
	}
	t := tallied(repetitions, v, took)
	r.runs, r.verified, r.took = t.Runs, t.Verified, t.Took.D()/time.Duration(t.Runs)
}

// count is how many of the repetitions were verified.
func (r row) count() string {
	if r.runs == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", r.verified, r.runs)
}

// label names a scenario, and the repetition where it is one of several.
func label(r experiment.Result) string {
	if r.Repeat > 0 && r.Repetitions == nil {
		return fmt.Sprintf("%s#%d", r.ID, r.Repeat)
	}
	return r.ID
}

// Line is a finished scenario in one line, for progress.
func Line(r experiment.Result) string {
	proven := 0
	for _, p := range r.Parts {
		if p.Verdict == experiment.Verified {
			proven++
		}
	}
	text := fmt.Sprintf("%-12s  %s", r.Verdict, oneLine(label(r)))
	if shows := r.Symptom.Status + " " + r.Symptom.Log; shows != " " {
		text += "  " + oneLine(shows)
	}
	text += fmt.Sprintf("  %d of %d proven  %s", proven, len(r.Parts), output.Seconds(r.Took.D()))
	if r.Verdict != experiment.Verified {
		text += "  " + oneLine(r.Reason)
	}
	return text
}

// controls is the outcome of a scenario's controls, the healthy and the broken stage
// by themselves. A result keeps the worst outcome and prefers theirs, so it is theirs
// unless it is a part's.
func controls(r experiment.Result) (experiment.Verdict, string, *experiment.Failure) {
	for _, p := range r.Parts {
		if r.Reason == p.Kind+" "+p.ID+": "+p.Reason {
			return experiment.Verified, "", nil
		}
	}
	return r.Verdict, r.Reason, r.Failure
}
