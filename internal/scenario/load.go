package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// FileName is the file that makes a folder a scenario.
const FileName = "scenario.yaml"

// maxFile bounds every file that is read: scenarios come from strangers too.
const maxFile = 256 << 10

// Load reads every folder of fsys that holds a scenario.yaml, sorted by id.
// If anything is wrong with any of them the error is a Mistakes with all of it;
// the scenarios without mistakes are returned all the same.
func Load(fsys fs.FS) ([]Scenario, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("reading the scenarios' folder: %w", err)
	}
	var scenarios []Scenario
	var mistakes Mistakes
	for _, entry := range entries {
		if !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		sub, err := fs.Sub(fsys, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("reading scenario %q: %w", entry.Name(), err)
		}
		if _, err := fs.Stat(sub, FileName); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		s, wrong := loadOne(sub, entry.Name())
		mistakes = append(mistakes, wrong...)
		if len(wrong) == 0 {
			scenarios = append(scenarios, s)
		}
	}
	if len(scenarios) == 0 && len(mistakes) == 0 {
		return nil, fmt.Errorf("no scenario here: a scenario is a folder with a %s", FileName)
	}
	sort.Slice(scenarios, func(i, j int) bool { return scenarios[i].ID < scenarios[j].ID })
	return scenarios, mistakes.orNil()
}

func loadOne(fsys fs.FS, id string) (Scenario, Mistakes) {
	s := Scenario{ID: id, Files: map[string]string{}}
	d := &decoder{file: id + "/" + FileName}

	text, err := readFile(fsys, FileName)
	if err != nil {
		d.mistake(0, "%v", err)
		return s, d.mistakes
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		line, what := yamlError(err)
		d.mistake(line, "not readable as YAML: %s", what)
		return s, d.mistakes
	}
	if len(document.Content) == 0 {
		d.mistake(1, "empty: `lab new ID` writes a scenario to start from")
		return s, d.mistakes
	}
	root := document.Content[0]
	d.decode(root, reflect.ValueOf(&s).Elem())

	if err := readConfigs(fsys, s.Files); err != nil {
		d.mistake(0, "%v", err)
	}
	check(d, root, &s)
	return s, d.mistakes
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`) })

// yamlError takes the library's message apart. Its parser counts lines from 0,
// its scanner from 1; the words tell which of them spoke.
func yamlError(err error) (line int, what string) {
	m := yamlLine().FindStringSubmatch(err.Error())
	if m == nil {
		return 0, err.Error()
	}
	line, _ = strconv.Atoi(m[1])
	if strings.HasPrefix(m[2], "did not find expected") {
		line++
	}
	return line, m[2]
}

// readConfigs reads the files beside scenario.yaml. Folders inside a scenario's
// folder are not looked into.
func readConfigs(fsys fs.FS, into map[string]string) error {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return err
	}
	var wrong []error
	for _, entry := range entries {
		if entry.IsDir() || entry.Name() == FileName || !strings.HasSuffix(entry.Name(), ".conf") {
			continue
		}
		text, err := readFile(fsys, entry.Name())
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		into[entry.Name()] = text
	}
	return errors.Join(wrong...)
}

func readFile(fsys fs.FS, name string) (string, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("reading %q: not a regular file", name)
	}
	if info.Size() > maxFile {
		return "", fmt.Errorf("reading %q: %d bytes, and %d are the most a scenario's file may have", name, info.Size(), maxFile)
	}
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", name, err)
	}
	return string(text), nil
}
