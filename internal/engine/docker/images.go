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

// Image looks an image up by name or id.
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
	// An image may lack its date; the zero time then sorts it last.
	img.Created, _ = time.Parse(time.RFC3339Nano, found.Created)
	return img, nil
}

// ListImages returns the images that carry the label, whatever its value if value is "".
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
		// The list does not say the architecture; a labelled image is one of few.
		img, err := e.Image(ctx, summary.ID)
		if errors.Is(err, engine.ErrNotFound) {
			continue // a neighbour removed it meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("listing images: %w", err)
		}
		images = append(images, img)
	}
	return images, nil
}

// Import makes a one-layer image from a tar of a root file system.
func (e *Engine) Import(ctx context.Context, ref, platform string, changes []string, layer io.Reader) error {
	doing := fmt.Sprintf("importing the image %q", ref)
	if err := checkRef(ref); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	ctx, moved, end := e.bound(ctx, moveDeadline)
	defer end()
	source := &sourceErr{r: layer, moved: moved}
	body, err := e.api.ImageImport(ctx, image.ImportSource{Source: source, SourceName: "-"}, ref, image.ImportOptions{Changes: changes, Platform: platform})
	if err == nil {
		defer body.Close()
		err = eachMessage(body, func(message) { moved() })
	}
	// A layer that cannot be read looks to the SDK like an engine that cannot be reached.
	if source.err != nil {
		return fmt.Errorf("%s: reading the layer: %w", doing, source.err)
	}
	return e.wrap(ctx, doing, err)
}

// Tag gives an image one more name, taking that name from the image that had it.
func (e *Engine) Tag(ctx context.Context, id, ref string) error {
	ctx, cancel := e.ask(ctx)
	defer cancel()
	return e.wrap(ctx, fmt.Sprintf("tagging %q as %q", id, ref), e.api.ImageTag(ctx, id, ref))
}

// RemoveImage takes the name away, and with an image's last name the image. An image
// that a container uses is refused: it is somebody's.
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

// Save writes images as `docker save` does.
func (e *Engine) Save(ctx context.Context, refs []string, w io.Writer) error {
	doing := fmt.Sprintf("saving %s", strings.Join(refs, ", "))
	if len(refs) == 0 {
		return errors.New("saving images: none is named")
	}
	for _, ref := range refs {
		// The engine answers 200 first and then breaks off: ask before.
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

// Load reads back what Save wrote and returns the names (or ids) of the images in it.
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
		// The engine takes a tar without images, and one that is cut off, in silence.
		return nil, fmt.Errorf("%s: there is no image in the archive, or it is cut off", doing)
	}
	return names, nil
}

// checkRef refuses what is no image name or id: the SDK puts it into a URL's path as it is.
func checkRef(ref string) error {
	if _, err := reference.ParseAnyReference(ref); err != nil {
		return fmt.Errorf("%q is no image name: %w", ref, err)
	}
	return nil
}

// sourceErr tells of every read, and remembers why one failed.
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
