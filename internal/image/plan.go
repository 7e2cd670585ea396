package image

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatewaylab/lab/internal/image/apt"
)

// Plan says what Obtain would do.
type Plan struct {
	Name   string // the image on the engine, or the one that would be pulled
	Origin string // where it may come from, tried first
	Reason string
	// What assembling it from packages needs, whether or not that would be done.
	Packages     string   // the distribution
	Missing      []string // programs that it needs and that are not here
	CacheDir     string   // "" is a directory for once
	FreeBytes    uint64   // there; 0 where it is not known
	FreeMeasured bool
}

// NeedBytes is what the package lists, the packages and their cache take at most.
const NeedBytes = 300 << 20

// Plan looks at the engine and at this machine and changes neither. Whether a registry
// answers shows only when it is asked, so that pulling is always "may".
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
		plan.Reason = fmt.Sprintf("%s is not on the engine: it would be pulled; whether a registry has it shows only then", ref)
		return plan, nil
	}
	plan.Name = recipe.Official
	plan.Reason = fmt.Sprintf("neither %s nor an assembled image is on the engine: it would be pulled if a registry answers, which shows only then; else ", plan.Name)
	if plan.Name == "" {
		plan.Name, plan.Origin = recipe.What, OriginAssembled
		plan.Reason = "no assembled image is on the engine, and there is no official one: "
	}
	switch {
	case len(plan.Missing) > 0:
		plan.Reason += fmt.Sprintf("there is no other way, since this machine has no %s", strings.Join(plan.Missing, ", "))
	case plan.FreeMeasured && plan.FreeBytes < NeedBytes:
		plan.Reason += fmt.Sprintf("assembling from the packages of %s would want %d MB in %s, where %d MB are free", plan.Packages, NeedBytes>>20, plan.CacheDir, plan.FreeBytes>>20)
	default:
		plan.Reason += fmt.Sprintf("one would be assembled from the packages of %s", plan.Packages)
	}
	return plan, nil
}

// nearest is the first of dir and its parents that exists: the cache may not be made yet.
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
