package imagetest

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gatewaylab/lab/internal/engine"
)

// Layer saves an image that has one layer, and calls read with the layer.
func Layer(ctx context.Context, e engine.Images, ref string, read func(*tar.Reader) error) error {
	// The manifest, which names the layers, comes last in the archive.
	spool, err := os.CreateTemp("", "lab-imagetest-*.tar")
	if err != nil {
		return err
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	if err := e.Save(ctx, []string{ref}, spool); err != nil {
		return err
	}
	var manifest []struct{ Layers []string }
	err = entry(spool, "manifest.json", func(r io.Reader) error { return json.NewDecoder(r).Decode(&manifest) })
	if err != nil {
		return fmt.Errorf("reading the archive of %s: %w", ref, err)
	}
	if len(manifest) != 1 || len(manifest[0].Layers) != 1 {
		return fmt.Errorf("reading the archive of %s: it is not one image of one layer: %+v", ref, manifest)
	}
	return entry(spool, manifest[0].Layers[0], func(r io.Reader) error {
		buffered := bufio.NewReader(r)
		if magic, _ := buffered.Peek(2); string(magic) == "\x1f\x8b" {
			unzipped, err := gzip.NewReader(buffered)
			if err != nil {
				return err
			}
			return read(tar.NewReader(unzipped))
		}
		return read(tar.NewReader(buffered))
	})
}

func entry(file *os.File, name string, read func(io.Reader) error) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	archive := tar.NewReader(file)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("it contains no %s", name)
		}
		if err != nil {
			return err
		}
		if header.Name == name {
			return read(archive)
		}
	}
}
