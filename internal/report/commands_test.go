package report

import (
	"io"
	"testing"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/trial"
)

// What commands really said is shown once for the broken state, then for each fix, and
// nothing of it is obeyed by a terminal.
func TestCommands(t *testing.T) {
	ran := func(command, output, exit string) trial.StepSeen {
		return trial.StepSeen{
			Step: trial.Step{Do: "run", Run: command},
			Ran:  []protocol.Ran{{Command: command, Output: output, Exit: exit}},
		}
	}
	broken := trial.PhaseSeen{
		Name:  experiment.BrokenPhase,
		Steps: []trial.StepSeen{ran("systemctl status app", "\x1b[31m× app.service\n", "exit status 3")},
	}
	fixed := trial.PhaseSeen{Name: "fixed", Steps: []trial.StepSeen{{Step: trial.Step{Do: "wait"}}, ran("systemctl restart app", "", "")}}
	r := Report{Results: []experiment.Result{
		{ID: "one", Trials: []trial.Observation{
			{Trial: "healthy", Phases: []trial.PhaseSeen{{Name: "healthy"}}},
			{Trial: "fix a", Phases: []trial.PhaseSeen{broken, fixed}},
			{Trial: "fix b", Phases: []trial.PhaseSeen{broken}},
		}},
		{ID: "two"},
	}}
	want := "\none: broken\n  $ systemctl status app\n  × app.service\n  [exit status 3]\n\none: fix a\n  $ systemctl restart app\n"
	if got := written(t, func(w io.Writer) error { return r.WriteCommands(w) }); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}
