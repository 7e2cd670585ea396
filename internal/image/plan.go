package image

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatewaylab/lab/internal/image/apt"
)

// Plan describes what Obtain would do.
type Plan struct {
	Name   string // the image on the engine, or the one that Obtain would pull
	Origin string // the origin that would be tried first
	Reason string
	// The other fields describe what assembling the image from packages needs, whether or not
	// Obtain would do that.
	Packages     string   // the distribution
	Missing      []string // programs that assembling needs and that this machine lacks
	CacheDir     string   // "" stands for a temporary directory
	FreeBytes    uint64   // free space in that directory; 0 if unknown
	FreeMeasured bool
}

// NeedBytes is the most space that package lists, packages and their cache take.
const NeedBytes = 300 << 20

// Plan inspects the engine and this machine without changing them. It does not ask a registry,
// so it can only say that an image may be pulled.
func (s *Source) Plan(ctx context.Context, recipe Recipe, ref string) (Plan, error) {
	plan := Plan{Packages: distribution(), Missing: apt.Missing(), CacheDir: s.cacheDir()}
	plan.FreeBytes, plan.FreeMeasured = free(nearest(plan.CacheDir))
	got, found, err := s.Present(ctx, recipe, ref)
	if err != nil {
		return plan, err
	}
	if found {
		plan.Name, plan.Origin, plan.Reason = got.Name, got.Origin, got.Reason
		return plan, nil
	}
	plan.Name, plan.Origin = ref, OriginPulled
	if ref != "" {
		plan.Reason = fmt.Sprintf("the image %s is not on the engine: lab would pull it, and only then see whether a registry has it", ref)
		return plan, nil
	}
	plan.Name = recipe.Official
	plan.Reason = fmt.Sprintf("neither %s nor an assembled image is on the engine: lab would pull it if a registry answers; if none does, ",
		plan.Name)
	if plan.Name == "" {
		plan.Name, plan.Origin = recipe.What, OriginAssembled
		plan.Reason = "there is no assembled image on the engine, and no official one: "
	}
	switch {
	case len(plan.Missing) > 0:
		plan.Reason += fmt.Sprintf("there is no other way, because this machine lacks %s", strings.Join(plan.Missing, ", "))
	case plan.FreeMeasured && plan.FreeBytes < NeedBytes:
		plan.Reason += fmt.Sprintf("lab would assemble it from packages of %s, which takes up to %d MB in %s, but only %d MB are free",
			plan.Packages, NeedBytes>>20, plan.CacheDir, plan.FreeBytes>>20)
	default:
		plan.Reason += fmt.Sprintf("lab would assemble it from packages of %s", plan.Packages)
	}
	return plan, nil
}

// nearest returns the first existing directory among dir and its parents, because the cache
// directory may not exist yet.
func nearest(dir string) string {
	if dir == "" {
		dir = os.TempDir()
	}
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
