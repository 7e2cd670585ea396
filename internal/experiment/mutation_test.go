package experiment_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// planted is a lab with a defect, either in what it asks of testbeds or in what it makes of
// their observations.
type planted struct {
	trial.Runner
	ask  func(*trial.Trial)
	seen func(*trial.Observation)
}

func (p planted) Run(ctx context.Context, what trial.Trial) (trial.Observation, error) {
	if p.ask != nil {
		p.ask(&what)
	}
	seen, err := p.Runner.Run(ctx, what)
	if p.seen != nil {
		p.seen(&seen)
	}
	return seen, err
}

// harmless removes the faults from a stage.
func harmless(s trial.Stage) trial.Stage {
	s.Backends = maps.Clone(s.Backends)
	for name, b := range s.Backends {
		b.Fault, b.Delay, b.Boot = "", 0, 0
		s.Backends[name] = b
	}
	return s
}

// without removes steps from every phase.
func without(what *trial.Trial, drop func(trial.Step) bool) {
	what.Phases = slices.Clone(what.Phases)
	for i := range what.Phases {
		what.Phases[i].Apply = slices.DeleteFunc(slices.Clone(what.Phases[i].Apply), drop)
	}
}

// A lab with any of these defects must notice it by itself: the run must not verify any
// scenario.
func TestPlantedDefects(t *testing.T) {
	pool := labtest.Pool(t)
	named := func(ids ...string) []scenario.Scenario {
		return slices.DeleteFunc(catalogue(t), func(s scenario.Scenario) bool { return !slices.Contains(ids, s.ID) })
	}
	// The scenarios are grouped by what is wrong in them: the behaviour of the backend, or the
	// configuration.
	faults, configs := named("slow-response", "header-too-big", "closed-before-header"), named("wrong-port", "slow-response")
	for _, row := range []struct {
		name      string
		scenarios []scenario.Scenario
		planted   planted
	}{
		{"a fault that does nothing", faults, planted{ask: func(what *trial.Trial) {
			what.Start = harmless(what.Start)
			for i := range what.Phases {
				what.Phases[i].Stage = harmless(what.Phases[i].Stage)
			}
		}}},
		{"a fix that is not applied", configs, planted{ask: func(what *trial.Trial) {
			if len(what.Phases) == 2 {
				what.Phases[1].Stage, what.Phases[1].Apply = what.Phases[0].Stage, nil
			}
		}}},
		{"a reload that does not happen", configs, planted{ask: func(what *trial.Trial) {
			without(what, func(s trial.Step) bool { return s.Do == "reload" })
		}}},
		{"a restart that does not happen", named("header-too-big", "closed-before-header"), planted{ask: func(what *trial.Trial) {
			without(what, func(s trial.Step) bool { return s.Do == "restart-backend" })
		}}},
		{"a log reader that drops lines", configs, planted{seen: func(o *trial.Observation) {
			for i := range o.Phases {
				o.Phases[i].Log = nil
				for j := range o.Phases[i].Answers {
					o.Phases[i].Answers[j].Log = nil
				}
			}
		}}},
		{"a prober that always says 502", configs, planted{seen: func(o *trial.Observation) {
			for _, p := range o.Phases {
				for j := range p.Answers {
					p.Answers[j].Client.Status = 502
				}
			}
		}}},
		{"a prober that always says 200", configs, planted{seen: func(o *trial.Observation) {
			for _, p := range o.Phases {
				for j := range p.Answers {
					p.Answers[j].Client.Status = 200
				}
			}
		}}},
		{"answers of another trial", configs, planted{seen: func(o *trial.Observation) { o.ID += "x" }}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.planted.Runner = pool
			if len(row.scenarios) < 2 {
				t.Fatal("the catalogue lacks the scenarios of this test")
			}
			results := experiment.Run(t.Context(), row.planted, row.scenarios, experiment.Options{Parallel: 4, NoSecondHearing: true})
			for _, r := range results {
				t.Logf("%s: %s: %s", r.ID, r.Verdict, r.Reason)
				if r.Verdict == experiment.Verified || r.Cause == experiment.Environment {
					t.Errorf("%s is %s: %s", r.ID, r.Verdict, r.Reason)
				}
			}
		})
	}
	// Without a defect they must be verified.
	for _, r := range experiment.Run(t.Context(), pool, append(faults, configs...), experiment.Options{Parallel: 4}) {
		if r.Verdict != experiment.Verified {
			t.Errorf("without a defect %s is %s: %s", r.ID, r.Verdict, r.Reason)
		}
	}
}
