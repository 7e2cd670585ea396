package docs

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	fuzzListed = regexp.MustCompile(`[\w/]+/Fuzz\w+`)
)

// The task fuzz names every target: one that is never run finds nothing.
func TestEveryFuzzTargetIsRun(t *testing.T) {
	taskfile, err := os.ReadFile("../Taskfile.yml")
	if err != nil {
		t.Fatal(err)
	}
	listed := fuzzListed.FindAllString(string(taskfile), -1)
	var found []string
	root := os.DirFS("..")
	err = fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(root, name)
		for _, m := range fuzzTarget.FindAllStringSubmatch(string(text), -1) {
			found = append(found, path.Join(path.Dir(name), m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(listed)
	slices.Sort(found)
	if !slices.Equal(listed, found) {
		t.Errorf("Taskfile.yml runs\n%s\nand there are\n%s", strings.Join(listed, "\n"), strings.Join(found, "\n"))
	}
}
