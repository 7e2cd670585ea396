package docker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
)

const (
	// An engine that says nothing to a ping for so long is taken for gone. One that is
	// only slow answers: a ping waits for nothing else that the engine does.
	pingDeadline = 10 * time.Second
	// How often it is pinged.
	pingPause = time.Second
	// What one call may take while the engine answers pings.
	askDeadline = time.Minute
	// How long a transfer may stand still: an engine that unpacks a large layer says
	// nothing meanwhile.
	moveDeadline = 5 * time.Minute
)

// watch is what is known of the engine's life. Once it is gone it stays so: the
// streams into its containers are lost, whether it comes back or not.
type watch struct {
	mu    sync.Mutex
	gone  error                                 // why; nil while it lives
	calls map[*context.CancelCauseFunc]struct{} // to be ended when it goes
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

// alive pings the engine. When it does not answer, every call that waits for it ends,
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
		err = fmt.Errorf("nothing within %s", pingDeadline)
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

// While returns a context that ends, with the cause, when the engine is gone.
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

// ask bounds a call of which the engine says nothing until it is done.
func (e *Engine) ask(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, _, cancel := e.bound(ctx, askDeadline)
	return ctx, cancel
}

// bound lets a call take long as long as something moves.
func (e *Engine) bound(ctx context.Context, patience time.Duration) (_ context.Context, moved func(), end context.CancelFunc) {
	ctx, done := e.While(ctx)
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(patience, func() {
		cancel(fmt.Errorf("%w: nothing within %s", engine.ErrUnavailable, patience))
	})
	return ctx, func() { timer.Reset(patience) }, func() {
		timer.Stop()
		cancel(nil)
		done()
	}
}

// within ends the waiting for a call that does not heed its context; what it returns
// later is dropped.
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
