package image_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/image/imagetest"
)

// This is what a run does first, on the real engine. The image is left there.
func TestObtainTheDefault(t *testing.T) {
	e, info := imagetest.Engine(t)
	var said []string
	source := image.Source{Engine: e, Info: info, Report: func(p engine.Progress) {
		if p.Warning {
			said = append(said, p.What)
		}
	}}
	got, err := source.Obtain(t.Context(), image.Nginx(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s %s in %s: %s %q", got.Origin, got.Name, got.Took.Round(time.Millisecond), got.Reason, said)
	again, err := source.Obtain(t.Context(), image.Nginx(), "")
	if err != nil || again.Origin != image.OriginPresent || again.Name != got.Name || again.Image.ID != got.Image.ID {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	plan, err := source.Plan(t.Context(), image.Nginx(), "")
	if err != nil || plan.Origin != image.OriginPresent || plan.Name != got.Name {
		t.Errorf("plan %+v, %v", plan, err)
	}
	byID, err := source.Obtain(t.Context(), image.Nginx(), got.Image.ID)
	if err != nil || byID.Origin != image.OriginPresent || byID.Image.ID != got.Image.ID {
		t.Errorf("by id: %+v, %v", byID, err)
	}
}

func TestRelaid(t *testing.T) {
	e, info := imagetest.Engine(t)
	base := imagetest.Nginx(t, e, info)
	began := time.Now()
	ref, cleanup, err := imagetest.Relaid(t.Context(), e, base)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s in %s", ref, time.Since(began).Round(time.Millisecond))
	img, err := e.Image(t.Context(), ref)
	if err != nil || img.Labels[engine.LabelImage] != "relaid" || img.Arch != info.Arch {
		t.Errorf("%+v, %v", img, err)
	}
	got, err := (&image.Source{Engine: e, Info: info}).Obtain(t.Context(), image.Nginx(), "")
	if err != nil || strings.Contains(got.Name, "relaid") {
		t.Errorf("a run would use %s, %v", got.Name, err)
	}
	cleanup()
	if _, err := e.Image(context.WithoutCancel(t.Context()), ref); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("after the clean-up: %v", err)
	}
}
