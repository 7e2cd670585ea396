package report

import (
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
)

func TestExitCode(t *testing.T) {
	result := func(v experiment.Verdict, c experiment.Cause) experiment.Result {
		return experiment.Result{Verdict: v, Cause: c}
	}
	verified := result(experiment.Verified, "")
	refuted := result(experiment.Refuted, "")
	control := result(experiment.Inconclusive, experiment.Control)
	mistake := result(experiment.Inconclusive, experiment.Scenario)
	engine := result(experiment.Inconclusive, experiment.Environment)
	stopped := result(experiment.Inconclusive, experiment.Interrupted)
	skipped := result(experiment.Skipped, "")
	// A part can be worse than its scenario says, which keeps one cause only.
	hidden := result(experiment.Refuted, "")
	hidden.Parts = []experiment.Part{{Verdict: experiment.Inconclusive, Cause: experiment.Interrupted}}
	for _, test := range []struct {
		name     string
		results  []experiment.Result
		timedOut bool
		want     int
	}{
		{"nothing", nil, false, 0},
		{"verified", []experiment.Result{verified, verified}, false, 0},
		{"skipped", []experiment.Result{verified, skipped}, false, 0},
		{"refuted", []experiment.Result{verified, refuted}, false, 1},
		{"a mistake", []experiment.Result{mistake}, false, 2},
		{"the environment", []experiment.Result{engine}, false, 3},
		{"a control", []experiment.Result{control}, false, 4},
		{"interrupted", []experiment.Result{stopped}, false, 130},
		{"too long", []experiment.Result{stopped}, true, 4},
		{"4 and 3", []experiment.Result{control, engine}, false, 3},
		{"3 and 2", []experiment.Result{engine, mistake}, false, 2},
		{"2 and 1", []experiment.Result{mistake, refuted, control}, false, 1},
		{"1 and 130", []experiment.Result{refuted, stopped}, false, 130},
		{"a part", []experiment.Result{hidden}, false, 130},
	} {
		if got := New(Run{TimedOut: test.timedOut}, test.results).ExitCode; got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}
