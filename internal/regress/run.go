package regress

import (
	"context"
	"fmt"

	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/trial"
)

// Recorded is how a configuration behaves.
type Recorded struct {
	Config       *Config
	Rows         []Row
	Behaviour    Behaviour
	Inconclusive []Inconclusive // cells that the behaviour does not have, or has from before
}

// Record finds out how a configuration behaves: each cell so many times, so that what
// nginx leaves to chance shows. What a person added to the behaviour before is kept.
func Record(
	ctx context.Context, runner Runner, source *deployment.Source, options Options, before Behaviour, times int,
) (Recorded, error) {
	c, err := Prepare(ctx, runner, source, options)
	if err != nil {
		return Recorded{}, err
	}
	targets, err := c.Survey(ctx, runner, before.Probes)
	if err != nil {
		return Recorded{}, err
	}
	rows, err := c.Matrix(ctx, runner, targets, times)
	if err != nil {
		return Recorded{}, err
	}
	b, unclear := NewBehaviour(c, rows, before)
	b.Keep(before)
	return Recorded{c, rows, b, unclear}, nil
}

// runTrial is the one place where this package calls a runner.
func runTrial(ctx context.Context, runner Runner, what trial.Trial) (trial.Observation, error) {
	return runner.Run(ctx, what)
}

// runTaken runs a trial of a configuration that nginx has taken before. That nginx
// refuses it now is trouble, and nothing about the configuration.
func runTaken(ctx context.Context, runner Runner, what trial.Trial) (trial.Observation, error) {
	seen, err := runTrial(ctx, runner, what)
	if err == nil && seen.Refused != "" {
		err = fmt.Errorf("nginx refuses in the trial %q the configuration that it took before: %s", what.Name, seen.Refused)
	}
	return seen, err
}
