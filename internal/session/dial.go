package session

import (
	"context"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
)

// Dialling is an engine that is being asked for, while its caller does something else.
type Dialling struct {
	done   chan struct{}
	engine *docker.Engine // nil: there is none, and err says why
	info   engine.Info
	err    error
}

// Dial begins to ask for the engine; Open waits for the answer.
func Dial(ctx context.Context) *Dialling {
	d := &Dialling{done: make(chan struct{})}
	go func() {
		defer close(d.done)
		if d.engine, d.err = docker.Dial(ctx); d.err == nil {
			d.info, d.err = d.engine.Info(ctx)
		}
	}()
	return d
}
