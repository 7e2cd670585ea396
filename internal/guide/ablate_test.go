package guide

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

func changes(names ...string) []nginx.Change {
	var list []nginx.Change
	for _, n := range names {
		list = append(list, nginx.Change{Name: n, New: n + " on"})
	}
	return list
}

// resolvedBy lists for all subsets whether they resolve the failure.
func resolvedBy(n int, resolves func(has func(i int) bool) bool) []bool {
	var list []bool
	for mask := range 1 << n {
		list = append(list, resolves(func(i int) bool { return mask&(1<<i) != 0 }))
	}
	return list
}

func TestClassify(t *testing.T) {
	for name, test := range map[string]struct {
		resolves func(has func(int) bool) bool
		a, b, c  string
	}{
		"the first alone":        {func(has func(int) bool) bool { return has(0) }, "needed", "without effect", "without effect"},
		"the first two together": {func(has func(int) bool) bool { return has(0) && has(1) }, "needed", "needed", "without effect"},
		"either of the first two": {func(has func(int) bool) bool { return has(0) || has(1) }, "one of several that will do",
			"one of several that will do", "without effect"},
		"the third undoes it": {func(has func(int) bool) bool { return has(0) && !has(2) }, "needed", "without effect", "harmful"},
		"the third, but for the 2": {func(has func(int) bool) bool { return has(0) && (!has(2) || has(1)) }, "needed",
			"one of several that will do", "harmful"},
		"nothing resolves it":  {func(has func(int) bool) bool { return false }, "without effect", "without effect", "without effect"},
		"it is healthy anyway": {func(has func(int) bool) bool { return true }, "without effect", "without effect", "without effect"},
	} {
		t.Run(name, func(t *testing.T) {
			a := classify(changes("a", "b", "c"), resolvedBy(3, test.resolves))
			if got := []string{a.effect("a"), a.effect("b"), a.effect("c")}; !slices.Equal(got, []string{test.a, test.b, test.c}) {
				t.Error(got)
			}
			if len(a.Subsets) != 8 || len(a.Subsets[0].Directives) != 0 || len(a.Subsets[7].Directives) != 3 ||
				a.effect("d") != "not changed" {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestAblate(t *testing.T) {
	slow := catalogue(t)[slices.IndexFunc(catalogue(t), func(s scenario.Scenario) bool { return s.ID == "slow-response" })]
	s, list, err := Ablate(slow, "fix raise-three-timeouts")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 3 || len(s.WrongFixes) != 8 || len(s.Fixes) != 0 || s.ID != "slow-response/fix-raise-three-timeouts" {
		t.Fatalf("%d changes, %d subsets of %s", len(list), len(s.WrongFixes), s.ID)
	}
	for mask, f := range s.WrongFixes {
		for i, c := range list {
			if got := strings.Contains(s.Files[f.Nginx], c.New+";"); got != (mask&(1<<i) != 0) {
				t.Errorf("subset %d has %q: %t\n%s", mask, c.New, got, s.Files[f.Nginx])
			}
		}
	}
	if len(slow.WrongFixes) == 8 || slow.Files["subset-1.conf"] != "" {
		t.Error("the catalogue's own scenario was changed")
	}
	for part, want := range map[string]string{
		"fix make-the-app-fast":  "it does not change the configuration of nginx",
		"fix raise-read-timeout": "changes 1 directives",
		"wrong fix nothing":      `the scenario has no "wrong fix nothing"`,
	} {
		if _, _, err := Ablate(slow, part); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", part, err)
		}
	}
}

// tried returns the result of an ablation in which only the first directive resolves the
// failure.
func tried(n int) experiment.Result {
	r := experiment.Result{ID: "slow/fix-both", Verdict: experiment.Refuted}
	for mask := range 1 << n {
		name := "wrong fix " + subsetID(mask)
		p := experiment.Part{ID: subsetID(mask), Kind: "wrong fix", Trial: name, Verdict: experiment.Verified}
		if mask&1 != 0 {
			p.Verdict, p.Reason = experiment.Refuted, experiment.Resolves
		}
		r.Parts = append(r.Parts, p)
		r.Trials = append(r.Trials, trial.Observation{Trial: name, ID: name, Phases: []trial.PhaseSeen{{Name: "broken"}, {Name: "fixed"}}})
	}
	return r
}

func TestAskSubsets(t *testing.T) {
	p := Plan{changes: map[string][]nginx.Change{"slow/fix-both": changes("first", "second")}}
	ask := func(e Expect, r ...experiment.Result) Evidence {
		results := map[string]experiment.Result{"slow": {ID: "slow", Verdict: experiment.Verified}}
		for _, one := range r {
			results[one.ID] = one
		}
		return p.ask(Case{Scenario: "slow", In: "fix both", Expect: e}, results)
	}
	for name, test := range map[string]struct {
		expect Expect
		want   Outcome
		seen   string
	}{
		"needed, and it is":          {Expect{Needed: []string{"first"}}, Agrees, ""},
		"needed, and it is not":      {Expect{Needed: []string{"first", "second"}}, Disagrees, "second without effect"},
		"idle, and it is":            {Expect{Idle: []string{"second"}}, Agrees, ""},
		"idle, and it is not":        {Expect{Idle: []string{"first"}}, Disagrees, "first needed"},
		"harmful, and it is not":     {Expect{Harmful: []string{"second"}}, Disagrees, "second without effect"},
		"one that is not among them": {Expect{Needed: []string{"third"}}, Disagrees, "third not changed"},
	} {
		if e := ask(test.expect, tried(2)); e.Outcome != test.want || e.Seen != test.seen || e.Subsets == nil ||
			len(e.Subsets.Subsets) != 4 {
			t.Errorf("%s: %s: %q", name, e.Outcome, e.Seen)
		}
	}
	needed := Expect{Needed: []string{"first"}}
	trouble := tried(2)
	trouble.Parts[2].Verdict, trouble.Parts[2].Reason = experiment.Inconclusive, "the machine was too slow"
	if e := ask(needed, trouble); e.Outcome != Undecided || e.Reason != "the machine was too slow" {
		t.Errorf("%s: %s", e.Outcome, e.Reason)
	}
	if e := ask(needed, experiment.Result{ID: "slow/fix-both", Verdict: experiment.Skipped, Reason: "no image"}); e.Outcome != Untried ||
		e.Reason != "no image" {
		t.Errorf("%s: %s", e.Outcome, e.Reason)
	}
	if e := ask(needed); e.Outcome != Untried {
		t.Errorf("%s: %s", e.Outcome, e.Reason)
	}
}

func TestAblationInWords(t *testing.T) {
	a := classify(changes("a", "b", "c"), resolvedBy(3, func(has func(int) bool) bool { return has(0) && !has(2) }))
	if got := fmt.Sprint(a); got != "in 8 subsets: a needed; b without effect; c harmful" {
		t.Error(got)
	}
	a = classify(changes("a", "b"), resolvedBy(2, func(has func(int) bool) bool { return has(0) || has(1) }))
	if got := fmt.Sprint(a); got != "in 4 subsets: a, b one of several that will do" {
		t.Error(got)
	}
}
