// Package experiment turns scenarios into trials, and what was seen in the trials into
// verdicts. It starts no process itself.
package experiment

import (
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// Withheld is what a plan leaves out, to prove that the oracle notices it.
type Withheld int

const (
	Nothing Withheld = iota
	Fault            // leave out the broken delta: every symptom must be reported as not reproduced
	// Fix leaves out the deltas of the fixes: every fix must be reported as not resolved. It
	// also replaces the change of each demonstration by its planted change.
	Fix
)

// BrokenPhase is the name of the phase in which the fault is present.
const BrokenPhase = "broken"

// stays is how many rounds of probes a fix must pass.
const stays = 3

// role is the purpose of a trial.
type role int

const (
	healthy role = iota
	broken
	fix
	wrongFix
	demonstration
)

// kinds maps roles to their names in reports.
var kinds = map[role]string{fix: "fix", wrongFix: "wrong fix", demonstration: "demonstration"}

// planned is a trial with its purpose.
type planned struct {
	trial.Trial
	role role
	part int // an index into Fixes, WrongFixes or Demonstrates
}

// plan lists the trials of a scenario: the healthy control, and one trial for each fix, wrong
// fix and demonstration, each with a start of its own. The trial of a fix shows the symptom
// before the fix is applied. A trial of the broken state alone would only show it once more,
// and is added only if the caller asks for that state.
func plan(s scenario.Scenario, withheld Withheld, brokenAlone bool) []planned {
	p := planner{s, withheld, trial.Trial{
		Scenario: s.ID, Needs: s.Needs, Server: s.Server, Files: s.Files, Probes: s.Requests(), Start: s.Healthy.Stage,
	}}
	trials := []planned{p.trial(healthy, 0, "healthy", trial.Phase{Name: "healthy", Stage: s.Healthy.Stage, Rounds: 1})}
	for i, d := range s.Demonstrates {
		trials = append(trials, p.demonstration(i, d))
	}
	if s.Broken == nil {
		return trials
	}
	stage, fault := s.BrokenStage(), trial.Phase{
		Name: BrokenPhase, Stage: s.BrokenStage().Stage, Apply: s.Broken.Apply, Rounds: 1,
		BackendLog: s.Symptom.BackendLog, OOMKills: s.Symptom.OOMKills,
	}
	switch {
	case withheld == Fault:
		stage, fault = s.Healthy, trial.Phase{Name: BrokenPhase, Stage: s.Healthy.Stage, Rounds: 1}
	case len(s.Broken.Apply) == 0:
		p.base.Start = stage.Stage
	}
	if brokenAlone || withheld == Fault {
		trials = append(trials, p.trial(broken, 0, "broken", fault))
	}
	// Without its fault a scenario is judged by this trial alone; the other trials would
	// repeat the same.
	if withheld == Fault {
		return trials
	}
	for i, f := range s.Fixes {
		trials = append(trials, p.trial(fix, i, kinds[fix]+" "+f.ID, fault, p.fixed(stage, f)))
	}
	if withheld == Fix { // nothing is left out of wrong fixes
		return trials
	}
	for i, f := range s.WrongFixes {
		trials = append(trials, p.trial(wrongFix, i, kinds[wrongFix]+" "+f.ID, fault, p.wronglyFixed(stage, f)))
	}
	return trials
}

// planner makes the trials of one scenario.
type planner struct {
	scenario scenario.Scenario
	withheld Withheld
	base     trial.Trial // what all of them have in common
}

func (p planner) trial(r role, part int, name string, phases ...trial.Phase) planned {
	t := p.base
	t.Name, t.Phases = name, phases
	return planned{t, r, part}
}

// demonstration shows something without a fault: before its change and after it.
func (p planner) demonstration(part int, d scenario.Demonstration) planned {
	change := d.Delta
	if p.withheld == Fix {
		change = d.Planted
	}
	before := trial.Phase{Name: "before", Stage: p.scenario.Healthy.Stage, Rounds: 1}
	shown := trial.Phase{
		Name: "shown", Stage: p.scenario.Healthy.With(change).Stage, Apply: change.Apply, Rounds: rounds(p.scenario), During: d.During,
		BackendLog: d.Show.BackendLog, OOMKills: d.Show.OOMKills,
	}
	if len(change.Apply) > 0 {
		return p.trial(demonstration, part, d.ID, before, shown)
	}
	// A change without steps is there from the start.
	whole := p.trial(demonstration, part, d.ID, shown)
	whole.Start = shown.Stage
	return whole
}

// fixed is the phase in which a fix is applied to the broken stage.
func (p planner) fixed(stage scenario.Stage, f scenario.Fix) trial.Phase {
	if p.withheld == Fix {
		return trial.Phase{Name: "fixed", Stage: stage.Stage, Rounds: 1}
	}
	return trial.Phase{Name: "fixed", Stage: stage.With(f.Delta).Stage, Apply: f.Apply, Rounds: rounds(p.scenario)}
}

// wronglyFixed is the phase in which a wrong fix is applied to the broken stage.
func (p planner) wronglyFixed(stage scenario.Stage, f scenario.Fix) trial.Phase {
	after := p.scenario.Symptom
	if f.Symptom != nil {
		after = *f.Symptom
	}
	return trial.Phase{
		Name: "wrong fix", Stage: stage.With(f.Delta).Stage, Apply: f.Apply, Rounds: 1,
		BackendLog: after.BackendLog, OOMKills: after.OOMKills,
	}
}

// rounds returns how often the probes are sent. Probes that send many requests (for rate
// limits) are sent only once, because they would disturb the next round.
func rounds(s scenario.Scenario) int {
	for _, p := range s.Healthy.Probes {
		if p.Count > 1 || p.Parallel {
			return 1
		}
	}
	return stays
}
