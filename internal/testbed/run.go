package testbed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

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
	if r.isManaged() {
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
	// What the agent says about starting nginx is about its configuration, and what it
	// says about a deployment is about the user's.
	if errors.As(nginx.err, &refused) && err == error(nginx.err) ||
		r.Deployment != nil && errors.As(config.err, &refused) && err == error(config.err) {
		r.seen.Refused = refused.text
		return nil
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
		l.Server, l.Files = r.Server, r.written(b)
	}
	return &request{method: protocol.MethodBackend, params: l, result: &protocol.BackendStatus{}}, nil
}

// written is the configuration and the application of a backend, those that it has.
func (r *live) written(b protocol.Backend) map[string]string {
	files := map[string]string{}
	for _, name := range []string{b.Config, b.Application} {
		if name != "" {
			files[name] = r.Files[name]
		}
	}
	return files
}

// pause freezes the backend container, and its agent with it.
func (r *live) pause(ctx context.Context) error {
	r.paused = true
	defer r.engineTook(time.Now())
	return r.equipment.Engine.Pause(ctx, r.backendID)
}

// unpause thaws the backend container; its agent cannot answer before.
func (r *live) unpause(ctx context.Context) error {
	if !r.paused {
		return nil
	}
	defer r.engineTook(time.Now())
	if err := r.equipment.Engine.Unpause(ctx, r.backendID); err != nil {
		return err
	}
	r.paused = false
	if r.backend == nil {
		return r.reachBackend(ctx)
	}
	return nil
}

// end stops everything and proves that nothing is left. The backends' last states go
// into the observation; nginx, whose end is last, sees who still listens.
func (r *live) end(ctx context.Context, backends ...*request) error {
	if r.isManaged() { // all of it ends with its container, which serves no second trial
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
	err := r.nginx.series(
		ctx,
		false,
		&request{method: protocol.MethodEnd, result: &nginx},
		&request{method: protocol.MethodListeners, result: &listening},
	)
	if err != nil {
		return err
	}
	r.stall = max(r.stall, nginx.Stall, backend.Stall)
	if left := slices.Concat(nginx.Processes, backend.Processes, listening, listeningToo); len(left) > 0 {
		return fmt.Errorf("after the trial %s/%s something is left: %s", r.Scenario, r.Trial.Name, strings.Join(left, ", "))
	}
	return nil
}
