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

// withheld runs scenarios with something left out, so that each of them must fail. A scenario
// whose outcome cannot be told while other tests run is tried again, one at a time.
func withheld(t *testing.T, all []scenario.Scenario, what experiment.Withheld) []experiment.Result {
	t.Helper()
	pool := labtest.Pool(t)
	results := experiment.Run(t.Context(), pool, all, experiment.Options{Parallel: parallel, Withheld: what, NoSecondHearing: true})
	for i, r := range results {
		open := func(p experiment.Part) bool { return p.Verdict == experiment.Inconclusive }
		for try := 0; try < 3 && (r.Verdict == experiment.Inconclusive || slices.ContainsFunc(r.Parts, open)); try++ {
			r = experiment.Run(t.Context(), pool, all[i:i+1], experiment.Options{Withheld: what, NoSecondHearing: true})[0]
		}
		results[i] = r
	}
	return results
}

// The oracle of each scenario must be able to fail: without its fault the symptom must be "not
// reproduced".
func TestOracleWithoutTheFault(t *testing.T) {
	var failures []scenario.Scenario
	for _, s := range catalogue(t) {
		if s.Broken != nil {
			failures = append(failures, s)
		}
	}
	u := &labtest.Undecided{TB: t}
	for _, r := range withheld(t, failures, experiment.Fault) {
		if r.Verdict != experiment.Refuted || r.Reason != experiment.NotReproduced {
			u.Note(u.Busy(r.Verdict, r.Cause), "%s without its fault: %s: %s, want it refuted: %s",
				r.ID, r.Verdict, r.Reason, experiment.NotReproduced)
		}
	}
}

// With each fix left out the fix must be "not resolved". With the change of a demonstration
// replaced by the planted one it must be "not shown".
func TestOracleWithoutTheFix(t *testing.T) {
	want := map[string]string{"fix": experiment.NotResolved, "demonstration": experiment.NotShown}
	u := &labtest.Undecided{TB: t}
	for _, r := range withheld(t, catalogue(t), experiment.Fix) {
		for _, p := range r.Parts {
			reason, checked := want[p.Kind]
			if checked && (p.Verdict != experiment.Refuted || !strings.HasPrefix(p.Reason, reason)) {
				u.Note(u.Busy(p.Verdict, p.Cause), "%s: %s %s withheld: %s: %s, want it refuted: %s",
					r.ID, p.Kind, p.ID, p.Verdict, p.Reason, reason)
			}
		}
	}
}
