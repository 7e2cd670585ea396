package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// markerFile makes a folder one of lab's: it lists the files that lab wrote there, and
// those alone are replaced by the next evidence.
const markerFile = ".lab-evidence"

// CheckEvidence looks whether evidence can be written to a folder: a new one, an empty
// one, or one that lab has written to.
func CheckEvidence(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("reading the folder: %w", err)
	case len(entries) == 0:
		return nil
	}
	if _, err := os.Lstat(path.Join(dir, markerFile)); err != nil {
		return fmt.Errorf("%q has files that are not lab's: name a new or an empty folder", dir)
	}
	return nil
}

// evidenceFile is one file of the evidence.
type evidenceFile struct{ name, text string }

// WriteEvidence writes what was seen as files for a person, a folder per scenario and
// trial. Nothing outside the folder is touched, and no file in it that lab has not written.
func (r Report) WriteEvidence(dir string) error {
	if err := r.writeEvidence(dir); err != nil {
		return fmt.Errorf("writing the evidence to %q: %w", dir, err)
	}
	return nil
}

func (r Report) writeEvidence(dir string) error {
	if err := CheckEvidence(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	if err := removeOld(root); err != nil {
		return err
	}
	files, err := r.evidenceFiles()
	if err != nil {
		return err
	}
	var names []string
	for _, f := range files {
		names = append(names, f.name)
	}
	// The list first: whatever happens after it, the next run knows what is lab's.
	if err := root.WriteFile(markerFile, []byte(strings.Join(names, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	for _, f := range files {
		if err := writeNew(root, f); err != nil {
			return err
		}
	}
	return nil
}

func writeNew(root *os.Root, f evidenceFile) error {
	if err := root.MkdirAll(path.Dir(f.name), 0o755); err != nil {
		return err
	}
	file, err := root.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%q is in the way and not lab's: move it", f.name)
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(f.text)
	return errors.Join(err, file.Close())
}

// removeOld removes what lab wrote before, and the folders that this leaves empty.
func removeOld(root *os.Root) error {
	list, err := root.ReadFile(markerFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var folders []string
	for name := range strings.SplitSeq(strings.TrimSpace(string(list)), "\n") {
		// The list is a file that anyone may have edited; root keeps it from leading out.
		if info, err := root.Lstat(name); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if err := root.Remove(name); err != nil {
			return err
		}
		for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
			folders = append(folders, folder)
		}
	}
	slices.Sort(folders)
	for _, folder := range slices.Backward(slices.Compact(folders)) {
		_ = root.Remove(folder) // one that is not empty holds somebody's files
	}
	return nil
}
