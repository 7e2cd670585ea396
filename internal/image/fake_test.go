package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/engine"
)

// fake is an engine that keeps images in a map. It fails the test when it is misused: by a
// call that the test does not allow, an empty filter, or an incomplete layer.
type fake struct {
	t        *testing.T
	images   map[string]engine.Image // by name
	pull     func(ctx context.Context, ref string, report func(engine.Progress)) error
	refuse   error // what Import returns before it reads the layer
	lookup   error // what Image returns
	inUse    string
	calls    []string
	imported []byte
	changes  []string
}

var _ engine.Images = (*fake)(nil)

func newFake(t *testing.T) *fake { return &fake{t: t, images: map[string]engine.Image{}} }

func (f *fake) has(name, arch string, labels map[string]string) {
	if labels[engine.LabelImage] == assembledValue && labels[LabelLayout] == "" {
		labels[LabelLayout] = layout
	}
	f.images[name] = engine.Image{ID: "sha256:" + name, Tags: []string{name}, Arch: arch, Labels: labels, Bytes: 30e6}
}

func (f *fake) called(format string, args ...any) {
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

func (f *fake) Image(_ context.Context, ref string) (engine.Image, error) {
	if ref == "" {
		f.t.Error("Image without a name")
	}
	if f.lookup != nil {
		return engine.Image{}, f.lookup
	}
	for name, img := range f.images {
		if name == ref || img.ID == ref {
			return img, nil
		}
	}
	return engine.Image{}, fmt.Errorf("looking up %q: %w", ref, engine.ErrNotFound)
}

func (f *fake) ListImages(_ context.Context, label, value string) ([]engine.Image, error) {
	if label == "" {
		f.t.Error("ListImages without a label")
		return nil, engine.ErrNoFilter
	}
	var images []engine.Image
	for _, img := range f.images {
		if got, ok := img.Labels[label]; ok && (value == "" || got == value) {
			images = append(images, img)
		}
	}
	return images, nil
}

func (f *fake) Pull(ctx context.Context, ref, platform string, report func(engine.Progress)) error {
	f.called("pull %s", ref)
	if f.pull == nil {
		f.t.Errorf("a pull of %s that the test does not expect", ref)
		return errors.New("unexpected")
	}
	if report == nil || platform != "" {
		f.t.Errorf("pull of %s for platform %q, report %v", ref, platform, report != nil)
	}
	return f.pull(ctx, ref, report)
}

func (f *fake) Import(_ context.Context, ref, platform string, changes []string, layer io.Reader) error {
	f.called("import %s %s", ref, platform)
	if f.refuse != nil {
		return f.refuse
	}
	got, err := io.ReadAll(layer)
	if err != nil {
		return fmt.Errorf("importing: %w", err)
	}
	f.imported, f.changes = got, changes
	f.has(ref, strings.TrimPrefix(platform, "linux/"), map[string]string{engine.LabelImage: assembledValue})
	return nil
}

func (f *fake) Tag(context.Context, string, string) error {
	f.t.Error("nothing here tags")
	return nil
}

func (f *fake) RemoveImage(_ context.Context, ref string) error {
	f.called("remove %s", ref)
	if ref == f.inUse {
		return errors.New("it is in use")
	}
	if _, ok := f.images[ref]; !ok {
		f.t.Errorf("removing %s, which is not there", ref)
	}
	delete(f.images, ref)
	return nil
}

func (f *fake) Save(_ context.Context, refs []string, w io.Writer) error {
	if len(refs) == 0 {
		f.t.Error("Save of nothing")
	}
	f.called("save %s", strings.Join(refs, " "))
	_, err := fmt.Fprint(w, "archive")
	return err
}

func (f *fake) Load(_ context.Context, r io.Reader) ([]string, error) {
	text, err := io.ReadAll(r)
	return []string{string(text)}, err
}
