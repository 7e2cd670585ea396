package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/image/apt"
)

// The origins of an image.
const (
	OriginPresent   = "present"
	OriginPulled    = "pulled"
	OriginAssembled = "assembled"
)

// Obtained is an image that is on the engine.
type Obtained struct {
	Image  engine.Image
	Name   string // the name to create containers with
	Origin string
	Reason string // says in words why the image comes from there
	Took   time.Duration
}

// ErrNoSource means that an image can never be obtained here, even if every registry and
// mirror answers: there is no official image, and this machine lacks the programs for
// assembling one.
var ErrNoSource = errors.New("there is no way to obtain it")

// Obtain makes sure that the engine has an image. If ref is "", the image is the recipe's
// official one, or one that is assembled from packages if no registry answers. An image that
// the user named in ref is never replaced by another one.
func (s *Source) Obtain(ctx context.Context, recipe Recipe, ref string) (Obtained, error) {
	began := time.Now()
	got, err := s.obtain(ctx, recipe, ref)
	got.Took = time.Since(began)
	return got, err
}

func (s *Source) obtain(ctx context.Context, recipe Recipe, ref string) (Obtained, error) {
	if got, found, err := s.Present(ctx, recipe, ref); found || err != nil {
		return got, err
	}
	if missing := apt.Missing(); ref == "" && recipe.Official == "" && len(missing) > 0 {
		return Obtained{}, fmt.Errorf("obtaining an image of %s: %w: there is no official image, and this machine lacks %s "+
			"for assembling one: name an image with --image %s=IMAGE, or assemble it on another machine and load it with "+
			"`lab images load`", recipe.What, ErrNoSource, strings.Join(missing, ", "), recipe.What)
	}
	dir, unlock, err := s.lock(ctx)
	if err != nil {
		return Obtained{}, err
	}
	defer unlock()
	// Another lab process may have obtained it while this one waited for the lock.
	if got, found, err := s.Present(ctx, recipe, ref); found || err != nil {
		return got, err
	}

	pullErr, why := errNoOfficial, errNoOfficial.Error()
	if name := cmp.Or(ref, recipe.Official); name != "" {
		if pullErr = s.pull(ctx, name); pullErr == nil {
			return s.arrived(ctx, name, OriginPulled, "it was not on the engine")
		}
		if ctx.Err() != nil { // the run was interrupted: do not try anything else
			return Obtained{}, pullErr
		}
		if ref != "" {
			return Obtained{}, failure{recipe: recipe, ref: ref, pull: pullErr}
		}
		why = noPull(name, pullErr)
	}
	s.report(engine.Progress{What: fmt.Sprintf("%s: assembling %s from the packages of %s", why, recipe.What, distribution()),
		Warning: recipe.Official != ""})
	assemble := s.assembling
	if assemble == nil {
		assemble = s.assemble
	}
	name, assembleErr := assemble(ctx, dir, recipe)
	if assembleErr == nil {
		return s.arrived(ctx, name, OriginAssembled, why)
	}
	if ctx.Err() != nil {
		return Obtained{}, assembleErr
	}
	return Obtained{}, failure{recipe: recipe, pull: pullErr, assemble: assembleErr}
}

var errNoOfficial = errors.New("there is no official image")

// Present looks for a suitable image on the engine.
func (s *Source) Present(ctx context.Context, recipe Recipe, ref string) (Obtained, bool, error) {
	name, reason := ref, "it is on the engine"
	if ref == "" {
		name, reason = recipe.Official, "the pinned image is on the engine"
	}
	if name == "" {
		return s.assembled(ctx, recipe)
	}
	img, err := s.Engine.Image(ctx, name)
	switch {
	case err == nil && img.Arch == s.Info.Arch:
		return Obtained{Image: img, Name: name, Origin: OriginPresent, Reason: reason}, true, nil
	case err == nil && ref != "":
		s.report(engine.Progress{What: fmt.Sprintf("the image %s is for %s, but the engine runs on %s: it may not work", ref, img.Arch,
			s.Info.Arch), Warning: true})
		return Obtained{Image: img, Name: name, Origin: OriginPresent, Reason: reason}, true, nil
	case err != nil && !errors.Is(err, engine.ErrNotFound):
		return Obtained{}, false, err
	case ref != "":
		return Obtained{}, false, nil
	}
	return s.assembled(ctx, recipe)
}

// assembled returns the newest image that was assembled for this architecture. Images of a lab
// that assembled them differently do not count.
func (s *Source) assembled(ctx context.Context, recipe Recipe) (Obtained, bool, error) {
	reason := "an image assembled earlier is on the engine"
	if recipe.Official != "" {
		reason += ", and " + recipe.Official + " is not"
	}
	images, err := s.Engine.ListImages(ctx, engine.LabelImage, assembledValue)
	if err != nil {
		return Obtained{}, false, err
	}
	sort.Slice(images, func(i, j int) bool {
		if !images[i].Created.Equal(images[j].Created) {
			return images[i].Created.After(images[j].Created)
		}
		return images[i].ID < images[j].ID
	})
	for _, img := range images {
		for _, tag := range img.Tags {
			// Podman adds the name of a registry in front, so only the end is compared.
			if img.Arch == s.Info.Arch && img.Labels[LabelLayout] == layout && strings.Contains("/"+tag, "/"+recipe.Repository+":") {
				return Obtained{Image: img, Name: tag, Origin: OriginPresent, Reason: reason}, true, nil
			}
		}
	}
	return Obtained{}, false, nil
}

func (s *Source) arrived(ctx context.Context, name, origin, reason string) (Obtained, error) {
	img, err := s.Engine.Image(ctx, name)
	if err != nil {
		return Obtained{}, fmt.Errorf("inspecting the image that was %s: %w", origin, err)
	}
	return Obtained{Image: img, Name: name, Origin: origin, Reason: reason}, nil
}
