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
	base := trial.Trial{Scenario: s.ID, Needs: s.Needs, Server: s.Server, Files: s.Files, Probes: s.Requests(), Start: s.Healthy.Stage}
	planFor := func(r role, part int, name string, phases ...trial.Phase) planned {
		t := base
		t.Name, t.Phases = name, phases
		return planned{t, r, part}
	}
	trials := []planned{planFor(healthy, 0, "healthy", trial.Phase{Name: "healthy", Stage: s.Healthy.Stage, Rounds: 1})}
	for i, d := range s.Demonstrates {
		change := d.Delta
		if withheld == Fix {
			change = d.Planted
		}
		trials = append(trials, planFor(
			demonstration,
			i,
			d.ID,
			trial.Phase{Name: "before", Stage: s.Healthy.Stage, Rounds: 1},
			trial.Phase{
				Name:       "shown",
				Stage:      s.Healthy.With(change).Stage,
				Apply:      change.Apply,
				Rounds:     rounds(s),
				During:     d.During,
				BackendLog: d.Show.BackendLog,
				OOMKills:   d.Show.OOMKills,
			},
		))
		// A change without steps is there from the start.
		if last := &trials[len(trials)-1]; len(change.Apply) == 0 {
			last.Start, last.Phases = last.Phases[1].Stage, last.Phases[1:]
		}
	}
	if s.Broken == nil {
		return trials
	}

	stage, fault := s.BrokenStage(), trial.Phase{
		Name:       BrokenPhase,
		Stage:      s.BrokenStage().Stage,
		Apply:      s.Broken.Apply,
		Rounds:     1,
		BackendLog: s.Symptom.BackendLog,
		OOMKills:   s.Symptom.OOMKills,
	}
	switch {
	case withheld == Fault:
		stage, fault = s.Healthy, trial.Phase{Name: BrokenPhase, Stage: s.Healthy.Stage, Rounds: 1}
	case len(s.Broken.Apply) == 0:
		base.Start = stage.Stage
	}
	if brokenAlone || withheld == Fault {
		trials = append(trials, planFor(broken, 0, "broken", fault))
	}
	// Without its fault a scenario is judged by this trial alone; the other trials would
	// repeat the same.
	if withheld == Fault {
		return trials
	}
	for r, list := range [][]scenario.Fix{fix: s.Fixes, wrongFix: s.WrongFixes} {
		if role(r) == wrongFix && withheld == Fix { // nothing is left out of wrong fixes
			continue
		}
		for i, f := range list {
			applied := trial.Phase{Name: "fixed", Stage: stage.With(f.Delta).Stage, Apply: f.Apply, Rounds: rounds(s)}
			if role(r) == wrongFix {
				after := s.Symptom
				if f.Symptom != nil {
					after = *f.Symptom
				}
				applied.Name, applied.Rounds, applied.BackendLog, applied.OOMKills = "wrong fix", 1, after.BackendLog, after.OOMKills
			}
			if role(r) == fix && withheld == Fix {
				applied = trial.Phase{Name: "fixed", Stage: stage.Stage, Rounds: 1}
			}
			trials = append(trials, planFor(role(r), i, kinds[role(r)]+" "+f.ID, fault, applied))
		}
	}
	return trials
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
