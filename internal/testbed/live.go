package testbed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// live is a trial whose stage is in place; see trial.Live.
type live struct {
	*Testbed
	trial.Trial
	id      string
	visit   int // of a stage that was left: how many processes have attached to it
	sent    atomic.Int64
	stage   trial.Stage // what is in place
	paused  bool
	logged  map[string]int64 // by each backend, as far as it was read
	killed  int              // by the kernel, as far as it was seen
	seen    trial.Observation
	times   trial.Timings
	stall   time.Duration
	trouble error              // the lab's own: the testbed cannot be used again
	over    bool               // closed or left
	release func(ending) error // gives the testbed back to whom it belongs
}

// ending is how a live trial ends, for whom its testbed belongs to.
type ending int

const (
	clean   ending = iota // nothing of the trial is left: another one can run there
	spoiled               // the testbed must go
	left                  // the testbed goes on without this process
)

// begin starts the trial's stage with fresh processes. The id is the trial's own, and
// unique. After an error the testbed must not be used again.
func (t *Testbed) begin(ctx context.Context, id string, what trial.Trial, release func(ending) error) (*live, error) {
	r := &live{Testbed: t, Trial: what, id: id, stage: what.Start, logged: map[string]int64{}, release: release,
		seen: trial.Observation{Trial: what.Name, ID: id, Started: time.Now(), Nginx: t.info.Version, Image: t.image}}
	r.nginx.begin()
	r.backend.begin()
	r.trouble = r.start(ctx)
	return r, r.trouble
}

// Do takes a phase's steps, sends its probes and returns what was seen.
func (r *live) Do(ctx context.Context, phase trial.Phase) (trial.PhaseSeen, error) {
	switch {
	case r.over:
		return trial.PhaseSeen{}, errOver
	case r.trouble != nil:
		return trial.PhaseSeen{}, fmt.Errorf("doing the phase %q after trouble: %w", phase.Name, r.trouble)
	case r.seen.Refused != "":
		return trial.PhaseSeen{}, fmt.Errorf("doing the phase %q: nginx did not start: %s", phase.Name, r.seen.Refused)
	}
	p, err := r.phase(ctx, phase)
	r.seen.Phases = append(r.seen.Phases, p)
	if err == nil && r.visit > 0 {
		// This process may be killed; whoever attaches next must know what is in place.
		err = r.save(ctx)
	}
	r.trouble = err
	return p, err
}

var errOver = errors.New("the trial was closed or left already")

// Refused is what nginx said when it did not start.
func (r *live) Refused() string { return r.seen.Refused }

// Seen is what was seen so far, with the backends as they are now. Those in a paused
// container cannot be asked; what was known of them stays.
func (r *live) Seen(ctx context.Context) (trial.Observation, error) {
	if r.over {
		return r.seen, errOver
	}
	if !r.paused && r.trouble == nil {
		states := r.states()
		if err := r.backend.series(ctx, false, states); err != nil {
			r.trouble = err
			return r.sum(), err
		}
		r.took(states)
	}
	return r.sum(), nil
}

// states asks how the backends are.
func (r *live) states() *request {
	return &request{method: protocol.MethodBackends, result: &[]protocol.BackendStatus{}}
}

func (r *live) took(states *request) {
	r.seen.Backends = *states.result.(*[]protocol.BackendStatus)
	slices.SortFunc(r.seen.Backends, func(a, b protocol.BackendStatus) int { return strings.Compare(a.Name, b.Name) })
}

// sum completes the observation.
func (r *live) sum() trial.Observation {
	seen := r.seen
	seen.Phases = slices.Clone(seen.Phases)
	seen.Took = protocol.Duration(time.Since(seen.Started))
	seen.Stall, seen.Timings = protocol.Duration(r.stall), r.times
	seen.Timings.Own = max(0, seen.Took-r.times.Inside())
	return seen
}

// Close ends the trial and returns all that was seen.
func (r *live) Close(ctx context.Context) (trial.Observation, error) {
	if r.over {
		return r.seen, errOver
	}
	r.over = true
	ended := r.trouble
	if ended == nil {
		ended = r.unpause(ctx)
	}
	if ended == nil {
		states := r.states()
		ended = r.end(ctx, states)
		r.took(states)
	}
	how := clean
	if ended != nil || r.isManaged() || r.visit > 0 {
		how = spoiled
	}
	r.seen = r.sum()
	if r.trouble != nil {
		ended = nil // its caller knows
	}
	return r.seen, errors.Join(ended, r.release(how))
}

// Run runs one trial on an idle testbed of the kind that it needs, or a new one, within
// the trial's limit of time.
func (p *Pool) Run(ctx context.Context, what trial.Trial) (trial.Observation, error) {
	ctx, cancel := what.Within(ctx)
	defer cancel()
	live, err := p.Open(ctx, what)
	if err != nil {
		return trial.Observation{Trial: what.Name}, err
	}
	err = what.Through(ctx, live)
	seen, closed := live.Close(ctx)
	return seen, errors.Join(err, closed)
}

// Open starts the trial's stage on an idle testbed of the kind that it needs, or a new one.
func (p *Pool) Open(ctx context.Context, what trial.Trial) (trial.Live, error) {
	asked := time.Now()
	kind := KindOf(what)
	t, id, err := p.take(ctx, kind)
	if err != nil {
		return nil, err
	}
	waited := protocol.Duration(time.Since(asked))
	live, err := t.begin(ctx, id, what, func(how ending) error {
		switch {
		case how == left:
			p.keep(t)
			return nil
		case how == clean && !p.equipment.Fresh:
			return p.put(t, kind)
		}
		p.discard(t)
		return nil
	})
	if err != nil {
		p.discard(t)
		return nil, err
	}
	live.times.Testbed = waited
	return live, nil
}
