package testbed

import (
	"context"

	"github.com/gatewaylab/lab/internal/engine"
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
