package experiment

import "github.com/gatewaylab/lab/internal/scenario"

// Listed is a trial that a run would do.
type Listed struct {
	Scenario string   `json:"scenario"`
	Trial    string   `json:"trial"`
	Phases   []string `json:"phases"`
	Steps    []string `json:"steps"` // the steps of all its phases, in order
}

// List returns the trials of a run in order, without running them. Repetitions are not listed,
// because they consist of the same trials.
func List(scenarios []scenario.Scenario, o Options) []Listed {
	var list []Listed
	for _, s := range scenarios {
		for _, t := range plan(s, o.Withheld, o.Keep) {
			one := Listed{Scenario: s.ID, Trial: t.Name, Phases: []string{}, Steps: []string{}}
			for _, p := range t.Phases {
				one.Phases = append(one.Phases, p.Name)
				for _, step := range p.Apply {
					one.Steps = append(one.Steps, step.String())
				}
			}
			list = append(list, one)
		}
	}
	return list
}
