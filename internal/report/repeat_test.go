package report

import (
	"io"
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
)

// A verdict that changes between repetitions cannot be overlooked.
func TestRepetitionsAreFolded(t *testing.T) {
	one := func(repeat int, v experiment.Verdict, status string) experiment.Result {
		return experiment.Result{ID: "flaky", Repeat: repeat, Verdict: v, Took: ms(100 * repeat), Symptom: experiment.Look{Status: "502"},
			Parts: []experiment.Part{{ID: "repair", Kind: "fix", Verdict: v, After: experiment.Look{Status: status}, Took: ms(10 * repeat)}}}
	}
	all, fixes := experiment.Tally{Runs: 3, Verified: 2, Refuted: 1, Trials: 9, Took: ms(600)}, experiment.Tally{Runs: 3, Verified: 2, Refuted: 1, Took: ms(60)}
	first := one(1, experiment.Verified, "200")
	first.Repetitions, first.Parts[0].Repetitions = &all, &fixes
	r := New(Run{}, []experiment.Result{first, one(2, experiment.Refuted, "502")})
	if want := (Counts{Verdicts{3, 2, 1, 0, 0}, Verdicts{3, 2, 1, 0, 0}, 9, 0}); r.Counts != want || r.Verdict != experiment.Refuted || r.ExitCode != output.Failed {
		t.Errorf("%+v %s %d, want %+v", r.Counts, r.Verdict, r.ExitCode, want)
	}
	golden(t, "repeated.txt", written(t, func(w io.Writer) error { return r.WriteTable(w, output.Screen{}) }))
	golden(t, "repeated-plain.txt", written(t, r.WritePlain))
}
