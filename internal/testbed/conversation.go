package testbed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/engine"
)

// conversation sends orders to one agent and hands each answer to its sender.
type conversation struct {
	stream engine.Stream
	who    string // the container's name, for errors

	write sync.Mutex

	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan protocol.Answer
	heard   bool  // something came since the last beat
	ended   error // why no more answers come
}

// deafness is how long an order that could not be written waits for the reason.
const deafness = time.Second

// An agent answers each order when it is done, and a heartbeat at once, unless its
// container is frozen or the engine does not pass on what it says.
const (
	beat        = 4 * time.Second
	silentBeats = 5
)

// errAgent marks what an agent refused, as against a stream that broke.
type errAgent struct{ text string }

func (e errAgent) Error() string { return e.text }

func converse(stream engine.Stream, who string) *conversation {
	c := &conversation{stream: stream, who: who, waiting: map[uint64]chan protocol.Answer{}}
	over := make(chan struct{})
	go func() { defer close(over); c.listen() }()
	go c.beat(beat, over)
	return c
}

// beat ends the conversation when the agent says nothing at all for silentBeats while
// it is waited for. Whoever does not wait may leave it frozen.
func (c *conversation) beat(every time.Duration, over <-chan struct{}) {
	clock := time.NewTicker(every)
	defer clock.Stop()
	for silent := 0; ; {
		select {
		case <-over:
			return
		case <-clock.C:
		}
		c.mu.Lock()
		waiting, heard := len(c.waiting) > 0, c.heard
		c.heard = false
		c.mu.Unlock()
		switch {
		case !waiting:
			silent = 0
			continue
		case heard:
			silent = 0
		default:
			silent++
		}
		if silent == silentBeats {
			c.end(fmt.Errorf("nothing within %s; its container may be paused", silentBeats*every))
			return
		}
		// A method that no agent has: its refusal is the sign of life.
		go func() { _ = c.send(protocol.Order{Method: "heartbeat"}) }()
	}
}

func (c *conversation) send(o protocol.Order) error {
	c.write.Lock()
	defer c.write.Unlock()
	return protocol.WriteFrame(c.stream, o)
}

func (c *conversation) listen() {
	for {
		var a protocol.Answer
		if err := protocol.ReadFrame(c.stream, &a); err != nil {
			c.end(err)
			return
		}
		c.mu.Lock()
		c.heard = true
		waiter := c.waiting[a.ID]
		delete(c.waiting, a.ID)
		c.mu.Unlock()
		if waiter != nil {
			waiter <- a
		}
	}
}

func (c *conversation) end(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return
	}
	if errors.Is(cause, io.EOF) || errors.Is(cause, io.ErrClosedPipe) {
		cause = errors.New("its container ended")
	}
	if said := strings.TrimSpace(c.stream.Errors()); said != "" {
		cause = fmt.Errorf("%w: %s", cause, said)
	}
	c.ended = fmt.Errorf("%s does not answer: %w", c.who, cause)
	for id, waiter := range c.waiting {
		close(waiter)
		delete(c.waiting, id)
	}
}

// ask sends one order and waits for its answer. result may be nil.
func (c *conversation) ask(ctx context.Context, method string, params, result any) error {
	encoded, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", method, err)
	}
	answer := make(chan protocol.Answer, 1)
	c.mu.Lock()
	if c.ended != nil {
		c.mu.Unlock()
		return c.ended
	}
	c.next++
	id := c.next
	c.waiting[id] = answer
	c.mu.Unlock()
	defer c.forget(id)

	// A frozen container takes no orders, and the writing heeds no context.
	written := make(chan error, 1)
	go func() { written <- c.send(protocol.Order{ID: id, Method: method, Params: encoded}) }()
	for {
		select {
		case err := <-written:
			if err != nil {
				return c.deaf(ctx, answer, err)
			}
			written = nil
		case a, ok := <-answer:
			switch {
			case !ok:
				return c.why()
			case a.Error != "":
				return errAgent{a.Error}
			case result == nil:
				return nil
			}
			if err := json.Unmarshal(a.Result, result); err != nil {
				return fmt.Errorf("reading the answer to %s: %w", method, err)
			}
			return nil
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s to do %s: %w", c.who, method, context.Cause(ctx))
		}
	}
}

// deaf says why an order could not be written: who reads the stream mostly knows
// more in a moment.
func (c *conversation) deaf(ctx context.Context, answer chan protocol.Answer, err error) error {
	select {
	case _, ok := <-answer:
		if !ok {
			return c.why()
		}
	case <-ctx.Done():
	case <-time.After(deafness):
	}
	return fmt.Errorf("%s does not take orders: %w", c.who, err)
}

func (c *conversation) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

func (c *conversation) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}
