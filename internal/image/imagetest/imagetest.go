// Package imagetest helps tests that need a real engine and real images. Only tests may import
// it.
package imagetest

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/image"
)

// Engine connects to the engine. Without an engine the test is skipped. In CI it fails
// instead, because nobody would notice that it was skipped.
func Engine(t testing.TB) (*docker.Engine, engine.Info) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	e, err := docker.Dial(ctx)
	if err != nil {
		missing(t, "a container engine", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	info, err := e.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e, info
}

// Nginx obtains the image that a run would use and returns its name. The image is left on the
// engine for the next test.
func Nginx(t testing.TB, e engine.Images, info engine.Info) string {
	t.Helper()
	source := image.Source{Engine: e, Info: info, Report: func(p engine.Progress) {
		if p.Warning {
			t.Log(p.What)
		}
	}}
	got, err := source.Obtain(t.Context(), image.Nginx(), "")
	if err != nil {
		t.Fatal(err)
	}
	return got.Name
}

func missing(t testing.TB, what string, why error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("this test needs %s, and CI is set: %v", what, why)
	}
	t.Skipf("SKIPPED: this test needs %s: %v", what, why)
}
