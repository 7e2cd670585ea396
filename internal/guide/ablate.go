package guide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
)

// maxAblated is the most directives of which all subsets are tried. Five directives need 32
// trials.
const maxAblated = 5

// Ablation is a fix that changes several directives, with the results of every subset of them.
type Ablation struct {
	Changes []nginx.Change `json:"changes"`
	Needed  []string       `json:"needed"`  // without these the failure is never resolved
	Idle    []string       `json:"idle"`    // these make no difference to this failure
	Harmful []string       `json:"harmful"` // these undo what others achieve
	Subsets []Subset       `json:"subsets"`
}

// Subset is a subset of the changes, and whether it resolves the failure.
type Subset struct {
	Directives []string `json:"directives"`
	Resolved   bool     `json:"resolved"`
}

// ablationID returns the id of the scenario that tries the subsets of a part.
func ablationID(id, part string) string {
	return id + "/" + strings.ReplaceAll(part, " ", "-")
}

// Ablate turns a fix or a wrong fix into a scenario with one wrong fix for each subset of its
// changed directives. They are wrong fixes because a wrong fix that leaves the stage broken
// must show the same symptom as before, which a slow machine cannot imitate.
func Ablate(s scenario.Scenario, part string) (scenario.Scenario, []nginx.Change, error) {
	fix, ok := lookup(s, part)
	if !ok {
		return s, nil, fmt.Errorf("the scenario has no %q", part)
	}
	broken := s.BrokenStage().Nginx
	before, after, err := parse(s, broken, fix)
	if err != nil {
		return s, nil, err
	}
	changes := nginx.Diff(before, after)
	if len(changes) < 2 || len(changes) > maxAblated {
		return s, nil, fmt.Errorf("%q changes %d directives, but lab tries subsets only of 2 to %d", part, len(changes), maxAblated)
	}
	files := map[string]string{broken: s.Files[broken]}
	for name, text := range s.Files {
		files[name] = text
	}
	s.ID, s.Files, s.Fixes, s.WrongFixes = ablationID(s.ID, part), files, nil, nil
	for mask := range 1 << len(changes) {
		one := fix
		one.ID, one.Symptom = subsetID(mask), nil
		one.Nginx = one.ID + ".conf"
		files[one.Nginx] = nginx.Mix(before, after, func(i int) bool { return mask&(1<<i) != 0 })
		s.WrongFixes = append(s.WrongFixes, one)
	}
	return s, changes, nil
}

func subsetID(mask int) string { return fmt.Sprintf("subset-%d", mask) }

func lookup(s scenario.Scenario, part string) (scenario.Fix, bool) {
	list, id := s.Fixes, strings.TrimPrefix(part, "fix ")
	if rest, wrong := strings.CutPrefix(part, "wrong fix "); wrong {
		list, id = s.WrongFixes, rest
	}
	i := slices.IndexFunc(list, func(f scenario.Fix) bool { return f.ID == id })
	if i < 0 {
		return scenario.Fix{}, false
	}
	return list[i], true
}

func parse(s scenario.Scenario, broken string, fix scenario.Fix) (before, after []*nginx.Directive, err error) {
	if fix.Nginx == "" {
		return nil, nil, fmt.Errorf("it does not change the configuration of nginx")
	}
	if before, err = nginx.ReadConfig(broken, s.Files[broken]); err == nil {
		after, err = nginx.ReadConfig(fix.Nginx, s.Files[fix.Nginx])
	}
	return before, after, err
}

// askSubsets decides a case about single directives by the trials of the subsets.
func (p Plan) askSubsets(e Evidence, results map[string]experiment.Result) Evidence {
	id := ablationID(e.Case.Scenario, e.Case.Moment())
	r, ran := results[id]
	switch {
	case !ran:
		e.Outcome, e.Reason = Untried, "the subsets of its directives were not tried"
		return e
	case r.Verdict == experiment.Skipped:
		e.Outcome, e.Reason = Untried, r.Reason
		return e
	}
	resolved, why := subsets(r, len(p.changes[id]))
	if why != "" {
		e.Outcome, e.Reason = Undecided, why
		return e
	}
	a := classify(p.changes[id], resolved)
	e.Subsets, e.Outcome = &a, Agrees
	for _, want := range []struct {
		effect string
		names  []string
		found  []string
	}{{"needed", e.Case.Expect.Needed, a.Needed}, {"without effect", e.Case.Expect.Idle, a.Idle}, {"harmful", e.Case.Expect.Harmful,
		a.Harmful}} {
		for _, name := range want.names {
			if !slices.Contains(want.found, name) {
				e.Outcome, e.Expected, e.Seen = Disagrees, name+" "+want.effect, name+" "+a.effect(name)
				return e
			}
		}
	}
	return e
}

// subsets returns which subsets resolved the failure, indexed by their bits.
func subsets(r experiment.Result, changes int) (resolved []bool, why string) {
	for mask := range 1 << changes {
		m, skipped, why := r.At("wrong fix " + subsetID(mask))
		if why != "" || skipped {
			return nil, why
		}
		resolved = append(resolved, m.Resolved)
	}
	return resolved, ""
}

// classify says what each change does, by comparing all subsets with and without it.
func classify(changes []nginx.Change, resolved []bool) Ablation {
	a := Ablation{Changes: changes, Needed: []string{}, Idle: []string{}, Harmful: []string{}}
	for mask, ok := range resolved {
		s := Subset{Directives: []string{}, Resolved: ok}
		for i, c := range changes {
			if mask&(1<<i) != 0 {
				s.Directives = append(s.Directives, c.String())
			}
		}
		a.Subsets = append(a.Subsets, s)
	}
	for i, c := range changes {
		needed, idle, harmful := slices.Contains(resolved, true), true, false
		for mask := range resolved {
			if mask&(1<<i) != 0 {
				continue
			}
			without, with := resolved[mask], resolved[mask|1<<i]
			needed, idle, harmful = needed && !without, idle && without == with, harmful || without && !with
		}
		switch {
		case harmful:
			a.Harmful = append(a.Harmful, c.Name)
		case needed:
			a.Needed = append(a.Needed, c.Name)
		case idle:
			a.Idle = append(a.Idle, c.Name)
		}
	}
	return a
}

const oneOfSeveral = "one of several that will do"

// effect says in words what a directive does.
func (a Ablation) effect(name string) string {
	switch {
	case slices.Contains(a.Harmful, name):
		return "harmful"
	case slices.Contains(a.Needed, name):
		return "needed"
	case slices.Contains(a.Idle, name):
		return "without effect"
	case slices.ContainsFunc(a.Changes, func(c nginx.Change) bool { return c.Name == name }):
		return oneOfSeveral
	}
	return "not changed"
}

// String returns the result on one line.
func (a Ablation) String() string {
	var parts []string
	for _, list := range []struct {
		names []string
		what  string
	}{{a.Needed, "needed"}, {a.Idle, "without effect"}, {a.Harmful, "harmful"}} {
		if len(list.names) > 0 {
			parts = append(parts, strings.Join(list.names, ", ")+" "+list.what)
		}
	}
	var others []string
	for _, c := range a.Changes {
		if a.effect(c.Name) == oneOfSeveral {
			others = append(others, c.Name)
		}
	}
	if len(others) > 0 {
		parts = append(parts, strings.Join(others, ", ")+" "+oneOfSeveral)
	}
	return fmt.Sprintf("in %d subsets: %s", len(a.Subsets), strings.Join(parts, "; "))
}
