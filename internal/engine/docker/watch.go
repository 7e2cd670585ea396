package docker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
)

const (
	// An engine that does not answer a ping within this time counts as gone. An engine that is
	// merely slow does answer, because a ping does not wait for other work of the engine.
	pingDeadline = 10 * time.Second
	// The pause between two pings.
	pingPause = time.Second
	// The time that one call may take while the engine answers pings.
	askDeadline = time.Minute
	// The time for which a transfer may pause. An engine that unpacks a large layer sends
	// nothing meanwhile.
	moveDeadline = 5 * time.Minute
)

// watch is what lab knows about whether the engine is alive. An engine that was gone once
// counts as gone for good, because the streams to its containers are lost even if it comes
// back.
type watch struct {
	mu    sync.Mutex
	gone  error                                 // why it is gone; nil while it is alive
	calls map[*context.CancelCauseFunc]struct{} // the calls to end when it is gone
	end   func()
}

// watching pings the engine until Close.
func (e *Engine) watching() {
	ctx, cancel := context.WithCancel(context.Background())
	e.watch.calls = map[*context.CancelCauseFunc]struct{}{}
	e.watch.end = cancel
	go func() {
		for ctx.Err() == nil && e.alive(ctx) {
			select {
			case <-ctx.Done():
			case <-time.After(pingPause):
			}
		}
	}()
}

// alive pings the engine. If the engine does not answer, every call that waits for it ends,
// and so does every context of While, before alive returns.
func (e *Engine) alive(ctx context.Context) bool {
	e.watch.mu.Lock()
	gone := e.watch.gone != nil
	e.watch.mu.Unlock()
	if gone {
		return false
	}
	ping, cancel := context.WithTimeout(ctx, pingDeadline)
	defer cancel()
	_, err := e.api.Ping(ping)
	switch {
	case err == nil:
		return true
	case ctx.Err() != nil:
		return false
	case ping.Err() != nil:
		err = fmt.Errorf("no answer within %s", pingDeadline)
	}
	e.watch.mu.Lock()
	defer e.watch.mu.Unlock()
	if e.watch.gone == nil {
		e.watch.gone = fmt.Errorf("%w any more at %s: %w", engine.ErrUnavailable, e.address, err)
	}
	for cancel := range e.watch.calls {
		(*cancel)(e.watch.gone)
	}
	return false
}

// While returns a context that ends when the engine is gone. The cause of the context says
// why.
func (e *Engine) While(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	e.watch.mu.Lock()
	defer e.watch.mu.Unlock()
	if e.watch.gone != nil {
		cancel(e.watch.gone)
	} else if e.watch.calls != nil {
		e.watch.calls[&cancel] = struct{}{}
	}
	return ctx, func() {
		e.watch.mu.Lock()
		defer e.watch.mu.Unlock()
		delete(e.watch.calls, &cancel)
		cancel(nil)
	}
}

// ask limits a call during which the engine sends nothing until it is done.
func (e *Engine) ask(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, _, cancel := e.bound(ctx, askDeadline)
	return ctx, cancel
}

// bound limits a call that may take long, as long as the caller calls moved often enough.
func (e *Engine) bound(ctx context.Context, patience time.Duration) (_ context.Context, moved func(), end context.CancelFunc) {
	ctx, done := e.While(ctx)
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(patience, func() {
		cancel(fmt.Errorf("%w: nothing arrived within %s", engine.ErrUnavailable, patience))
	})
	return ctx, func() { timer.Reset(patience) }, func() {
		timer.Stop()
		cancel(nil)
		done()
	}
}

// within ends the waiting for a call that ignores its context. If the call returns a value
// later, drop is called with it.
func within[T any](ctx context.Context, call func() (T, error), drop func(T)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		value, err := call()
		answered <- answer{value, err}
	}()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
		go func() {
			if a := <-answered; a.err == nil {
				drop(a.value)
			}
		}()
		var none T
		return none, ctx.Err()
	}
}
