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

	mu        sync.Mutex
	next      uint64
	waiting   map[uint64]chan protocol.Answer
	alive     bool  // the agent has said something since the last heartbeat
	ended     error // why there are no more answers; nil while the conversation goes on
	bytesRead int64 // since the trial began
}

// writeGrace is how long lab waits for the reader to say why an order could not be written.
const writeGrace = time.Second

// The answers of an agent stay in memory until the report is written, and a hostile
// process in its container could answer in its place. So there are limits, in bytes.
const (
	maxBytesPerTrial = 256 << 20 // the two logs of a trial may take half of it
	maxErrorText     = 64 << 10
)

// countingReader reads the stream and counts the bytes of a trial.
type countingReader struct{ c *conversation }

func (e countingReader) Read(p []byte) (int, error) {
	n, err := e.c.stream.Read(p)
	e.c.mu.Lock()
	defer e.c.mu.Unlock()
	if e.c.bytesRead += int64(n); e.c.bytesRead > maxBytesPerTrial {
		return n, fmt.Errorf("it said more than %d MiB in one trial: not an agent of this lab", maxBytesPerTrial>>20)
	}
	return n, err
}

// begin sets the count back at the beginning of a trial.
func (c *conversation) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytesRead = 0
}

// An agent answers an order when it has been carried out, and a heartbeat at once. It
// does not answer at all if its container is paused or the engine drops its output.
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

// beat ends the conversation if the agent says nothing for silentBeats heartbeats while
// an order waits for its answer. While no order waits the container may stay paused.
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
		waiting, alive := len(c.waiting) > 0, c.alive
		c.alive = false
		c.mu.Unlock()
		switch {
		case !waiting:
			silent = 0
			continue
		case alive:
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
		if err := protocol.ReadFrame(countingReader{c}, &a); err != nil {
			c.end(err)
			return
		}
		c.mu.Lock()
		c.alive = true
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

// request is one order, where its result goes, and how it went.
type request struct {
	method         string
	params, result any // result may be nil
	err            error
	took           time.Duration // by the agent
}

// read takes the agent's answer.
func (r *request) read(a protocol.Answer) {
	r.took = a.Took
	switch {
	case a.Error != "":
		r.err = errAgent{strings.ToValidUTF8(a.Error[:min(len(a.Error), maxErrorText)], "")}
	case r.result != nil:
		if err := json.Unmarshal(a.Result, r.result); err != nil {
			r.err = fmt.Errorf("reading the answer to %s: %w", r.method, err)
		}
	}
}

// ask sends one order and waits for its answer. result may be nil.
func (c *conversation) ask(ctx context.Context, method string, params, result any) error {
	answer, err := c.exchange(ctx, method, method, params)
	if err != nil {
		return err
	}
	r := request{method: method, result: result}
	r.read(answer)
	return r.err
}

// series sends orders that are carried out one after the other, in one message; after
// one that fails the rest is left out, unless onward. Each request says how it went;
// the error is about the conversation or, unless onward, what the agent said to the
// first that failed.
func (c *conversation) series(ctx context.Context, onward bool, requests ...*request) error {
	if len(requests) == 0 {
		return nil
	}
	s := protocol.Series{Onward: onward}
	var methods []string
	for i, r := range requests {
		params, err := json.Marshal(r.params)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", r.method, err)
		}
		s.Orders = append(s.Orders, protocol.Order{ID: uint64(i), Method: r.method, Params: params})
		methods = append(methods, r.method)
	}
	answer, err := c.exchange(ctx, protocol.MethodSeries, strings.Join(methods, ", "), s)
	if err != nil {
		return err
	}
	var answers []protocol.Answer
	whole := request{method: protocol.MethodSeries, result: &answers}
	if whole.read(answer); whole.err != nil {
		return whole.err
	}
	for i, r := range requests {
		if i >= len(answers) {
			return fmt.Errorf("%s did not carry out %s", c.who, r.method)
		}
		r.read(answers[i])
		var refused errAgent
		if r.err != nil && !(onward && errors.As(r.err, &refused)) {
			return r.err
		}
	}
	return nil
}

// exchange sends one order and waits for its answer. what names it in errors.
func (c *conversation) exchange(ctx context.Context, method, what string, params any) (protocol.Answer, error) {
	var none protocol.Answer
	encoded, err := json.Marshal(params)
	if err != nil {
		return none, fmt.Errorf("encoding %s: %w", method, err)
	}
	answer := make(chan protocol.Answer, 1)
	c.mu.Lock()
	if c.ended != nil {
		c.mu.Unlock()
		return none, c.ended
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
				return none, c.writeFailed(ctx, answer, err)
			}
			written = nil
		case a, ok := <-answer:
			if !ok {
				return none, c.endCause()
			}
			return a, nil
		case <-ctx.Done():
			return none, fmt.Errorf("waiting for %s to do %s: %w", c.who, what, context.Cause(ctx))
		}
	}
}

// writeFailed says why an order could not be written: who reads the stream mostly knows
// more in a moment.
func (c *conversation) writeFailed(ctx context.Context, answer chan protocol.Answer, err error) error {
	select {
	case _, ok := <-answer:
		if !ok {
			return c.endCause()
		}
	case <-ctx.Done():
	case <-time.After(writeGrace):
	}
	return fmt.Errorf("%s does not take orders: %w", c.who, err)
}

func (c *conversation) endCause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

func (c *conversation) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}
