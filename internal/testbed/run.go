package testbed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/scenario"
)

// trialLimit bounds one trial; its waits are bounded by the scenario's checks.
const trialLimit = 3 * time.Minute

// trial is one trial while it runs.
type trial struct {
	*Testbed
	scenario.Trial
	id     string
	sent   atomic.Int64
	stage  scenario.Stage // what is in place
	paused bool
}

// Run starts the trial's stage with fresh processes, goes through its phases, and
// reports what was seen at each; when it returns nothing of the trial is running.
// If keep, asked with what was seen, says so, everything stays as it is.
//
// A *scenario.StageError is the scenario's mistake, every other error the lab's trouble;
// what was seen until then is returned with it. After an error of the lab's the
// testbed must not be used again.
func (t *Testbed) Run(ctx context.Context, id string, what scenario.Trial, keep func(scenario.Observation) bool) (scenario.Observation, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, trialLimit, fmt.Errorf("the trial took longer than %s", trialLimit))
	defer cancel()
	started := time.Now()
	r := &trial{Testbed: t, Trial: what, id: id, stage: what.Start}
	seen := scenario.Observation{Trial: what.Name, ID: id, Started: started}

	t.nginx.begin()
	t.backend.begin()
	err := r.start(ctx)
	for _, phase := range what.Phases {
		if err != nil {
			break
		}
		var p scenario.PhaseSeen
		p, err = r.phase(ctx, phase)
		seen.Phases = append(seen.Phases, p)
	}
	seen.Took = protocol.Duration(time.Since(started))
	var stageError *scenario.StageError
	if err != nil && !errors.As(err, &stageError) {
		return seen, err
	}
	if thawed := r.unpause(ctx); thawed != nil {
		return seen, errors.Join(err, thawed)
	}
	if listed := r.backend.ask(ctx, protocol.MethodBackends, nil, &seen.Backends); listed != nil {
		return seen, errors.Join(err, listed)
	}
	slices.SortFunc(seen.Backends, func(a, b protocol.BackendStatus) int { return strings.Compare(a.Name, b.Name) })
	if keep != nil && keep(seen) {
		seen.Testbed = t.Name
		return seen, err
	}
	if ended := r.end(ctx); ended != nil {
		return seen, errors.Join(err, ended)
	}
	return seen, err
}

// start puts the stage in place and starts its processes.
func (r *trial) start(ctx context.Context) error {
	if err := r.setMemory(ctx, r.stage.Memory); err != nil {
		return err
	}
	begin := protocol.Begin{Trial: r.id}
	err := both(
		func() error { return r.nginx.ask(ctx, protocol.MethodBegin, begin, nil) },
		func() error { return r.backend.ask(ctx, protocol.MethodBegin, begin, nil) },
	)
	if err != nil {
		return err
	}
	// Backends first: an nginx that is up before them would only have to wait.
	for _, name := range r.backendNames("") {
		if r.stage.Backends[name].Up() {
			if err := r.launch(ctx, name); err != nil {
				return err
			}
		}
	}
	if err := r.putConfig(ctx); err != nil {
		return err
	}
	return asStageError(r.nginx.ask(ctx, protocol.MethodNginxStart, nil, nil))
}

// asStageError: what the agent says about starting nginx is about its configuration.
func asStageError(err error) error {
	var refused errAgent
	if errors.As(err, &refused) {
		return &scenario.StageError{Text: refused.text}
	}
	return err
}

func (r *trial) putConfig(ctx context.Context) error {
	return r.nginx.ask(ctx, protocol.MethodConfig, protocol.Config{Text: r.Files[r.stage.Nginx]}, nil)
}

func (r *trial) setMemory(ctx context.Context, limit protocol.Bytes) error {
	if limit == 0 {
		limit = backendPlain
	}
	if limit == r.memory {
		return nil
	}
	if err := r.equipment.Engine.SetMemory(ctx, r.backendID, int64(limit)); err != nil {
		return err
	}
	r.memory = limit
	return nil
}

// backendNames is the one that is named, or all, in a fixed order.
func (r *trial) backendNames(target string) []string {
	if target != "" {
		return []string{target}
	}
	return slices.Sorted(maps.Keys(r.stage.Backends))
}

// launch starts a backend. That it ends at once is for the probes to see.
func (r *trial) launch(ctx context.Context, name string) error {
	b := r.stage.Backends[name]
	uid, gid, err := r.owner(b.Owner)
	if err != nil {
		return err
	}
	l := protocol.Launch{Backend: b, Name: name, Trial: r.id, UID: uid, GID: gid}
	if strings.HasPrefix(b.Listen, "tls://") {
		certificate := b.TLS.Certificate
		if certificate == "" {
			certificate = "good"
		}
		pair := r.equipment.Certificates.Pairs[certificate]
		l.Certificate, l.Key = pair.Certificate, pair.Key
	}
	return r.backend.ask(ctx, protocol.MethodBackend, l, nil)
}

// unpause thaws the backend container; its agent cannot answer before.
func (r *trial) unpause(ctx context.Context) error {
	if !r.paused {
		return nil
	}
	r.paused = false
	return r.equipment.Engine.Unpause(ctx, r.backendID)
}

// end stops everything and proves that nothing is left.
func (r *trial) end(ctx context.Context) error {
	var nginx, backend protocol.Left
	err := both(
		func() error { return r.nginx.ask(ctx, protocol.MethodEnd, nil, &nginx) },
		func() error { return r.backend.ask(ctx, protocol.MethodEnd, nil, &backend) },
	)
	if err != nil {
		return err
	}
	left := append(nginx.Processes, backend.Processes...)
	looking := []*conversation{r.nginx}
	if r.network != "" { // else both see the one network namespace
		looking = append(looking, r.backend)
	}
	for _, agent := range looking {
		var listening []string
		if err := agent.ask(ctx, protocol.MethodListeners, nil, &listening); err != nil {
			return err
		}
		left = append(left, listening...)
	}
	if len(left) > 0 {
		return fmt.Errorf("after the trial %s/%s something is left: %s", r.Scenario, r.Trial.Name, strings.Join(left, ", "))
	}
	return nil
}
