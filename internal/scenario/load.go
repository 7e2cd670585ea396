package scenario

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/strict"
)

// FileName is the file that makes a folder a scenario.
const FileName = "scenario.yaml"

// These limits exist because scenarios can come from strangers. The longest of lab's own
// scenarios has 3 KiB, 204 values and 4 configuration files.
const (
	maxFile    = 256 << 10 // bytes of one file
	maxValues  = 2000      // the names and values in scenario.yaml
	maxConfigs = 64
	maxAll     = 1 << 20 // the bytes of all files together; reports repeat them
)

// Load reads every folder of fsys that has a scenario.yaml, and returns the scenarios sorted
// by id. If any of them has a mistake, the error is of type Mistakes and lists all of them.
// The scenarios without mistakes are returned as well.
func Load(fsys fs.FS) ([]Scenario, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("reading the folder of the scenarios: %w", err)
	}
	var scenarios []Scenario
	var mistakes strict.Mistakes
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if entry.Type()&fs.ModeSymlink != 0 && leadsToFolder(fsys, entry.Name()) {
			mistakes = append(mistakes, strict.Mistake{
				File: entry.Name(), Text: "this is a link to a folder, and lab does not follow links to folders: copy the folder here",
			})
		}
		if !entry.IsDir() {
			continue
		}
		if !isScenario(fsys, entry.Name()) {
			continue
		}
		s, wrong := loadOne(fsys, entry.Name())
		mistakes = append(mistakes, wrong...)
		if len(wrong) == 0 {
			scenarios = append(scenarios, s)
		}
	}
	if len(scenarios) == 0 && len(mistakes) == 0 {
		return nil, fmt.Errorf("there is no scenario here: a scenario is a folder with a %s", FileName)
	}
	sort.Slice(scenarios, func(i, j int) bool { return scenarios[i].ID < scenarios[j].ID })
	return scenarios, mistakes.OrNil()
}

// leadsToFolder reports whether a link leads to a folder, or to something that cannot be
// examined. Such a link may be meant as a scenario, and lab never leaves out a scenario
// silently.
func leadsToFolder(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return info.IsDir()
}

// isScenario reports whether a folder contains a scenario.yaml. A scenario.yaml that is a
// broken link counts, and so does a folder that cannot be read, so that its mistake is
// reported.
func isScenario(fsys fs.FS, folder string) bool {
	entries, err := fs.ReadDir(fsys, folder)
	return err != nil || slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == FileName })
}

func loadOne(fsys fs.FS, id string) (Scenario, strict.Mistakes) {
	s := Scenario{ID: id, Files: map[string]string{}}
	d := strict.NewDecoder(id+"/"+FileName, maxValues, ": `lab new ID` writes a scenario to start from")

	text, err := readFile(fsys, id, FileName)
	if err != nil {
		d.Mistake(0, "%v", err)
		return s, d.Mistakes()
	}
	root := d.Parse(text)
	if root == nil {
		return s, d.Mistakes()
	}
	// A file of another version would cause many more mistakes, and all of them would be
	// misleading.
	if given, line := child(root, "version"); given != nil && given.Value != strconv.Itoa(Version) {
		d.Mistake(line, "version: this lab reads only scenarios of version %d, not a %s: "+
			"write version: %d, or use the version of lab that the scenario was written for", Version, strict.KindName(given), Version)
		return s, d.Mistakes()
	}
	d.Decode(root, &s)
	s.Version = Version
	readConfigs(d, fsys, s)
	check(d, root, &s)
	return s, d.Mistakes()
}

// suffixes lists the suffixes of the files that belong to a scenario: configuration files of
// nginx and of the servers, and applications of the servers.
var suffixes = sync.OnceValue(func() []string {
	all := []string{".conf"}
	for _, s := range server.Table {
		for _, name := range []string{s.Config, s.Application} {
			if suffix := path.Ext(name); suffix != "" && !slices.Contains(all, suffix) {
				all = append(all, suffix)
			}
		}
	}
	return all
})

// readConfigs reads the files beside scenario.yaml. It does not look into folders inside the
// scenario's folder.
func readConfigs(d *strict.Decoder, fsys fs.FS, s Scenario) {
	entries, err := fs.ReadDir(fsys, s.ID)
	if err != nil {
		d.Mistake(0, "reading the folder: %v", err)
		return
	}
	all := 0
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || !slices.Contains(suffixes(), path.Ext(name)) {
			continue
		}
		if len(s.Files) == maxConfigs {
			d.Mistake(0, "there are more than %d configuration files and applications beside %s", maxConfigs, FileName)
			return
		}
		text, err := readFile(fsys, s.ID, name)
		line, what := strict.NotText(text)
		if err != nil {
			what = err.Error()
		}
		if what != "" {
			d.Add(strict.Mistake{File: s.ID + "/" + name, Line: line, Text: what})
		}
		if all += len(text); all > maxAll {
			d.Mistake(0, "together the files beside %s have more than %d bytes", FileName, maxAll)
			return
		}
		s.Files[name] = text // a file with a mistake is kept too: it is not missing
	}
}

func readFile(fsys fs.FS, folder, name string) (string, error) {
	text, err := readPlain(fsys, path.Join(folder, name))
	if err != nil {
		var wrapped *fs.PathError
		if errors.As(err, &wrapped) {
			err = wrapped.Err // the message gives the name already
		}
		return "", fmt.Errorf("reading %q: %w; a scenario's files must be regular files in its folder", name, err)
	}
	if len(text) > maxFile {
		return "", fmt.Errorf("reading %q: it has more than %d bytes, the most that a scenario's file may have", name, maxFile)
	}
	return string(text), nil
}

// readPlain reads a regular file, at most one byte more than is allowed. It does not open
// anything else, because opening a pipe could wait for ever. This needs a file system with a
// Stat method of its own: without one fs.Stat opens the file, and fs.Sub hides the method.
func readPlain(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is a %s", kindOf(info.Mode()))
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeNamedPipe != 0:
		return "pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	}
	return "device"
}
