package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gatewaylab/lab/internal/strict"
)

// Each hostile file must be refused at the line that is wrong, and for the right reason.
func TestHostileFiles(t *testing.T) {
	for name, want := range map[string]string{
		"empty":               "one/scenario.yaml:1: the file is empty",
		"comment":             "one/scenario.yaml:1: the file is empty",
		"null":                "one/scenario.yaml:1: expected fields here",
		"list":                "one/scenario.yaml:1: expected fields here",
		"alias bomb":          "one/scenario.yaml:5: aliases (*d) are not supported",
		"alias to itself":     "one/scenario.yaml:1: aliases (*a) are not supported",
		"alias as a name":     "one/scenario.yaml:3: expected a name here, not a value (*title)",
		"merge":               `one/scenario.yaml:2: unknown field "<<"`,
		"deep":                "one/scenario.yaml:1: the file has more than 2000 names and values",
		"too deep":            "one/scenario.yaml:1: this is not valid YAML: exceeded max depth",
		"deep blocks":         "one/scenario.yaml:1: this is not valid YAML: exceeded max depth",
		"huge name":           `one/scenario.yaml:1: unknown field "xxx`,
		"many unknown":        "one/scenario.yaml:1000: the file has more than 2000 names and values",
		"many fixes":          "one/scenario.yaml:1: more than 50 mistakes; the rest are not shown",
		"name twice":          `one/scenario.yaml:2: "title" appears twice; the first one is on line 1`,
		"tabs":                "one/scenario.yaml:1: this is not valid YAML: found character that cannot start any token",
		"NUL":                 "one/scenario.yaml:1: the character U+0000 is invisible",
		"escape":              "one/scenario.yaml:1: the character U+001B is invisible",
		"BOM in the middle":   "one/scenario.yaml:2: the character U+FEFF is invisible",
		"UTF-16":              "one/scenario.yaml:1: the byte 0xff is not UTF-8",
		"not UTF-8":           "one/scenario.yaml:1: the byte 0xff is not UTF-8",
		"cut in a letter":     "one/scenario.yaml:1: the byte 0xc3 is not UTF-8",
		"no character":        "one/scenario.yaml:1: the character U+FFFE is invisible",
		"binary":              "one/scenario.yaml:1: the character U+007F is invisible",
		"two documents":       "one/scenario.yaml:27: a second YAML document begins here",
		"garbage behind":      "one/scenario.yaml:28: this is not valid YAML",
		"complex name":        "one/scenario.yaml:1: expected a name here, not a list",
		"header without name": `one/scenario.yaml:8: probe "home": one of the headers has no name`,
		"numbers":             `one/scenario.yaml:8: "99999999999999999999" is not a whole number of 0 or more`,
		"times":               "one/scenario.yaml:24: wait: 2562047h47m16.854775807s is more than 1m0s",
		"outside":             `one/scenario.yaml:4: there is no file "../../../etc/passwd" beside scenario.yaml`,
		"absolute":            `one/scenario.yaml:4: there is no file "/etc/passwd" beside scenario.yaml`,
	} {
		t.Run(name, func(t *testing.T) {
			text, ok := hostileFiles[name]
			if !ok {
				t.Fatal("no such file")
			}
			_, err := Load(folder(text))
			var mistakes strict.Mistakes
			if !errors.As(err, &mistakes) ||
				!slices.ContainsFunc(mistakes, func(m strict.Mistake) bool { return strings.HasPrefix(m.String(), want) }) {
				t.Errorf("got\n%.1000v\nwant among them\n%s", err, want)
			}
		})
	}
	for _, fine := range []string{"CRLF", "BOM"} {
		if _, err := Load(folder(hostileFiles[fine])); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
}

func TestOversizedFiles(t *testing.T) {
	for name, want := range map[string]string{
		FileName:     `one/scenario.yaml: reading "scenario.yaml": it has more than 262144 bytes, the most that a scenario's file may have`,
		"nginx.conf": `one/nginx.conf: reading "nginx.conf": it has more than 262144 bytes, the most that a scenario's file may have`,
	} {
		files := folder(sound)
		files["one/"+name].Data = []byte("# " + strings.Repeat("x", 10<<20)) // one line
		if _, err := Load(files); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	files := folder(sound)
	for i := range maxConfigs {
		files[fmt.Sprintf("one/%d.conf", i)] = &fstest.MapFile{}
	}
	if _, err := Load(files); err == nil ||
		!strings.Contains(
			err.Error(),
			"one/scenario.yaml: there are more than 64 configuration files and applications beside scenario.yaml",
		) {
		t.Errorf("%d configs: %v", maxConfigs+1, err)
	}
}

func TestBinaryConfig(t *testing.T) {
	for config, want := range map[string]string{
		"server {\n\x00}":          "one/nginx.conf:2: the character U+0000 is invisible and does not belong here: remove it",
		"# \x1b]0;title\x07":       "one/nginx.conf:1: the character U+001B is invisible and does not belong here: remove it",
		"#\n#\n# \u202e":           "one/nginx.conf:3: the character U+202E is invisible and does not belong here: remove it",
		"# caf\xe9":                "one/nginx.conf:1: the byte 0xe9 is not UTF-8: save the file as UTF-8",
		"\x1f\x8b\x08\x00\x00\x00": "one/nginx.conf:1: the character U+001F is invisible and does not belong here: remove it",
	} {
		files := folder(sound)
		files["one/nginx.conf"].Data = []byte(config)
		if _, err := Load(files); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", config, err, want)
		}
	}
}

// endless is a file system with a configuration file that claims to be short but never ends.
type endless struct{ fs.FS }

func (e endless) Open(name string) (fs.File, error) {
	f, err := e.FS.Open(name)
	if strings.HasSuffix(name, ".conf") {
		f = endlessFile{f}
	}
	return f, err
}

func (e endless) ReadFile(name string) ([]byte, error) { return fs.ReadFile(hidden{e}, name) }

type endlessFile struct{ fs.File }

func (endlessFile) Read(p []byte) (int, error) { return len(p), nil }

// The size of a file is known only for the moment at which it was read, and files in /proc
// give no size at all.
func TestFileWithoutAnEnd(t *testing.T) {
	loaded := make(chan error, 1)
	go func() {
		_, err := Load(endless{folder(sound)})
		loaded <- err
	}()
	select {
	case err := <-loaded:
		if err == nil || !strings.Contains(err.Error(), "it has more than 262144 bytes") {
			t.Errorf("got %v", err)
		}
	case <-time.After(slowest):
		t.Fatal("it is read on and on")
	}
}
