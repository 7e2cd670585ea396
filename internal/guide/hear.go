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

// Hear hears the claims again that do not hold in some case of theirs: what was seen
// beside other trials may be their doing. run runs scenarios, one trial at a time. A
// verdict stands if each hearing says so; if they differ the claim is inconclusive. It
// returns all decisions and how often a claim's scenarios were run again.
func (p Plan) Hear(d Document, decided []Decision, run func([]scenario.Scenario) []experiment.Result) ([]Decision, int) {
	decided = slices.Clone(decided)
	said := map[int][]Decision{} // by each hearing, of the claim with this index
	for i, one := range decided {
		if one.Verdict == Refuted || one.Verdict == Conditional {
			said[i] = nil
		}
	}
	hearings := 0
	for range maxHearings {
		var ids []string
		for i, heard := range said {
			if !disagree(heard) {
				ids = append(ids, p.scenariosOf(decided[i].Claim)...)
			}
		}
		scenarios := slices.DeleteFunc(slices.Clone(p.Scenarios), func(s scenario.Scenario) bool { return !slices.Contains(ids, s.ID) })
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

// scenariosOf is the ids of all scenarios that decide a claim.
func (p Plan) scenariosOf(c Claim) []string {
	var ids []string
	for _, one := range c.Cases {
		ids = append(ids, one.Scenario)
		if one.Expect.Ablates() {
			ids = append(ids, ablationID(one.Scenario, one.Moment()))
		}
	}
	return ids
}

// disagree reports whether hearings come to different verdicts.
func disagree(heard []Decision) bool {
	return slices.ContainsFunc(heard, func(d Decision) bool { return d.Verdict != heard[0].Verdict })
}

// settle is what a claim's hearings come to.
func settle(heard []Decision) Decision {
	last := heard[len(heard)-1]
	if !disagree(heard) {
		return last
	}
	var said []string
	for _, d := range heard {
		said = append(said, fmt.Sprintf("%s, %s", d.Verdict, d.Reason))
	}
	last.Verdict, last.Reason = Inconclusive, "the hearings differ, although each was alone: "+strings.Join(said, "; then ")
	return last
}
