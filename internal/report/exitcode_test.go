package report

import (
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
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
	timeout := Stop{"--timeout has passed", output.Inconclusive}
	for _, test := range []struct {
		name    string
		results []experiment.Result
		stop    Stop
		want    int
	}{
		{"nothing", nil, Stop{}, 0},
		{"verified", []experiment.Result{verified, verified}, Stop{}, 0},
		{"skipped", []experiment.Result{verified, skipped}, Stop{}, 0},
		{"nothing tried", []experiment.Result{skipped, skipped}, Stop{}, 4},
		{"refuted", []experiment.Result{verified, refuted}, Stop{}, 1},
		{"a mistake", []experiment.Result{mistake}, Stop{}, 2},
		{"the environment", []experiment.Result{engine}, Stop{}, 3},
		{"a control", []experiment.Result{control}, Stop{}, 4},
		{"interrupted", []experiment.Result{stopped}, Stop{}, 130},
		{"too long", []experiment.Result{stopped}, timeout, 4},
		{"the engine is gone", []experiment.Result{verified, stopped}, Stop{"the engine is gone", output.Environment}, 3},
		{"4 and 3", []experiment.Result{control, engine}, Stop{}, 3},
		{"3 and 2", []experiment.Result{engine, mistake}, Stop{}, 2},
		{"2 and 1", []experiment.Result{mistake, refuted, control}, Stop{}, 1},
		{"1 and 130", []experiment.Result{refuted, stopped}, Stop{}, 130},
		{"a part", []experiment.Result{hidden}, Stop{}, 130},
	} {
		if got := New(Run{Stop: test.stop}, test.results).ExitCode; got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}
