package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatewaylab/lab/internal/scenario"
)

// formats are those of report files.
var formats = []struct {
	name  string
	write func(Report, io.Writer) error
}{
	{"json", Report.WriteJSON},
	{"junit", Report.WriteJUnit},
	{"markdown", Report.WriteMarkdown},
	{"html", Report.WriteHTML},
}

// FormatNames lists the formats of report files.
func FormatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// File is a report file that was asked for.
type File struct {
	Format string
	Path   string
}

// ParseFile reads FORMAT=FILE, and looks whether the file could be written: after a
// long run would be late to hear of it.
func ParseFile(text string) (File, error) {
	format, path, found := strings.Cut(text, "=")
	if !found || path == "" {
		return File{}, fmt.Errorf("%q is not FORMAT=FILE, as in junit=lab.xml", text)
	}
	known := false
	for _, name := range FormatNames() {
		known = known || name == format
	}
	if !known {
		return File{}, fmt.Errorf("no format %q in %q%s; there are %s", format, text, scenario.Suggest(format, FormatNames()), strings.Join(FormatNames(), ", "))
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return File{}, fmt.Errorf("no folder %q for %q: make it first", filepath.Dir(path), text)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return File{}, fmt.Errorf("%q is a folder: name a file", path)
	}
	return File{format, path}, nil
}

// Write writes the report; a reader sees the whole file or the one before.
func (f File) Write(r Report) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing the report %s=%s: %w", f.Format, f.Path, err)
		}
	}()
	unfinished, err := os.CreateTemp(filepath.Dir(f.Path), ".lab-report-*")
	if err != nil {
		return err
	}
	for _, format := range formats {
		if format.name == f.Format {
			err = format.write(r, unfinished)
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
