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
	"github.com/gatewaylab/lab/internal/trial"
)

// trialLimit bounds one trial; its waits are bounded by the scenario's checks.
const trialLimit = 3 * time.Minute

// live is one trial while it runs.
type live struct {
	*Testbed
	trial.Trial
	id     string
	sent   atomic.Int64
	stage  trial.Stage // what is in place
	paused bool
	logged map[string]int64 // by each backend, as far as it was read
	killed int              // by the kernel, as far as it was seen
	times  trial.Timings
	stall  time.Duration
}

// Run starts the trial's stage with fresh processes, goes through its phases, and
// reports what was seen at each; when it returns nothing of the trial is running.
// If keep, asked with what was seen, says so, everything stays as it is.
//
// A *trial.StageError is the scenario's mistake, every other error the lab's trouble;
// what was seen until then is returned with it. After an error of the lab's the
// testbed must not be used again.
func (t *Testbed) Run(ctx context.Context, id string, what trial.Trial, keep func(trial.Observation) bool) (trial.Observation, error) {
	limit := trialLimit
	for _, p := range what.Probes {
		if p.Exactly != nil { // nobody has checked how long these may take
			limit += p.Exactly.Timeout.D()
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the trial took longer than %s", limit))
	defer cancel()
	started := time.Now()
	r := &live{Testbed: t, Trial: what, id: id, stage: what.Start, logged: map[string]int64{}}
	seen, err := r.run(ctx, keep, trial.Observation{Trial: what.Name, ID: id, Started: started, Nginx: t.info.Version, Image: t.image})
	seen.Took = protocol.Duration(time.Since(started))
	seen.Stall, seen.Timings = protocol.Duration(r.stall), r.times
	seen.Timings.Own = max(0, seen.Took-r.times.Inside())
	return seen, err
}

func (r *live) run(ctx context.Context, keep func(trial.Observation) bool, seen trial.Observation) (trial.Observation, error) {
	r.nginx.begin()
	r.backend.begin()
	err := r.start(ctx)
	for _, phase := range r.Phases {
		if err != nil {
			break
		}
		var p trial.PhaseSeen
		p, err = r.phase(ctx, phase)
		seen.Phases = append(seen.Phases, p)
	}
	seen.Stall = protocol.Duration(r.stall)
	var stageError *trial.StageError
	if err != nil && !errors.As(err, &stageError) {
		return seen, err
	}
	if thawed := r.unpause(ctx); thawed != nil {
		return seen, errors.Join(err, thawed)
	}
	states := &request{method: protocol.MethodBackends, result: &seen.Backends}
	if keep != nil {
		if listed := r.backend.series(ctx, false, states); listed != nil {
			return seen, errors.Join(err, listed)
		}
		slices.SortFunc(seen.Backends, byName)
		if keep(seen) {
			seen.Testbed = r.Testbed.Name
			return seen, err
		}
	}
	if ended := r.end(ctx, states); ended != nil {
		return seen, errors.Join(err, ended)
	}
	slices.SortFunc(seen.Backends, byName)
	return seen, err
}

func byName(a, b protocol.BackendStatus) int { return strings.Compare(a.Name, b.Name) }

// start puts the stage in place and starts its processes, nginx beside the backends:
// it dials them when a request comes, not before.
func (r *live) start(ctx context.Context) error {
	if err := r.setMemory(ctx, r.stage.Memory); err != nil {
		return err
	}
	begin := protocol.Begin{Trial: r.id}
	backends := []*request{{method: protocol.MethodBegin, params: begin}}
	launches, err := r.launches()
	if err != nil {
		return err
	}
	backends = append(backends, launches...)
	nginx := &request{method: protocol.MethodNginxStart}
	config := r.config()
	if r.alone() {
		err = r.nginx.series(ctx, false, append(backends, config, nginx)...)
	} else {
		err = both(
			func() error {
				return r.nginx.series(ctx, false, &request{method: protocol.MethodBegin, params: begin}, config, nginx)
			},
			func() error { return r.backend.series(ctx, false, backends...) },
		)
	}
	r.timeStart(nginx.took, backends)
	var refused errAgent
	if errors.As(nginx.err, &refused) && err == error(nginx.err) {
		// What the agent says about starting nginx is about its configuration.
		return &trial.StageError{Text: refused.text}
	}
	if r.Deployment != nil && errors.As(config.err, &refused) && err == error(config.err) {
		return &trial.StageError{Text: refused.text}
	}
	return err
}

// config puts the stage's configuration where nginx reads it.
func (r *live) config() *request {
	config := protocol.Config{Text: r.Files[r.stage.Nginx], User: r.stage.User}
	if r.Deployment != nil {
		config.Deployment = &r.Deployment.Deployment
	}
	return &request{method: protocol.MethodConfig, params: config}
}

func (r *live) setMemory(ctx context.Context, limit protocol.Bytes) error {
	if limit == 0 {
		limit = backendPlain
	}
	if limit == r.memory {
		return nil
	}
	defer r.engineTook(time.Now())
	if err := r.equipment.Engine.SetMemory(ctx, r.backendID, int64(limit)); err != nil {
		return err
	}
	r.memory = limit
	return nil
}

func (r *live) engineTook(since time.Time) {
	r.times.Engine += protocol.Duration(time.Since(since))
}

// backendNames is the one that is named, or all, in a fixed order.
func (r *live) backendNames(target string) []string {
	if target != "" {
		return []string{target}
	}
	return slices.Sorted(maps.Keys(r.stage.Backends))
}

// launches starts the backends that are up: those of a deployment in one process, since
// there may be dozens.
func (r *live) launches() ([]*request, error) {
	var all []*request
	var crowd protocol.Crowd
	for _, name := range r.backendNames("") {
		if !r.stage.Backends[name].Up() {
			continue
		}
		launch, err := r.launch(name)
		if err != nil {
			return nil, err
		}
		all = append(all, launch)
		crowd.Launches = append(crowd.Launches, launch.params.(protocol.Launch))
	}
	switch {
	case r.Deployment == nil:
		return all, nil
	case len(all) == 0:
		return nil, nil
	}
	return []*request{{method: protocol.MethodCrowd, params: crowd, result: &protocol.BackendStatus{}}}, nil
}

// launch starts a backend. That it ends at once is for the probes to see.
func (r *live) launch(name string) (*request, error) {
	b := r.stage.Backends[name]
	uid, gid, err := r.owner(b.Owner)
	if err != nil {
		return nil, err
	}
	l := protocol.Launch{Backend: b, Name: name, Trial: r.id, UID: uid, GID: gid}
	if strings.HasPrefix(b.Listen, "tls://") {
		certificate := b.TLS.Certificate
		if certificate == "" {
			certificate = "good"
		}
		pair := r.equipment.Certificates.Pairs[certificate]
		if r.Deployment != nil {
			pair = r.Deployment.Pairs[certificate]
		}
		l.Certificate, l.Key = pair.Certificate, pair.Key
	}
	if r.Deployment != nil {
		l.Headers, l.Once = r.Deployment.Headers, slices.Contains(r.Deployment.Once, name)
	}
	if b.Real() {
		l.Server, l.Files = r.Server, r.filesOf(b)
	}
	return &request{method: protocol.MethodBackend, params: l, result: &protocol.BackendStatus{}}, nil
}

// serverFiles is the files of the stage's real servers, by their names in the scenario.
func (r *live) serverFiles() map[string]string {
	files := map[string]string{}
	for _, b := range r.stage.Backends {
		maps.Copy(files, r.filesOf(b))
	}
	return files
}

// filesOf is the configuration and the application of a backend, those that it has.
func (r *live) filesOf(b protocol.Backend) map[string]string {
	files := map[string]string{}
	for _, name := range []string{b.Config, b.Application} {
		if name != "" {
			files[name] = r.Files[name]
		}
	}
	return files
}

// unpause thaws the backend container; its agent cannot answer before.
func (r *live) unpause(ctx context.Context) error {
	if !r.paused {
		return nil
	}
	r.paused = false
	defer r.engineTook(time.Now())
	return r.equipment.Engine.Unpause(ctx, r.backendID)
}

// end stops everything and proves that nothing is left. The backends' last states go
// into the observation; nginx, whose end is last, sees who still listens.
func (r *live) end(ctx context.Context, backends ...*request) error {
	if r.alone() { // all of it ends with its container, which serves no second trial
		return r.backend.series(ctx, false, backends...)
	}
	var nginx, backend protocol.Left
	var listening, listeningToo []string
	backends = append(backends, &request{method: protocol.MethodEnd, result: &backend})
	if r.network != "" { // else both see the one network namespace
		backends = append(backends, &request{method: protocol.MethodListeners, result: &listeningToo})
	}
	if err := r.backend.series(ctx, false, backends...); err != nil {
		return err
	}
	err := r.nginx.series(ctx, false, &request{method: protocol.MethodEnd, result: &nginx}, &request{method: protocol.MethodListeners, result: &listening})
	if err != nil {
		return err
	}
	if left := slices.Concat(nginx.Processes, backend.Processes, listening, listeningToo); len(left) > 0 {
		return fmt.Errorf("after the trial %s/%s something is left: %s", r.Scenario, r.Trial.Name, strings.Join(left, ", "))
	}
	return nil
}
