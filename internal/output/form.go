package output

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/strict"
)

// Form writes a product in one form, a report's format or an output's.
type Form struct {
	Name  string
	Write func(io.Writer) error
}

// FormNames lists the names of forms.
func FormNames(forms []Form) []string {
	var names []string
	for _, f := range forms {
		names = append(names, f.Name)
	}
	return names
}

// File is a report file that was asked for.
type File struct {
	Format string
	Path   string
}

// ParseFile reads FORMAT=FILE, with a format of those that are known, and looks whether
// the file could be written: after a long run would be late to hear of it.
func ParseFile(text string, known []string) (File, error) {
	format, path, found := strings.Cut(text, "=")
	if !found || path == "" {
		return File{}, fmt.Errorf("%q is not FORMAT=FILE, as in %s=FILE", text, known[0])
	}
	if !slices.Contains(known, format) {
		return File{}, fmt.Errorf("no format %q in %q%s; there are %s",
			format, text, strict.Suggest(format, known), strings.Join(known, ", "))
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return File{}, fmt.Errorf("no folder %q for %q: make it first", filepath.Dir(path), text)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return File{}, fmt.Errorf("%q is a folder: name a file", path)
	}
	return File{format, path}, nil
}

// Write writes the one of the forms that was asked for; a reader sees the whole file or
// the one before.
func (f File) Write(forms []Form) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing the report %s=%s: %w", f.Format, f.Path, err)
		}
	}()
	unfinished, err := os.CreateTemp(filepath.Dir(f.Path), ".lab-report-*")
	if err != nil {
		return err
	}
	for _, form := range forms {
		if form.Name == f.Format {
			err = form.Write(unfinished)
		}
	}
	// CreateTemp makes files that only their owner reads; a report is for others too.
	err = errors.Join(err, unfinished.Chmod(0o644), unfinished.Close())
	if err == nil {
		err = os.Rename(unfinished.Name(), f.Path)
	}
	if err != nil {
		_ = os.Remove(unfinished.Name())
	}
	return err
}
