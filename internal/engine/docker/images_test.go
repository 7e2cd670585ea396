package docker_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/image/imagetest"
)

// imported makes an image of one file that cannot be compressed. The image is removed when the
// test ends.
func imported(t *testing.T, e *docker.Engine, info engine.Info, ref string, size int) {
	t.Helper()
	content := make([]byte, size)
	_, _ = rand.Read(content)
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "file", Mode: 0o644, Size: int64(size)}); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.RemoveImage(context.WithoutCancel(t.Context()), ref); err != nil && !errors.Is(err, engine.ErrNotFound) {
			t.Error(err)
		}
	})
	if err := e.Import(t.Context(), ref, "linux/"+info.Arch, []string{"LABEL lab-test=1", `ENV A="b c"`}, &layer); err != nil {
		t.Fatal(err)
	}
}

func TestImages(t *testing.T) {
	e, info := imagetest.Engine(t)
	const ref, other = "lab-test/images:1", "lab-test/images:other"
	imported(t, e, info, ref, 100_000)
	img, err := e.Image(t.Context(), ref)
	if err != nil || img.Arch != info.Arch || img.Bytes != 100_000 || img.Labels["lab-test"] != "1" ||
		strings.Join(img.Tags, " ") != ref || img.Created.IsZero() || !strings.HasPrefix(img.ID, "sha256:") {
		t.Errorf("%+v, %v", img, err)
	}

	if err := e.Tag(t.Context(), img.ID, other); err != nil {
		t.Fatal(err)
	}
	if _, err := e.ListImages(t.Context(), "", ""); !errors.Is(err, engine.ErrNoFilter) {
		t.Errorf("a list without a label: %v", err)
	}
	for value, want := range map[string]int{"": 1, "1": 1, "2": 0} {
		if list, err := e.ListImages(t.Context(), "lab-test", value); err != nil || count(list, img.ID) != want {
			t.Errorf("label %q: %+v, %v", value, list, err)
		}
	}

	var archive bytes.Buffer
	if err := e.Save(t.Context(), []string{ref, other}, &archive); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{ref, other} {
		if err := e.RemoveImage(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	for doing, err := range map[string]error{
		"looked up": second(e.Image(t.Context(), ref)), "removed": e.RemoveImage(t.Context(), ref),
		"tagged": e.Tag(t.Context(), ref, other), "saved": e.Save(t.Context(), []string{ref}, io.Discard),
	} {
		if !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("an image that is not there was %s: %v", doing, err)
		}
	}

	whole := archive.Bytes()
	names, err := e.Load(t.Context(), bytes.NewReader(whole))
	if err != nil || len(names) != 2 {
		t.Errorf("%v, %v", names, err)
	}
	if loaded, err := e.Image(t.Context(), other); err != nil || loaded.ID != img.ID || loaded.Labels["lab-test"] != "1" {
		t.Errorf("%+v, %v", loaded, err)
	}
	for _, name := range []string{ref, other} {
		if err := e.RemoveImage(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	for what, archive := range map[string][]byte{"half an archive": whole[:len(whole)/2], "words": []byte("not a tar"), "nothing": nil,
		"a tar without images": emptyTar(t)} {
		if names, err := e.Load(t.Context(), bytes.NewReader(archive)); err == nil {
			t.Errorf("%s: loaded %v", what, names)
		} else {
			t.Logf("%s: %v", what, err)
		}
	}
}

// If reading the layer fails, the error must be the reader's, and there must be no image.
func TestImportOfABrokenLayer(t *testing.T) {
	e, info := imagetest.Engine(t)
	const ref = "lab-test/broken:1"
	errBroken := errors.New("the layer broke off")
	pr, pw := io.Pipe()
	go func() {
		w := tar.NewWriter(pw)
		_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "file", Size: 1 << 20, Mode: 0o644})
		_, _ = w.Write(make([]byte, 1<<19))
		pw.CloseWithError(errBroken)
	}()
	err := e.Import(t.Context(), ref, "linux/"+info.Arch, nil, pr)
	if !errors.Is(err, errBroken) || errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	absent(t, e, ref)
}

func TestInfo(t *testing.T) {
	_, info := imagetest.Engine(t)
	if info.Name == "" || info.Version == "" || info.APIVersion == "" || info.OS != "linux" || info.Arch == "" || info.Cores < 1 ||
		info.MemoryBytes < 1<<20 || (info.CgroupVersion != "1" && info.CgroupVersion != "2") || info.Address == "" {
		t.Errorf("%+v", info)
	}
	t.Logf("%+v", info)
}

func count(images []engine.Image, id string) (n int) {
	for _, img := range images {
		if img.ID == id {
			n++
		}
	}
	return n
}

func emptyTar(t *testing.T) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "manifest.json", Size: 2, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte("[]"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func second(_ engine.Image, err error) error { return err }
