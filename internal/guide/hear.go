package guide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/scenario"
)

// maxHearings is how often the scenarios of a claim that does not hold are run again.
const maxHearings = 3

// Hear decides the refuted claims again, because other trials that ran at the same time may
// have caused what was seen. run runs scenarios, one trial at a time. A verdict stands if each
// hearing says the same; if they differ, the claim is inconclusive. Hear returns all
// decisions, and how often claims were heard.
func (p Plan) Hear(d Document, decided []Decision, run func([]scenario.Scenario) []experiment.Result) ([]Decision, int) {
	decided = slices.Clone(decided)
	said := map[int][]Decision{} // the decisions of each hearing, by the index of the claim
	for i, one := range decided {
		if one.Verdict == Refuted {
			said[i] = nil
		}
	}
	hearings := 0
	for range maxHearings {
		moments := map[string][]string{} // the moments that decide the claims, by scenario
		for i, heard := range said {
			if !disagree(heard) {
				p.addMoments(moments, decided[i].Claim)
			}
		}
		var scenarios []scenario.Scenario
		for _, s := range p.Scenarios {
			if of, wanted := moments[s.ID]; wanted {
				scenarios = append(scenarios, only(s, of))
			}
		}
		if len(scenarios) == 0 {
			break
		}
		again := p.Decide(d, run(scenarios))
		for i, heard := range said {
			if !disagree(heard) {
				said[i] = append(heard, again[i])
				hearings++
			}
		}
	}
	for i, heard := range said {
		if len(heard) > 0 {
			decided[i] = settle(heard)
		}
	}
	return decided, hearings
}

// whole stands for all moments of a scenario.
const whole = "all"

// addMoments adds the moments that decide a claim, by their scenarios.
func (p Plan) addMoments(to map[string][]string, c Claim) {
	for _, one := range c.Cases {
		to[one.Scenario] = append(to[one.Scenario], one.Moment())
		if one.Expect.Ablates() {
			to[ablationID(one.Scenario, one.Moment())] = []string{whole}
		}
	}
}

// only returns a scenario with only the parts that these moments need, because a hearing runs
// alone and takes time.
func only(s scenario.Scenario, moments []string) scenario.Scenario {
	if slices.Contains(moments, whole) {
		return s
	}
	of := func(kind string) func(scenario.Fix) bool {
		return func(f scenario.Fix) bool { return !slices.Contains(moments, kind+f.ID) }
	}
	all := s
	s.Fixes = slices.DeleteFunc(slices.Clone(all.Fixes), of("fix "))
	s.WrongFixes = slices.DeleteFunc(slices.Clone(all.WrongFixes), of("wrong fix "))
	s.Demonstrates = slices.DeleteFunc(slices.Clone(all.Demonstrates), func(d scenario.Demonstration) bool {
		return !slices.Contains(moments, "shows "+d.ID)
	})
	// The trial of any fix shows the broken state.
	if len(s.Fixes)+len(s.WrongFixes) == 0 && slices.Contains(moments, "broken") {
		s.Fixes, s.WrongFixes = all.Fixes[:min(1, len(all.Fixes))], nil
		if len(s.Fixes) == 0 {
			s.WrongFixes = all.WrongFixes[:min(1, len(all.WrongFixes))]
		}
	}
	return s
}

// disagree reports whether the hearings have different verdicts.
func disagree(heard []Decision) bool {
	return slices.ContainsFunc(heard, func(d Decision) bool { return d.Verdict != heard[0].Verdict })
}

// settle returns the common decision of a claim's hearings.
func settle(heard []Decision) Decision {
	last := heard[len(heard)-1]
	if !disagree(heard) {
		return last
	}
	var said []string
	for _, d := range heard {
		said = append(said, fmt.Sprintf("%s, %s", d.Verdict, d.Reason))
	}
	last.Verdict, last.Reason = Inconclusive, "the hearings differ, although nothing else ran beside them: "+strings.Join(said, "; then ")
	return last
}
