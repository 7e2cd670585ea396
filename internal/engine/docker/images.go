package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"

	"github.com/gatewaylab/lab/internal/engine"
)

// Image finds an image by its name or id.
func (e *Engine) Image(ctx context.Context, ref string) (engine.Image, error) {
	doing := fmt.Sprintf("looking up the image %q", ref)
	if err := checkRef(ref); err != nil {
		return engine.Image{}, fmt.Errorf("%s: %w", doing, err)
	}
	ctx, cancel := e.ask(ctx)
	defer cancel()
	found, err := e.api.ImageInspect(ctx, ref)
	if err != nil {
		return engine.Image{}, e.wrap(ctx, doing, err)
	}
	img := engine.Image{ID: found.ID, Tags: found.RepoTags, Bytes: found.Size, Arch: found.Architecture}
	if found.Config != nil {
		img.Labels = found.Config.Labels
	}
	// An image may have no date. The zero time then sorts it last.
	img.Created, _ = time.Parse(time.RFC3339Nano, found.Created)
	return img, nil
}

// ListImages returns the images that have the label. If value is "", the label may have any
// value.
func (e *Engine) ListImages(ctx context.Context, label, value string) ([]engine.Image, error) {
	filter, err := labelFilter(label, value)
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	asking, cancel := e.ask(ctx)
	defer cancel()
	found, err := e.api.ImageList(asking, image.ListOptions{Filters: filter})
	if err != nil {
		return nil, e.wrap(asking, "listing images", err)
	}
	var images []engine.Image
	for _, summary := range found {
		// The list does not contain the architecture. Asking for each image is cheap, because
		// few images have the label.
		img, err := e.Image(ctx, summary.ID)
		if errors.Is(err, engine.ErrNotFound) {
			continue // somebody removed it meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("listing images: %w", err)
		}
		images = append(images, img)
	}
	return images, nil
}

// Import makes an image with one layer from a tar archive of a root file system.
func (e *Engine) Import(ctx context.Context, ref, platform string, changes []string, layer io.Reader) error {
	doing := fmt.Sprintf("importing the image %q", ref)
	if err := checkRef(ref); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	ctx, moved, end := e.bound(ctx, moveDeadline)
	defer end()
	source := &sourceErr{r: layer, moved: moved}
	body, err := e.api.ImageImport(ctx, image.ImportSource{Source: source, SourceName: "-"}, ref,
		image.ImportOptions{Changes: changes, Platform: platform})
	if err == nil {
		defer body.Close()
		err = eachMessage(body, func(message) { moved() })
	}
	// To the SDK, a layer that cannot be read looks like an engine that cannot be reached.
	if source.err != nil {
		return fmt.Errorf("%s: reading the layer: %w", doing, source.err)
	}
	return e.wrap(ctx, doing, err)
}

// Tag gives an image an additional name. If another image had this name, it loses it.
func (e *Engine) Tag(ctx context.Context, id, ref string) error {
	ctx, cancel := e.ask(ctx)
	defer cancel()
	return e.wrap(ctx, fmt.Sprintf("tagging %q as %q", id, ref), e.api.ImageTag(ctx, id, ref))
}

// RemoveImage removes a name of an image, and the image if that was its last name. The engine
// refuses to remove an image that a container uses.
func (e *Engine) RemoveImage(ctx context.Context, ref string) error {
	doing := fmt.Sprintf("removing the image %q", ref)
	if err := checkRef(ref); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	ctx, cancel := e.ask(ctx)
	defer cancel()
	_, err := e.api.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
	return e.wrap(ctx, doing, err)
}

// Save writes images in the format of `docker save`.
func (e *Engine) Save(ctx context.Context, refs []string, w io.Writer) error {
	doing := fmt.Sprintf("saving %s", strings.Join(refs, ", "))
	if len(refs) == 0 {
		return errors.New("saving images: no image is named")
	}
	for _, ref := range refs {
		// The engine answers with status 200 even if an image is missing, and breaks off
		// later. Ask for each image first.
		if _, err := e.Image(ctx, ref); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	ctx, moved, end := e.bound(ctx, moveDeadline)
	defer end()
	body, err := e.api.ImageSave(ctx, refs)
	if err != nil {
		return e.wrap(ctx, doing, err)
	}
	defer body.Close()
	_, err = io.Copy(w, &sourceErr{r: body, moved: moved})
	return e.wrap(ctx, doing, err)
}

// Load reads images that Save wrote, and returns their names or ids.
func (e *Engine) Load(ctx context.Context, r io.Reader) ([]string, error) {
	const doing = "loading images"
	ctx, moved, end := e.bound(ctx, moveDeadline)
	defer end()
	source := &sourceErr{r: r, moved: moved}
	answer, err := e.api.ImageLoad(ctx, source)
	var names []string
	if err == nil {
		defer answer.Body.Close()
		err = eachMessage(answer.Body, func(m message) {
			moved()
			for line := range strings.Lines(m.Stream) {
				for _, intro := range []string{"Loaded image: ", "Loaded image ID: ", "Loaded image(s): "} {
					if name, ok := strings.CutPrefix(strings.TrimSpace(line), intro); ok {
						names = append(names, name)
					}
				}
			}
		})
	}
	switch {
	case source.err != nil:
		return nil, fmt.Errorf("%s: reading the archive: %w", doing, source.err)
	case err != nil:
		return nil, e.wrap(ctx, doing, err)
	case len(names) == 0:
		// The engine accepts a tar archive without images, or one that is cut off, without an
		// error.
		return nil, fmt.Errorf("%s: the archive contains no image, or it is cut off", doing)
	}
	return names, nil
}

// checkRef refuses a text that is not the name or id of an image, because the SDK puts the
// text into the path of a URL unchanged.
func checkRef(ref string) error {
	if _, err := reference.ParseAnyReference(ref); err != nil {
		return fmt.Errorf("%q is not the name of an image: %w", ref, err)
	}
	return nil
}

// sourceErr calls back on every read, and remembers why a read failed.
type sourceErr struct {
	r     io.Reader
	moved func()
	err   error
}

func (s *sourceErr) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.moved()
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
