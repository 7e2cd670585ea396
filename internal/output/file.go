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
	"github.com/gatewaylab/lab/internal/wholefile"
)

// File is a report file that was asked for.
type File struct {
	Form string
	Path string
}

// ParseFile reads FORM=FILE, with a form of those that are known, and looks whether the
// file could be written: after a long run would be late to hear of it.
func ParseFile(text string, known []string) (File, error) {
	form, path, found := strings.Cut(text, "=")
	if !found || path == "" {
		example := known[slices.IndexFunc(known, ForPrograms)]
		return File{}, fmt.Errorf("%q is not FORMAT=FILE, as in %s=FILE", text, example)
	}
	if !slices.Contains(known, form) {
		return File{}, fmt.Errorf("no format %q in %q%s; there are %s",
			form, text, strict.Suggest(form, known), strings.Join(known, ", "))
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return File{}, fmt.Errorf("no folder %q for %q: make it first", filepath.Dir(path), text)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return File{}, fmt.Errorf("%q is a folder: name a file", path)
	}
	return File{form, path}, nil
}

// WriteFiles writes a product to files. That one of them cannot be written does not keep
// the others from being.
func WriteFiles(p Product, files []File) error {
	var failed []error
	for _, file := range files {
		if err := file.write(p); err != nil {
			failed = append(failed, fmt.Errorf("writing the report %s=%s: %w", file.Form, file.Path, err))
		}
	}
	return errors.Join(failed...)
}

// write writes the file whole or not at all.
func (f File) write(p Product) error {
	form, err := formOf(p, f.Form)
	if err != nil {
		return err
	}
	return wholefile.Write(f.Path, func(w io.Writer) error { return form.Write(w, Screen{}) })
}
