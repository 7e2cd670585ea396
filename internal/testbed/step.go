package testbed

import (
	"context"
	"fmt"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/scenario"
)

// awaitLimit bounds how long a step waits for a backend to listen.
const awaitLimit = protocol.Duration(time.Minute)

// steps says how each step of scenario.Steps is taken.
var steps = map[string]func(*trial, context.Context, scenario.Step, *scenario.StepSeen) error{
	"check": func(r *trial, ctx context.Context, _ scenario.Step, seen *scenario.StepSeen) error {
		seen.Check = &protocol.CheckResult{}
		return r.nginx.ask(ctx, protocol.MethodNginxCheck, nil, seen.Check)
	},
	"reload": func(r *trial, ctx context.Context, _ scenario.Step, seen *scenario.StepSeen) error {
		seen.Reload = &protocol.ReloadResult{}
		return r.nginx.ask(ctx, protocol.MethodReload, nil, seen.Reload)
	},
	"restart-nginx": func(r *trial, ctx context.Context, _ scenario.Step, _ *scenario.StepSeen) error {
		if err := r.nginx.ask(ctx, protocol.MethodNginxStop, nil, nil); err != nil {
			return err
		}
		return r.nginx.ask(ctx, protocol.MethodNginxStart, nil, nil)
	},
	"stop-nginx": func(r *trial, ctx context.Context, _ scenario.Step, _ *scenario.StepSeen) error {
		return r.nginx.ask(ctx, protocol.MethodNginxStop, nil, nil)
	},
	"start-nginx": func(r *trial, ctx context.Context, _ scenario.Step, _ *scenario.StepSeen) error {
		return r.nginx.ask(ctx, protocol.MethodNginxStart, nil, nil)
	},
	"restart-backend": func(r *trial, ctx context.Context, s scenario.Step, _ *scenario.StepSeen) error {
		return r.eachBackend(s, func(name string) error {
			if err := r.signal(ctx, name, false); err != nil {
				return err
			}
			if !r.stage.Backends[name].Up() {
				return nil
			}
			return r.launch(ctx, name)
		})
	},
	"start-backend": func(r *trial, ctx context.Context, s scenario.Step, _ *scenario.StepSeen) error {
		return r.eachBackend(s, func(name string) error { return r.launch(ctx, name) })
	},
	"stop-backend": func(r *trial, ctx context.Context, s scenario.Step, _ *scenario.StepSeen) error {
		return r.eachBackend(s, func(name string) error { return r.signal(ctx, name, false) })
	},
	"kill-backend": func(r *trial, ctx context.Context, s scenario.Step, _ *scenario.StepSeen) error {
		return r.eachBackend(s, func(name string) error { return r.signal(ctx, name, true) })
	},
	"await-backend": func(r *trial, ctx context.Context, s scenario.Step, _ *scenario.StepSeen) error {
		return r.eachBackend(s, func(name string) error {
			return r.backend.ask(ctx, protocol.MethodAwait, protocol.Await{Name: name, Timeout: awaitLimit}, nil)
		})
	},
	"update-container": func(r *trial, ctx context.Context, _ scenario.Step, _ *scenario.StepSeen) error {
		return r.setMemory(ctx, r.stage.Memory)
	},
	"pause-container": func(r *trial, ctx context.Context, _ scenario.Step, _ *scenario.StepSeen) error {
		r.paused = true
		return r.equipment.Engine.Pause(ctx, r.backendID)
	},
	"unpause-container": func(r *trial, ctx context.Context, _ scenario.Step, _ *scenario.StepSeen) error {
		return r.unpause(ctx)
	},
	"wait": func(_ *trial, ctx context.Context, s scenario.Step, _ *scenario.StepSeen) error {
		select {
		case <-time.After(s.Wait.D()):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	},
	"chmod": func(r *trial, ctx context.Context, s scenario.Step, _ *scenario.StepSeen) error {
		return r.backend.ask(ctx, protocol.MethodFile, protocol.File{Path: s.Target, Mode: s.Mode, UID: -1, GID: -1}, nil)
	},
	"chown": func(r *trial, ctx context.Context, s scenario.Step, _ *scenario.StepSeen) error {
		uid, gid, err := r.owner(s.Owner)
		if err != nil {
			return err
		}
		return r.backend.ask(ctx, protocol.MethodFile, protocol.File{Path: s.Target, UID: uid, GID: gid}, nil)
	},
	"remove": func(r *trial, ctx context.Context, s scenario.Step, _ *scenario.StepSeen) error {
		return r.backend.ask(ctx, protocol.MethodFile, protocol.File{Path: s.Target, Remove: true}, nil)
	},
}

func (r *trial) step(ctx context.Context, s scenario.Step, seen *scenario.StepSeen) error {
	take, ok := steps[s.Do]
	if !ok {
		return fmt.Errorf("no way to take the step %q", s.Do)
	}
	return take(r, ctx, s, seen)
}

func (r *trial) eachBackend(s scenario.Step, do func(name string) error) error {
	for _, name := range r.backendNames(s.Target) {
		if err := do(name); err != nil {
			return err
		}
	}
	return nil
}

func (r *trial) signal(ctx context.Context, name string, kill bool) error {
	return r.backend.ask(ctx, protocol.MethodSignal, protocol.Signal{Name: name, Kill: kill}, nil)
}
