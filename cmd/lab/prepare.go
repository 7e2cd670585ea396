package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gatewaylab/lab/internal/agent"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/testbed"
)

// prepared is all that a run needs besides scenarios.
type prepared struct {
	engine *docker.Engine
	info   engine.Info
	image  image.Obtained
	agent  []byte
}

// prepare finds the engine, and then does side by side what may take long: obtaining
// the image, obtaining the agent, and sweeping what killed runs left.
func prepare(ctx context.Context, cache, ref string, p *progress) (ready prepared, err error) {
	if ready.engine, err = docker.Dial(ctx); err != nil {
		return ready, err
	}
	if ready.info, err = ready.engine.Info(ctx); err != nil {
		return ready, err
	}
	p.Detail("engine: %s %s at %s", ready.info.Name, ready.info.Version, ready.info.Address)

	ctx, stop := ready.engine.While(ctx)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	start := func(doing string, step func() error) {
		all.Go(func() {
			began := time.Now()
			if err := step(); err != nil {
				// The first one counts; the others only hear of it.
				cancel(err)
				return
			}
			p.Detail("%s: %s", doing, time.Since(began).Round(time.Millisecond))
		})
	}
	start("image", func() error {
		source := image.Source{Engine: ready.engine, Info: ready.info, Cache: cache, Report: p.Bytes}
		got, err := source.Obtain(ctx, ref)
		ready.image = got
		return err
	})
	start("agent", func() error {
		source := agent.Source{Cache: cache, Report: func(what string) { p.Line("%s", what) }}
		binary, err := source.Binary(ctx, ready.info.Arch)
		ready.agent = binary
		return err
	})
	start("sweep", func() error {
		swept, err := testbed.Sweep(ctx, ready.engine, cache)
		if len(swept) > 0 {
			p.Line("removed what an earlier run left behind: %s", describe(swept))
		}
		// Somebody's leftovers do not keep this run from its work.
		if err != nil && ctx.Err() == nil {
			p.Warn("sweeping what earlier runs left behind: %v", err)
		}
		return nil
	})
	all.Wait()
	p.Done()
	if ctx.Err() != nil {
		err = fmt.Errorf("preparing the run: %w", context.Cause(ctx))
	}
	return ready, err
}
