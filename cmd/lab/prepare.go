package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gatewaylab/lab/internal/agent"
	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/testbed"
)

// dialling is an engine that is asked for while the scenarios are read.
type dialling struct {
	done   chan struct{}
	engine *docker.Engine // nil: there is none, and err says why
	info   engine.Info
	err    error
}

func dial(ctx context.Context) *dialling {
	steady()
	d := &dialling{done: make(chan struct{})}
	go func() {
		defer close(d.done)
		if d.engine, d.err = docker.Dial(ctx); d.err == nil {
			d.info, d.err = d.engine.Info(ctx)
		}
	}()
	return d
}

// prepared is all that a run needs besides scenarios.
type prepared struct {
	engine       *docker.Engine
	info         engine.Info
	image        image.Obtained
	servers      image.Servers
	agent        []byte
	certificates certificate.Set
}

// wantedImages is the images that a run needs.
type wantedImages struct {
	nginx   string            // "" is the default
	servers []string          // by name
	named   map[string]string // server -> the image that somebody named for it
}

// prepare waits for the engine, and then does side by side what may take long:
// obtaining the images, obtaining the agent, making certificates, and sweeping what
// killed runs left.
func prepare(ctx context.Context, d *dialling, cache string, wanted wantedImages, p *progress) (ready prepared, err error) {
	<-d.done
	if ready.engine, ready.info, err = d.engine, d.info, d.err; err != nil {
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
	start("images", func() (err error) {
		source := image.Source{Engine: ready.engine, Info: ready.info, Cache: cache, Report: p.Bytes}
		if ready.image, err = source.Obtain(ctx, image.Nginx(), wanted.nginx); err != nil {
			return err
		}
		ready.servers = source.ObtainServers(ctx, wanted.servers, wanted.named)
		return nil
	})
	start("certificates", func() (err error) {
		if ready.certificates, err = certificate.Make(time.Now()); err != nil {
			err = fmt.Errorf("making the run's certificates: %w", err)
		}
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
