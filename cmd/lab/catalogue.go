package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/scenarios"
)

// catalogue is the scenarios that were read.
type catalogue struct {
	dir       string // "" is lab's own
	single    bool   // the folder is a scenario itself
	entries   []scenario.Entry
	scenarios []scenario.Scenario // none where the entries were all that was read
	mistakes  strict.Mistakes
}

// readEntries is readCatalogue for who wants no more than the scenarios in short.
func readEntries(dir string) (catalogue, error) {
	if dir == "" {
		if entries, current := scenario.ReadIndex(scenarios.Index, scenarios.FS); current {
			return catalogue{entries: entries}, nil
		}
	}
	return readCatalogue(dir)
}

// readCatalogue reads the scenarios of a folder, or lab's own. Mistakes in them are
// no error here: a command may not need the scenarios that have them.
func readCatalogue(dir string) (catalogue, error) {
	c := catalogue{dir: dir}
	var from fs.FS = scenarios.FS
	if dir != "" {
		var err error
		if from, c.single, err = openScenarios(dir); err != nil {
			return c, usage("opening the scenarios' folder %q: %w", dir, err)
		}
	}
	found, err := scenario.Load(from)
	c.scenarios, c.entries = found, scenario.Entries(found)
	if err != nil && !errors.As(err, &c.mistakes) {
		return c, usage("reading the scenarios of %q: %w", dir, err)
	}
	return c, nil
}

// shown is the mistakes with paths that lead to the files from here.
func (c catalogue) shown() strict.Mistakes {
	list := append(strict.Mistakes{}, c.mistakes...)
	for i, m := range list {
		_, file, _ := strings.Cut(m.File, "/")
		if c.single {
			m.File = file
		}
		list[i].File = filepath.Join(c.dir, filepath.FromSlash(m.File))
	}
	return list
}

// openScenarios opens a folder so that neither .. nor a symbolic link leads out of
// it. A folder that is a scenario itself stands as the only one of its parent.
func openScenarios(dir string) (files fs.FS, single bool, err error) {
	// OpenRoot opens first and looks then: at a pipe it would wait for ever.
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("not a folder")
	}
	if err != nil {
		return nil, false, pathCause(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, false, pathCause(err)
	}
	if _, err := root.Lstat(scenario.FileName); err != nil {
		return root.FS(), false, nil
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, false, err
	}
	return alone{filepath.Base(path), root.FS()}, true, nil
}

// pathCause is an error without the path, which its reader has already.
func pathCause(err error) error {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// alone is a file system in which one folder stands alone.
type alone struct {
	name string
	fs.FS
}

func (a alone) Open(name string) (fs.File, error) {
	inside, err := a.inside("open", name)
	if err != nil {
		return nil, err
	}
	return a.FS.Open(inside)
}

// Stat looks at a file and does not open it: a pipe would wait for its writer.
func (a alone) Stat(name string) (fs.FileInfo, error) {
	inside, err := a.inside("stat", name)
	if err != nil {
		return nil, err
	}
	return fs.Stat(a.FS, inside)
}

// ReadDir lists the folder at the top, and its files below it.
func (a alone) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "." {
		info, err := fs.Stat(a.FS, ".")
		if err != nil {
			return nil, err
		}
		return []fs.DirEntry{named{fs.FileInfoToDirEntry(info), a.name}}, nil
	}
	inside, err := a.inside("readdir", name)
	if err != nil {
		return nil, err
	}
	return fs.ReadDir(a.FS, inside)
}

func (a alone) inside(op, name string) (string, error) {
	if name == a.name {
		return ".", nil
	}
	inside, ok := strings.CutPrefix(name, a.name+"/")
	if !ok {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return inside, nil
}

// named is a folder's entry under the name that it has from outside.
type named struct {
	fs.DirEntry
	name string
}

func (n named) Name() string { return n.name }

// refused is the error of a catalogue with mistakes.
func (c catalogue) refused(doing string) error {
	return errExit{output.Usage, fmt.Errorf("%s: %s:\n%s", doing, output.Plural(len(c.mistakes), "mistake"), c.shown().Error())}
}
