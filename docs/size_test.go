package docs

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// How long a Go file and a line in it may be. A tab counts as four characters.
const (
	maxLines = 300
	maxWidth = 140
)

// size is how many lines a file has, and how many of them are too long.
type size struct{ lines, wide int }

func sizeOf(text string) size {
	var s size
	for line := range strings.Lines(text) {
		s.lines++
		if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) + 3*strings.Count(line, "\t"); width > maxWidth {
			s.wide++
		}
	}
	return s
}

// tooLong are the files that toolong.txt lists, with what is tolerated of each.
func tooLong(t *testing.T) map[string]size {
	t.Helper()
	text, err := os.ReadFile("toolong.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed, last := map[string]size{}, ""
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var path string
		var s size
		if _, err := fmt.Sscanf(line, "%s %d %d\n", &path, &s.lines, &s.wide); err != nil {
			t.Fatalf("toolong.txt: %q: %v", line, err)
		}
		if path <= last {
			t.Errorf("toolong.txt: %s belongs before %s: keep the list sorted", path, last)
		}
		listed[path], last = s, path
	}
	return listed
}

// TestFilesAreShort checks every Go file of the module. The files in toolong.txt may be
// as long as it says until somebody shortens them, and their rows must go then.
func TestFilesAreShort(t *testing.T) {
	listed := tooLong(t)
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		s, short := sizeOf(string(text)), size{maxLines, 0}
		limit, isListed := listed[path]
		delete(listed, path)
		switch {
		case isListed && s.lines <= short.lines && s.wide <= short.wide:
			t.Errorf("%s is short now: remove its row from docs/toolong.txt", path)
		case s.lines > max(short.lines, limit.lines):
			t.Errorf("%s has %d lines; %d are allowed", path, s.lines, max(short.lines, limit.lines))
		case s.wide > max(short.wide, limit.wide):
			t.Errorf("%s has %d lines of more than %d characters; %d are allowed", path, s.wide, maxWidth, limit.wide)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path := range listed {
		t.Errorf("there is no file %s: remove its row from docs/toolong.txt", path)
	}
}
