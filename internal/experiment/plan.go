// Package experiment turns scenarios into trials and what the trials saw into
// verdicts. It starts nothing itself.
package experiment

import (
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// Withheld is what a plan leaves out, to prove that the oracle notices.
type Withheld int

// What can be withheld.
const (
	Nothing Withheld = iota
	Fault            // the broken delta: every symptom must be reported as not reproduced
	Fix              // the fixes' deltas: every fix must be reported as not resolved; a demonstration is replaced by its planted change
)

// BrokenPhase names the phase of a trial in which the fault is live.
const BrokenPhase = "broken"

// stays is how many rounds of probes a fix must hold.
const stays = 3

// role is what a trial is for.
type role int

const (
	healthy role = iota
	broken
	fix
	wrongFix
	demonstration
)

// kinds are the roles' names in reports.
var kinds = map[role]string{fix: "fix", wrongFix: "wrong fix", demonstration: "demonstration"}

// planned is a trial and what it is for.
type planned struct {
	trial.Trial
	role role
	part int // index into Fixes, WrongFixes or Demonstrates
}

// plan lists the trials of a scenario: the healthy control, and each fix, wrong
// fix and demonstration from a start of its own. Each fix's trial shows the
// symptom before it is fixed; a trial for the broken state alone would show it
// once more, and is there only for what wants that state.
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
	// Without its fault a scenario is judged by that alone; the rest would repeat it.
	if withheld == Fault {
		return trials
	}
	for r, list := range [][]scenario.Fix{fix: s.Fixes, wrongFix: s.WrongFixes} {
		if role(r) == wrongFix && withheld == Fix { // nothing is withheld from these
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

// rounds: probes that are many by themselves (rate limits) would disturb each
// other's next round.
func rounds(s scenario.Scenario) int {
	for _, p := range s.Healthy.Probes {
		if p.Count > 1 || p.Parallel {
			return 1
		}
	}
	return stays
}
