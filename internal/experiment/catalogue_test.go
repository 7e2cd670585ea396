package experiment_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/scenarios"
)

const parallel = 10

func catalogue(t *testing.T) []scenario.Scenario {
	t.Helper()
	all, err := scenario.Load(scenarios.FS)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// withheld runs scenarios with something withheld. Each fails then, and beside other
// tests the machine may be too slow to tell: those are tried again, one at a time.
func withheld(t *testing.T, all []scenario.Scenario, what experiment.Withheld) []experiment.Result {
	t.Helper()
	pool := labtest.Pool(t)
	results := experiment.Run(t.Context(), pool, all, experiment.Options{Parallel: parallel, Withheld: what})
	for i, r := range results {
		slow := func(p experiment.Part) bool { return p.Cause == experiment.Slow }
		for try := 0; try < 3 && (r.Cause == experiment.Slow || slices.ContainsFunc(r.Parts, slow)); try++ {
			r = experiment.Run(t.Context(), pool, all[i:i+1], experiment.Options{Withheld: what})[0]
		}
		results[i] = r
	}
	return results
}

// The oracle of each scenario can fail: without its fault the symptom is "not
// reproduced".
func TestOracleWithoutTheFault(t *testing.T) {
	var failures []scenario.Scenario
	for _, s := range catalogue(t) {
		if s.Broken != nil {
			failures = append(failures, s)
		}
	}
	for _, r := range withheld(t, failures, experiment.Fault) {
		if r.Verdict != experiment.Refuted || r.Reason != experiment.NotReproduced {
			t.Errorf("%s without its fault: %s: %s, want %s: %s", r.ID, r.Verdict, r.Reason, experiment.Refuted, experiment.NotReproduced)
		}
	}
}

// And with each fix withheld the fix is "not resolved"; with its change replaced by
// the planted one a demonstration is "not shown".
func TestOracleWithoutTheFix(t *testing.T) {
	want := map[string]string{"fix": experiment.NotResolved, "demonstration": experiment.NotShown}
	for _, r := range withheld(t, catalogue(t), experiment.Fix) {
		for _, p := range r.Parts {
			reason, checked := want[p.Kind]
			if checked && (p.Verdict != experiment.Refuted || !strings.HasPrefix(p.Reason, reason)) {
				t.Errorf("%s: %s %s withheld: %s: %s, want %s: %s", r.ID, p.Kind, p.ID, p.Verdict, p.Reason, experiment.Refuted, reason)
			}
		}
	}
}
