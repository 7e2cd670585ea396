package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/image/apt"
)

// assemble makes the recipe's image from packages of this machine's distribution, which it
// keeps in the folder dir. It returns the image's name. It needs no root and installs nothing.
func (s *Source) assemble(ctx context.Context, dir string, recipe Recipe) (string, error) {
	doing := "assembling " + recipe.Repository
	arch := s.Info.Arch
	if arch == "" {
		return "", fmt.Errorf("%s: the engine does not say its architecture", doing)
	}
	host := apt.Host{Dir: filepath.Join(dir, "apt", arch), Arch: arch, Report: s.report}
	packages, err := host.Fetch(ctx, recipe.Packages...)
	if err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	name, err := recipe.name(packages)
	if err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	if err := s.importLayer(ctx, name, recipe, packages); err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	return name, nil
}

// importLayer streams the layer to the engine while the layer is being written.
func (s *Source) importLayer(ctx context.Context, name string, recipe Recipe, packages []apt.Package) error {
	var total int64
	for _, p := range packages {
		total += p.Bytes
	}
	pr, pw := io.Pipe()
	wrote := make(chan error, 1)
	go func() {
		err := writeLayer(ctx, pw, s.Info.Arch, recipe, packages, func(done int64) {
			s.report(engine.Progress{What: "unpacking", Done: done, Total: total})
		})
		if err == nil {
			s.report(engine.Progress{What: "importing " + name})
		}
		// If the pipe ended without an error, the engine would accept half of a layer as a
		// complete one.
		pw.CloseWithError(err)
		wrote <- err
	}()
	err := s.Engine.Import(ctx, name, "linux/"+s.Info.Arch, recipe.changes(packages), pr)
	// An engine that refuses the image stops reading. This ends the writer.
	pr.CloseWithError(io.ErrClosedPipe)
	if wroteErr := <-wrote; wroteErr != nil && !errors.Is(wroteErr, io.ErrClosedPipe) {
		return wroteErr
	}
	return err
}

// distribution returns the name of this machine's distribution, such as "Debian GNU/Linux 12
// (bookworm)".
func distribution() string {
	text, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			return strings.Trim(name, `"'`)
		}
	}
	return "this machine's distribution"
}
