package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/engine"
)

// Recipes returns the recipe of every image that a run may use.
func Recipes() []Recipe {
	all := []Recipe{Nginx()}
	for _, one := range server.Table {
		all = append(all, Server(one))
	}
	return all
}

// List returns the images on the engine that lab made, and the official ones.
func (s *Source) List(ctx context.Context) ([]engine.Image, error) {
	images, err := s.Engine.ListImages(ctx, engine.LabelImage, "")
	if err != nil {
		return nil, err
	}
	for _, recipe := range Recipes() {
		if recipe.Official == "" {
			continue
		}
		official, err := s.Engine.Image(ctx, recipe.Official)
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(images, func(img engine.Image) bool { return img.ID == official.ID }) {
			images = append(images, official)
		}
	}
	return images, nil
}

// Save writes images for Load and returns their names. If no image is named, it writes every
// image that a run would use, and obtains those that are not on the engine.
func (s *Source) Save(ctx context.Context, w io.Writer, refs ...string) ([]string, error) {
	if len(refs) == 0 {
		for _, recipe := range Recipes() {
			got, err := s.Obtain(ctx, recipe, "")
			if errors.Is(err, ErrNoSource) {
				s.report(engine.Progress{What: "not saved: " + err.Error(), Warning: true})
				continue
			}
			if err != nil {
				return nil, err
			}
			refs = append(refs, got.Name)
		}
	}
	var total int64
	for _, ref := range refs {
		img, err := s.Engine.Image(ctx, ref)
		if err != nil {
			return nil, err
		}
		total += img.Bytes
	}
	counted := &counter{report: s.report, progress: engine.Progress{What: "saving", Total: total}}
	if err := s.Engine.Save(ctx, refs, io.MultiWriter(w, counted)); err != nil {
		return nil, err
	}
	return refs, nil
}

// Load loads saved images into the engine and returns their names.
func (s *Source) Load(ctx context.Context, r io.Reader) ([]string, error) {
	counted := &counter{report: s.report, progress: engine.Progress{What: "loading"}}
	return s.Engine.Load(ctx, io.TeeReader(r, counted))
}

// Prune removes every image that lab made, and never one that was pulled. An image that a
// container uses is kept and becomes part of the error; the others are removed all the same.
func (s *Source) Prune(ctx context.Context) ([]engine.Image, error) {
	images, err := s.Engine.ListImages(ctx, engine.LabelImage, "")
	if err != nil {
		return nil, err
	}
	var removed []engine.Image
	var kept []error
	for _, img := range images {
		names := img.Tags
		if len(names) == 0 {
			names = []string{img.ID}
		}
		var err error
		for _, name := range names {
			if one := s.Engine.RemoveImage(ctx, name); one != nil && !errors.Is(one, engine.ErrNotFound) {
				err = one
			}
		}
		if err != nil {
			kept = append(kept, err)
			continue
		}
		removed = append(removed, img)
	}
	if len(kept) > 0 {
		return removed, fmt.Errorf("pruning images: %w", errors.Join(kept...))
	}
	return removed, nil
}

// counter counts the bytes that pass and reports every megabyte.
type counter struct {
	report   func(engine.Progress)
	progress engine.Progress
	said     int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.progress.Done += int64(len(p))
	if c.progress.Done-c.said >= 1<<20 {
		c.said = c.progress.Done
		c.report(c.progress)
	}
	return len(p), nil
}
