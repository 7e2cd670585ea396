package testbed

import (
	"context"
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// awaitLimit bounds how long a step waits for a backend to listen.
const awaitLimit = protocol.Duration(time.Minute)

// action says how a step is taken: by orders to one of the agents, or by lab itself.
type action struct {
	nginx  bool // the orders are for nginx's agent
	orders func(*live, trial.Step, *trial.StepSeen) ([]*request, error)
	do     func(*live, context.Context, trial.Step) error
}

// actions is how each step of trial.Steps is taken.
var actions = map[string]action{
	"check": {nginx: true, orders: func(_ *live, _ trial.Step, seen *trial.StepSeen) ([]*request, error) {
		seen.Check = &protocol.CheckResult{}
		return []*request{{method: protocol.MethodNginxCheck, result: seen.Check}}, nil
	}},
	"reload": {nginx: true, orders: func(_ *live, _ trial.Step, seen *trial.StepSeen) ([]*request, error) {
		seen.Reload = &protocol.ReloadResult{}
		return []*request{{method: protocol.MethodReload, result: seen.Reload}}, nil
	}},
	"restart-nginx": {nginx: true, orders: plain(protocol.MethodNginxStop, protocol.MethodNginxStart)},
	"stop-nginx":    {nginx: true, orders: plain(protocol.MethodNginxStop)},
	"start-nginx":   {nginx: true, orders: plain(protocol.MethodNginxStart)},
	"restart-backend": {orders: eachBackend(func(r *live, name string) ([]*request, error) {
		if r.isManaged() && r.stage.Backends[name].Up() {
			again, err := r.launch(name)
			if err == nil {
				launch := again.params.(protocol.Launch)
				launch.Restart = true
				again.params = launch
			}
			return []*request{again}, err
		}
		stop := signal(name, false)
		if !r.stage.Backends[name].Up() {
			return []*request{stop}, nil
		}
		start, err := r.launch(name)
		return []*request{stop, start}, err
	})},
	"start-backend": {orders: eachBackend(func(r *live, name string) ([]*request, error) {
		start, err := r.launch(name)
		return []*request{start}, err
	})},
	"stop-backend": {orders: eachBackend(func(_ *live, name string) ([]*request, error) {
		return []*request{signal(name, false)}, nil
	})},
	"kill-backend": {orders: eachBackend(func(_ *live, name string) ([]*request, error) {
		return []*request{signal(name, true)}, nil
	})},
	"await-backend": {orders: eachBackend(func(r *live, name string) ([]*request, error) {
		await := protocol.Await{Name: name, Listen: r.stage.Backends[name].Listen, Timeout: awaitLimit}
		return []*request{{method: protocol.MethodAwait, params: await}}, nil
	})},
	"run": {orders: func(_ *live, s trial.Step, _ *trial.StepSeen) ([]*request, error) {
		return []*request{{method: protocol.MethodRun, params: protocol.Run{Command: strings.Fields(s.Run)}, result: &protocol.Ran{}}}, nil
	}},
	"update-container": {do: func(r *live, ctx context.Context, _ trial.Step) error {
		return r.setMemory(ctx, r.stage.Memory)
	}},
	"pause-container": {do: func(r *live, ctx context.Context, _ trial.Step) error {
		return r.pause(ctx)
	}},
	"unpause-container": {do: func(r *live, ctx context.Context, _ trial.Step) error {
		return r.unpause(ctx)
	}},
	"wait": {do: func(r *live, ctx context.Context, s trial.Step) error {
		r.times.Waits += s.Wait
		select {
		case <-time.After(s.Wait.D()):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}},
	"chmod": {orders: func(_ *live, s trial.Step, _ *trial.StepSeen) ([]*request, error) {
		return file(protocol.File{Path: s.Target, Mode: s.Mode, UID: -1, GID: -1}), nil
	}},
	"chown": {orders: func(r *live, s trial.Step, _ *trial.StepSeen) ([]*request, error) {
		uid, gid, err := r.owner(s.Owner)
		return file(protocol.File{Path: s.Target, UID: uid, GID: gid}), err
	}},
	"remove": {orders: func(_ *live, s trial.Step, _ *trial.StepSeen) ([]*request, error) {
		return file(protocol.File{Path: s.Target, Remove: true}), nil
	}},
}

// plain is orders without parameters.
func plain(methods ...string) func(*live, trial.Step, *trial.StepSeen) ([]*request, error) {
	return func(*live, trial.Step, *trial.StepSeen) ([]*request, error) {
		var requests []*request
		for _, method := range methods {
			requests = append(requests, &request{method: method, result: &protocol.Ran{}})
		}
		return requests, nil
	}
}

// eachBackend is orders for the backend that a step names, or for all.
func eachBackend(orders func(r *live, name string) ([]*request, error)) func(*live, trial.Step, *trial.StepSeen) ([]*request, error) {
	return func(r *live, s trial.Step, _ *trial.StepSeen) ([]*request, error) {
		var all []*request
		for _, name := range r.backendNames(s.Target) {
			requests, err := orders(r, name)
			if err != nil {
				return nil, err
			}
			all = append(all, requests...)
		}
		return all, nil
	}
}

func signal(name string, kill bool) *request {
	return &request{method: protocol.MethodSignal, params: protocol.Signal{Name: name, Kill: kill}, result: &protocol.BackendStatus{}}
}

func file(f protocol.File) []*request { return []*request{{method: protocol.MethodFile, params: f}} }
