package guide

import (
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/scenario"
)

// A claim that does not hold must be heard again, alone, and one that holds must not.
func TestHear(t *testing.T) {
	d, err := Read("a.md", []byte("A dead app is a 502.\n"))
	if err != nil {
		t.Fatal(err)
	}
	at := Place{Line: 1, Fragment: "dead app", Fingerprint: d.Statements[0].key().fingerprint}
	plan := Plan{
		Claims: Claims{Claims: []Claim{
			{ID: "doubtful", At: at, Cases: []Case{predicts502("slow")}},
			{ID: "sure", At: at, Cases: []Case{predicts502("refused")}},
		}},
		Scenarios: []scenario.Scenario{{ID: "refused"}, {ID: "slow"}},
	}
	first := plan.Decide(d, []experiment.Result{saw("slow", 504, ""), saw("refused", 502, refusedLine)})
	for name, test := range map[string]struct {
		statuses []int // the statuses of the scenario "slow" in each hearing
		want     Verdict
		reason   string
	}{
		"refuted each time":         {[]int{504, 504, 504}, Refuted, "status 504"},
		"refuted by its neighbours": {[]int{502, 502, 502}, Holds, "when slow happens"},
		"the hearings differ": {[]int{504, 502}, Inconclusive,
			"the hearings differ, although nothing else ran beside them: refuted, "},
		"the hearings differ at last":  {[]int{502, 502, 504}, Inconclusive, "; then refuted, "},
		"a refutation of another kind": {[]int{500, 504, 500}, Refuted, "status 500"},
	} {
		t.Run(name, func(t *testing.T) {
			runs := 0
			decided, hearings := plan.Hear(d, first, func(scenarios []scenario.Scenario) []experiment.Result {
				if len(scenarios) != 1 || scenarios[0].ID != "slow" || runs == len(test.statuses) {
					t.Fatalf("hearing %d runs %v", runs+1, scenarios)
				}
				runs++
				return []experiment.Result{saw("slow", test.statuses[runs-1], "")}
			})
			if decided[0].Verdict != test.want || !strings.Contains(decided[0].Reason, test.reason) || hearings != len(test.statuses) {
				t.Errorf("%s after %d hearings: %s", decided[0].Verdict, hearings, decided[0].Reason)
			}
			if decided[1].Verdict != Holds || first[0].Verdict != Refuted {
				t.Errorf("%s and, at first, %s", decided[1].Verdict, first[0].Verdict)
			}
		})
	}
}

// A hearing must run only what shows the moments.
func TestOnly(t *testing.T) {
	s := scenario.Scenario{
		Fixes: []scenario.Fix{{ID: "a"}, {ID: "b"}}, WrongFixes: []scenario.Fix{{ID: "a"}, {ID: "w"}},
		Demonstrates: []scenario.Demonstration{{ID: "d"}, {ID: "e"}},
	}
	for moments, want := range map[string]string{
		"healthy": "", "broken": "fix a", "fix b": "fix b", "wrong fix a": "wrong fix a", "shows e": "shows e",
		"fix b,broken": "fix b", "wrong fix w,shows d": "wrong fix w, shows d",
		whole: "fix a, fix b, wrong fix a, wrong fix w, shows d, shows e",
	} {
		got := []string{}
		left := only(s, strings.Split(moments, ","))
		for _, f := range left.Fixes {
			got = append(got, "fix "+f.ID)
		}
		for _, f := range left.WrongFixes {
			got = append(got, "wrong fix "+f.ID)
		}
		for _, d := range left.Demonstrates {
			got = append(got, "shows "+d.ID)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %v, want %s", moments, got, want)
		}
	}
}
