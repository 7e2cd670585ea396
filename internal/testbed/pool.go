package testbed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

// Pool is the testbeds of a run. They are started when they are needed and kept
// warm; one that had trouble is replaced, and those that nobody asks for are removed.
// Whoever has N live trials at a time has at most N testbeds of each kind.
type Pool struct {
	equipment Equipment

	mu      sync.Mutex
	idle    map[Kind][]idleTestbed
	warming int        // starts of Warm's that are under way
	changed *sync.Cond // one of them has ended
	closed  bool
	started int
	trials  int
	info    protocol.NginxInfo
	kept    []string
	removed []error // what failed while testbeds were removed
	times   Times
	ending  sync.WaitGroup
}

// idleTestbed is a testbed that waits for a trial.
type idleTestbed struct {
	*Testbed
	since time.Time
}

// Times is what testbeds have cost so far.
type Times struct {
	Started  int           // testbeds
	Starting time.Duration // sum; starts overlap
	Removed  int
	Removing time.Duration
}

// NewPool makes an empty pool.
func NewPool(e Equipment) *Pool {
	p := &Pool{equipment: e, idle: map[Kind][]idleTestbed{}}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// startsAtOnce is how many testbeds are started side by side: more would only make
// the first one late.
const startsAtOnce = 3

// Warm starts n testbeds, side by side, ahead of the trials that will ask for
// them. It returns when the first is there, or with the first error when none is.
func (p *Pool) Warm(ctx context.Context, n int) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return errClosed
	}
	p.warming += n
	p.mu.Unlock()
	first := make(chan error, n)
	turns := make(chan struct{}, startsAtOnce)
	for range n {
		p.ending.Go(func() {
			turns <- struct{}{}
			t, err := p.start(ctx, Kind{})
			<-turns
			if err == nil {
				err = p.put(t, Kind{})
			}
			p.mu.Lock()
			p.warming--
			p.mu.Unlock()
			p.changed.Broadcast()
			first <- err
		})
	}
	var failed error
	for range n {
		err := <-first
		if err == nil {
			return nil
		}
		failed = cmp.Or(failed, err)
	}
	return failed
}

// put makes a testbed idle. One that comes after Close goes as the others went.
func (p *Pool) put(t *Testbed, kind Kind) error {
	p.mu.Lock()
	if !p.closed {
		p.idle[kind] = append(p.idle[kind], idleTestbed{t, time.Now()})
		p.mu.Unlock()
		p.changed.Broadcast()
		time.AfterFunc(idleFor, p.trim)
		return nil
	}
	p.mu.Unlock()
	return t.Remove()
}

// idleFor is how long a testbed stays while nobody asks for it. Whoever runs trials asks
// for the next one within milliseconds.
const idleFor = 3 * time.Second

// trim removes testbeds that nobody has asked for lately, in the background: towards the
// end of a run fewer are needed, and removing them all at once would be waited for. One
// of each kind stays.
func (p *Pool) trim() {
	p.mu.Lock()
	var old []*Testbed
	for kind, list := range p.idle {
		for len(list) > 1 && time.Since(list[0].since) >= idleFor { // the first was used last of all
			old = append(old, list[0].Testbed)
			list = list[1:]
		}
		p.idle[kind] = list
	}
	p.mu.Unlock()
	for _, t := range old {
		p.discard(t)
	}
}

var errClosed = errors.New("taking a testbed: the pool is closed")

// take returns a testbed and an id for the trial.
func (p *Pool) take(ctx context.Context, kind Kind) (*Testbed, string, error) {
	p.mu.Lock()
	p.trials++
	id := fmt.Sprintf("%s-t%d", p.equipment.Owner.Run, p.trials)
	for kind == (Kind{}) && len(p.idle[kind]) == 0 && p.warming > 0 && !p.closed {
		p.changed.Wait() // for one that Warm is about to start
	}
	if p.closed {
		p.mu.Unlock()
		return nil, "", errClosed
	}
	if list := p.idle[kind]; len(list) > 0 {
		t := list[len(list)-1].Testbed
		p.idle[kind] = list[:len(list)-1]
		p.mu.Unlock()
		return t, id, nil
	}
	p.mu.Unlock()
	t, err := p.start(ctx, kind)
	return t, id, err
}

// start starts a testbed.
func (p *Pool) start(ctx context.Context, kind Kind) (*Testbed, error) {
	p.mu.Lock()
	p.started++
	number := p.started
	p.mu.Unlock()
	began := time.Now()
	t, err := Start(ctx, p.equipment, number, kind)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// A service manager's nginx is that of its own image.
	if !t.isManaged() || p.info.Version == "" {
		p.info = t.Nginx()
	}
	p.times.Started++
	p.times.Starting += time.Since(began)
	return t, nil
}

// Bare measures bare loops of starting nginx, sending one request and killing it, on an
// idle testbed: how many rounds a second so many loops come to, side by side.
func (p *Pool) Bare(ctx context.Context, loops int, lasts time.Duration) (float64, error) {
	t, _, err := p.take(ctx, Kind{})
	if err != nil {
		return 0, err
	}
	var result protocol.BareResult
	if err := t.nginx.ask(ctx, protocol.MethodBare, protocol.Bare{Loops: loops, Lasts: protocol.Duration(lasts)}, &result); err != nil {
		p.discard(t)
		return 0, err
	}
	if result.Rate <= 0 {
		return 0, errors.Join(errors.New("the agent has no rate"), p.put(t, Kind{}))
	}
	return result.Rate, p.put(t, Kind{})
}

// Settle waits for testbeds that are being removed.
func (p *Pool) Settle() { p.ending.Wait() }

// Times is what testbeds have cost; after Close it is complete.
func (p *Pool) Times() Times {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.times
}

// keep notes that a testbed goes on without this process.
func (p *Pool) keep(t *Testbed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = append(p.kept, t.Name)
}

// discard removes a testbed in the background; Close waits for it.
func (p *Pool) discard(t *Testbed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending.Go(func() {
		began := time.Now()
		err := t.Remove()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.times.Removed++
		p.times.Removing += time.Since(began)
		if err != nil {
			p.removed = append(p.removed, err)
		}
	})
}

// Close removes every testbed that is not kept and returns when they are gone.
//
// A trial that still runs loses nothing by it: its testbed goes when it is over.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	p.changed.Broadcast()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, list := range idle {
		for _, t := range list {
			p.discard(t.Testbed)
		}
	}
	p.ending.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.removed...)
}

// Nginx is what the image's nginx says of itself, once a testbed was started.
func (p *Pool) Nginx() protocol.NginxInfo {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.info
}

// Kept names the testbeds that were left running, and until when.
func (p *Pool) Kept() ([]string, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept, p.equipment.Owner.Expires
}
