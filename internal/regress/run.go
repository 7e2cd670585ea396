package regress

import (
	"context"
	"fmt"

	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/trial"
)

// Record finds out how a configuration behaves: each cell so many times, so that what
// nginx leaves to chance shows. What a person added to the behaviour before is kept.
func Record(ctx context.Context, runner Runner, source *deployment.Source, options Options, before Behaviour, times int) (*Config, []Row, Behaviour, error) {
	c, err := Prepare(ctx, runner, source, options)
	if err != nil {
		return nil, nil, Behaviour{}, err
	}
	targets, err := c.Survey(ctx, runner, before.Probes)
	if err != nil {
		return nil, nil, Behaviour{}, err
	}
	rows, err := c.Matrix(ctx, runner, targets, times)
	if err != nil {
		return nil, nil, Behaviour{}, err
	}
	b := NewBehaviour(c, rows)
	b.Keep(before)
	return c, rows, b, nil
}

// again is how often a cell that differs is run again before that counts.
const again = 2

// Check records once and compares. A cell that differs is run again: what is as recorded
// then is chance, and not reported.
func Check(ctx context.Context, runner Runner, source *deployment.Source, options Options, recorded Behaviour) (*Config, Behaviour, []Difference, error) {
	c, rows, now, err := Record(ctx, runner, source, options, recorded, 1)
	if err != nil {
		return nil, Behaviour{}, nil, err
	}
	for range again {
		type job struct {
			target Target
			id     cellID
		}
		var jobs []job
		for _, d := range Compare(recorded, now, c) {
			for _, r := range rows {
				for _, seen := range r.Cells {
					if r.Target.Location.Server.Label() == d.Server && r.Target.Location.String() == d.Location && r.Target.Request() == d.Probe && seen.ID == (cellID{d.Fault, d.At, d.Method}) {
						jobs = append(jobs, job{r.Target, seen.ID})
					}
				}
			}
		}
		err := c.each(len(jobs), len(jobs), func(i int) error {
			t, id := jobs[i].target, jobs[i].id
			cell, err := c.Cell(ctx, runner, t, id)
			if err != nil {
				return err
			}
			was := recorded.find(t.Location.Server.Label(), t.Location.String(), t.Request(), Entry{Fault: id.Fault, At: id.At, Method: id.Method})
			is := now.find(t.Location.Server.Label(), t.Location.String(), t.Request(), Entry{Fault: id.Fault, At: id.At, Method: id.Method})
			if was == nil || is == nil || was.Expect != nil {
				return nil
			}
			if names, _ := unlike(*was, Entry{Cell: cell}); names == nil {
				c.mu.Lock()
				is.Cell = cell
				c.mu.Unlock()
			}
			return nil
		})
		if err != nil {
			return nil, Behaviour{}, nil, err
		}
	}
	return c, now, Compare(recorded, now, c), nil
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
