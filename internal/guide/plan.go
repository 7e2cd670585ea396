package guide

import (
	"fmt"
	"slices"

	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
)

// Plan is what must be run to decide claims.
type Plan struct {
	Claims    Claims
	Scenarios []scenario.Scenario       // scenarios of the catalogue, and ablations
	changes   map[string][]nginx.Change // by the id of an ablation
}

// NewPlan collects the claims about a guide and the scenarios that decide them. The error
// lists cases that ask for the effect of single directives although that cannot be tried.
func NewPlan(d Document, c Claims, catalogue []scenario.Scenario) (Plan, error) {
	if c.Rows {
		c.Claims = append(slices.Clone(c.Claims), rowClaims(d, catalogue)...)
	}
	p := Plan{Claims: c, changes: map[string][]nginx.Change{}}
	wanted := c.Scenarios()
	byID := map[string]scenario.Scenario{}
	for _, s := range catalogue {
		byID[s.ID] = s
		if slices.Contains(wanted, s.ID) {
			p.Scenarios = append(p.Scenarios, s)
		}
	}
	var mistakes strict.Mistakes
	for _, claim := range c.Claims {
		for _, one := range claim.Cases {
			id := ablationID(one.Scenario, one.Moment())
			if _, known := p.changes[id]; known || !one.Expect.Ablates() {
				continue
			}
			s, changes, err := Ablate(byID[one.Scenario], one.Moment())
			if err != nil {
				mistakes = append(mistakes, strict.Mistake{File: c.File, Line: int(one.Line), Text: fmt.Sprintf("%s: the "+
					"effect of single directives cannot be tried in the scenario %q: %v", claim.ID, one.Scenario, err)})
				continue
			}
			p.Scenarios, p.changes[id] = append(p.Scenarios, s), changes
		}
	}
	return p, mistakes.OrNil()
}
