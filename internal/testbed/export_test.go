package testbed

import (
	"context"
	"errors"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/trial"
)

// What the tests on a real engine look at.
const (
	AgentPath = agentPath
	TrialDir  = trialDir
)

// IDs of the containers, nginx's first.
func (t *Testbed) IDs() []string { return t.ids }

// Conversation with an agent over any stream.
type Conversation = conversation

// Converse begins one.
func Converse(s engine.Stream) *Conversation { return converse(s, "the agent") }

// Ask sends one order.
func (c *conversation) Ask(ctx context.Context, method string, params, result any) error {
	return c.ask(ctx, method, params, result)
}

// Run runs a trial on this very testbed, under an id of the caller's.
func (t *Testbed) Run(ctx context.Context, id string, what trial.Trial) (trial.Observation, error) {
	return During(ctx, t.Opener(id), what, func() {})
}

// Opener opens trials.
type Opener func(context.Context, trial.Trial) (trial.Live, error)

// Opener opens trials on this very testbed.
func (t *Testbed) Opener(id string) Opener {
	return func(ctx context.Context, what trial.Trial) (trial.Live, error) {
		return t.begin(ctx, id, what, func(ending) error { return nil })
	}
}

// During runs a trial and does something before it ends.
func During(ctx context.Context, open Opener, what trial.Trial, do func()) (trial.Observation, error) {
	ctx, cancel := what.Within(ctx)
	defer cancel()
	r, err := open(ctx, what)
	if err != nil {
		return trial.Observation{}, err
	}
	through := what.Through(ctx, r)
	do()
	seen, err := r.Close(ctx)
	return seen, errors.Join(through, err)
}
