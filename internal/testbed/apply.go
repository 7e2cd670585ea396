package testbed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// apply puts the wanted stage in place, step by step, as an operator would: files
// are edited first, and the steps take them into use. Steps that do not work are
// part of what is seen; only trouble with an agent is an error. Orders that follow
// one another to the same agent, the last look among them, go in one message.
func (r *live) apply(ctx context.Context, seen *trial.PhaseSeen, wanted trial.Stage, steps []trial.Step, look *request) error {
	edited := wanted.Nginx != r.stage.Nginx || wanted.User != r.stage.User
	r.stage = wanted
	seen.Steps = make([]trial.StepSeen, 0, len(steps)) // never moved: answers go into it
	var pending batch
	config := r.config()
	if edited {
		pending.add(r.nginx, config)
	}
	taken := make([][]*request, len(steps))
	for i, step := range steps {
		seen.Steps = append(seen.Steps, trial.StepSeen{Step: step})
		action, ok := actions[step.Do]
		if !ok {
			return fmt.Errorf("no way to take the step %q", step.Do)
		}
		if action.do != nil {
			if err := pending.send(ctx); err != nil {
				return fmt.Errorf("before the step %q: %w", step, err)
			}
			started := time.Now()
			err := action.do(r, ctx, step)
			seen.Steps[i].Took = protocol.Duration(time.Since(started))
			if err != nil {
				return fmt.Errorf("step %q: %w", step, err)
			}
			continue
		}
		var err error
		if taken[i], err = action.orders(r, step, &seen.Steps[i]); err != nil {
			return fmt.Errorf("step %q: %w", step, err)
		}
		agent := r.backend
		if action.nginx {
			agent = r.nginx
		}
		if agent == nil {
			return fmt.Errorf("step %q: the backend container is paused, and nothing can be done in it", step)
		}
		if pending.to != agent {
			if err := pending.send(ctx); err != nil {
				return fmt.Errorf("before the step %q: %w", step, err)
			}
		}
		pending.add(agent, taken[i]...)
	}
	if look != nil {
		if pending.to != r.nginx {
			if err := pending.send(ctx); err != nil {
				return fmt.Errorf("before the probes: %w", err)
			}
		}
		pending.add(r.nginx, look)
	}
	err := cmp.Or(pending.send(ctx), config.err)
	for i, requests := range taken {
		for _, request := range requests {
			seen.Steps[i].Took += protocol.Duration(request.took)
			r.timeOrder(request)
			seen.Steps[i].Ran = append(seen.Steps[i].Ran, ran(request)...)
			var refused errAgent
			if errors.As(request.err, &refused) && seen.Steps[i].Error == "" {
				seen.Steps[i].Error = refused.text
			}
		}
	}
	return err
}

// ran is the commands that an order was carried out with.
func ran(r *request) []protocol.Ran {
	switch result := r.result.(type) {
	case *protocol.BackendStatus:
		return result.Ran
	case *protocol.ReloadResult:
		commands := result.Ran
		result.Ran = nil
		return commands
	case *protocol.Ran:
		if result.Command != "" { // without a service manager there was none
			return []protocol.Ran{*result}
		}
	}
	return nil
}

// batch is orders that wait to go to one agent in one message.
type batch struct {
	to       *conversation
	requests []*request
}

func (b *batch) add(to *conversation, requests ...*request) {
	b.to, b.requests = to, append(b.requests, requests...)
}

func (b *batch) send(ctx context.Context) error {
	if b.to == nil {
		return nil
	}
	err := b.to.series(ctx, true, b.requests...)
	*b = batch{}
	return err
}
