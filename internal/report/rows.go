package report

import (
	"fmt"
	"time"

	"github.com/gatewaylab/lab/internal/experiment"
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
	took     time.Duration
	runs     int // repetitions that the row stands for
	verified int // of them
}

func (r Report) rows() []row {
	var rows []row
	for _, result := range r.Results {
		name := label(result)
		rows = append(rows, row{scenario: name, kind: "scenario", broken: result.Symptom,
			verdict: result.Verdict, reason: result.Reason, took: result.Took.D()})
		for _, p := range result.Parts {
			rows = append(rows, row{scenario: name, kind: p.Kind, part: p.ID, after: p.After,
				verdict: p.Verdict, reason: p.Reason, took: p.Took.D()})
		}
	}
	return rows
}

// label names a scenario, and its repetition where there are several.
func label(r experiment.Result) string {
	if r.Repeat > 0 {
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
	text += fmt.Sprintf("  %d of %d proven  %s", proven, len(r.Parts), Seconds(r.Took.D()))
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
