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
		var err error
		if taken[i], err = r.take(ctx, &pending, step, &seen.Steps[i]); err != nil {
			return err
		}
	}
	if look != nil {
		if err := pending.turnTo(ctx, r.nginx); err != nil {
			return fmt.Errorf("before the probes: %w", err)
		}
		pending.add(r.nginx, look)
	}
	err := cmp.Or(pending.send(ctx), config.err)
	for i, requests := range taken {
		r.note(&seen.Steps[i], requests)
	}
	return err
}

// take takes a step: at once if lab itself does it, or else by orders, which are added to
// those that wait and are returned.
func (r *live) take(ctx context.Context, pending *batch, step trial.Step, seen *trial.StepSeen) ([]*request, error) {
	action, ok := actions[step.Do]
	if !ok {
		return nil, fmt.Errorf("no way to take the step %q", step.Do)
	}
	if action.do != nil {
		if err := pending.send(ctx); err != nil {
			return nil, fmt.Errorf("before the step %q: %w", step, err)
		}
		started := time.Now()
		err := action.do(r, ctx, step)
		seen.Took = protocol.Duration(time.Since(started))
		if err != nil {
			return nil, fmt.Errorf("step %q: %w", step, err)
		}
		return nil, nil
	}
	orders, err := action.orders(r, step, seen)
	if err != nil {
		return nil, fmt.Errorf("step %q: %w", step, err)
	}
	agent := r.backend
	if action.nginx {
		agent = r.nginx
	}
	if agent == nil {
		return nil, fmt.Errorf("step %q: the backend container is paused, and nothing can be done in it", step)
	}
	if err := pending.turnTo(ctx, agent); err != nil {
		return nil, fmt.Errorf("before the step %q: %w", step, err)
	}
	pending.add(agent, orders...)
	return orders, nil
}

// note notes how the orders of a step went.
func (r *live) note(seen *trial.StepSeen, orders []*request) {
	for _, order := range orders {
		seen.Took += protocol.Duration(order.took)
		r.timeOrder(order)
		seen.Ran = append(seen.Ran, ran(order)...)
		var refused errAgent
		if errors.As(order.err, &refused) && seen.Error == "" {
			seen.Error = refused.text
		}
	}
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

// turnTo sends what waits for another agent than this one.
func (b *batch) turnTo(ctx context.Context, agent *conversation) error {
	if b.to == agent {
		return nil
	}
	return b.send(ctx)
}

func (b *batch) send(ctx context.Context) error {
	if b.to == nil {
		return nil
	}
	err := b.to.series(ctx, true, b.requests...)
	*b = batch{}
	return err
}
