package report

import (
	"io"
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
)

// A verdict that changes between repetitions cannot be overlooked.
func TestRepetitionsAreFolded(t *testing.T) {
	one := func(repeat int, v experiment.Verdict, status string) experiment.Result {
		return experiment.Result{ID: "flaky", Repeat: repeat, Verdict: v, Took: ms(100 * repeat), Symptom: experiment.Look{Status: "502"},
			Parts: []experiment.Part{{ID: "repair", Kind: "fix", Verdict: v, After: experiment.Look{Status: status}, Took: ms(10 * repeat)}}}
	}
	r := New(Run{}, []experiment.Result{one(1, experiment.Verified, "200"), one(2, experiment.Refuted, "502"), one(3, experiment.Verified, "200")})
	golden(t, "repeated.txt", written(t, func(w io.Writer) error { return r.WriteTable(w, Screen{}) }))
}
