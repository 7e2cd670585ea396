package image

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/engine"
)

func TestListSaveLoadPrune(t *testing.T) {
	f := newFake(t)
	var wanted []string
	assembled := 0 // the number of assembled images
	for _, recipe := range Recipes() {
		name := recipe.Official
		if name == "" {
			name = recipe.Repository + ":1"
			assembled++
			f.has(name, "amd64", map[string]string{engine.LabelImage: assembledValue})
		} else {
			f.has(name, "amd64", nil)
		}
		wanted = append(wanted, name)
	}
	f.has("other:1", "amd64", nil)
	f.has(assembledName, "amd64", map[string]string{engine.LabelImage: assembledValue})
	f.has("lab-test/relaid:1", "amd64", map[string]string{engine.LabelImage: "relaid"})
	f.inUse = "lab-test/relaid:1"
	s, _ := source(t, f, nil)

	images, err := s.List(t.Context())
	var names []string
	for _, img := range images {
		names = append(names, img.Tags...)
	}
	slices.Sort(names)
	listed := append(slices.Clone(wanted), "lab-test/relaid:1", assembledName)
	slices.Sort(listed)
	if err != nil || !slices.Equal(names, listed) {
		t.Errorf("list %v, %v; want %v", names, err, listed)
	}

	var out bytes.Buffer
	if saved, err := s.Save(t.Context(), &out); err != nil || !slices.Equal(saved, wanted) || out.String() != "archive" {
		t.Errorf("saved %v %q, %v", saved, out.String(), err)
	}
	if _, err := s.Save(t.Context(), &out, "none:1"); err == nil {
		t.Error("an image that is not there was saved")
	}
	if loaded, err := s.Load(t.Context(), strings.NewReader("name:1")); err != nil || strings.Join(loaded, " ") != "name:1" {
		t.Errorf("loaded %v, %v", loaded, err)
	}

	f.calls = nil
	removed, err := s.Prune(t.Context())
	if err == nil || !strings.Contains(err.Error(), "in use") || len(removed) != assembled+1 ||
		!slices.ContainsFunc(removed, func(img engine.Image) bool { return img.Tags[0] == assembledName }) {
		t.Errorf("pruned %+v, %v", removed, err)
	}
	if _, still := f.images[Pinned]; !still || len(f.calls) != assembled+2 {
		t.Errorf("calls %v", f.calls)
	}
}

func TestPlan(t *testing.T) {
	f := newFake(t) // a plan that pulls would fail the test
	s, _ := source(t, f, nil)
	plan, err := s.Plan(t.Context(), Nginx(), "")
	if err != nil || plan.Origin != OriginPulled || plan.Name != Pinned ||
		!strings.Contains(plan.Reason, "if a registry answers; if none does, ") {
		t.Errorf("%+v, %v", plan, err)
	}
	if plan.CacheDir != s.Cache || plan.Packages == "" || (plan.FreeMeasured && plan.FreeBytes == 0) {
		t.Errorf("%+v", plan)
	}
	if plan, err := s.Plan(t.Context(), Nginx(), "mine:1"); err != nil || plan.Name != "mine:1" ||
		strings.Contains(plan.Reason, "assembled") {
		t.Errorf("%+v, %v", plan, err)
	}
	t.Run("without apt", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		plan, err := s.Plan(t.Context(), Nginx(), "")
		if err != nil || strings.Join(plan.Missing, " ") != "apt-get apt-config dpkg-deb" ||
			!strings.HasSuffix(plan.Reason, "this machine lacks apt-get, apt-config, dpkg-deb") {
			t.Errorf("%+v, %v", plan, err)
		}
	})
	f.has(Pinned, "amd64", nil)
	if plan, err := s.Plan(context.WithoutCancel(t.Context()), Nginx(), ""); err != nil || plan.Origin != OriginPresent {
		t.Errorf("%+v, %v", plan, err)
	}
	if len(f.calls) > 0 {
		t.Errorf("calls %v", f.calls)
	}
}
