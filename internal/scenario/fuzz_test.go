package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/scenarios"
)

// hostileFiles are scenario.yaml as nobody means it.
var hostileFiles = map[string]string{
	"empty":               "",
	"blank":               "\n \n\t\n",
	"comment":             "# nothing\n",
	"null":                "~\n",
	"text":                "just text\n",
	"list":                "- a\n- b\n",
	"alias bomb":          "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\ntags: *d\n",
	"alias to itself":     "tags: &a [*a]\n",
	"alias as a name":     "? &title t\n: 1\n? *title\n: 2\n",
	"merge":               "healthy: &h {nginx: nginx.conf}\nbroken: {<<: *h}\n",
	"deep":                "title: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
	"too deep":            "title: " + strings.Repeat("[", 200_000),
	"deep blocks":         strings.Repeat("- ", 20_000),
	"deep names":          strings.Repeat("? ", 20_000),
	"huge value":          "title: " + strings.Repeat("x", 200_000),
	"huge name":           "? " + strings.Repeat("x", 200_000) + "\n: 1\n",
	"long names alike":    "healthy:\n  probes:\n    ? " + strings.Repeat("a", 60_000) + "\n    : {get: /}\nbroken: {nginx: x}\nsymptom:\n  probes:\n    ? " + strings.Repeat("b", 60_000) + "\n    : {status: 502}\n",
	"many unknown":        numbered("field%d: 1\n", 10_000),
	"many probes":         "healthy:\n  probes:\n" + numbered("    a%d: {get: /}\n", 300) + "symptom:\n  probes:\n" + numbered("    b%d: {status: 502}\n", 300),
	"many fixes":          "broken: {nginx: x}\nfixes:\n" + numbered("- {id: a%d, bad: 1}\n", 300),
	"name twice":          "title: a\ntitle: b\n",
	"tabs":                "\thealthy:\n\t\tnginx: nginx.conf\n",
	"NUL":                 "title: a\x00b\n",
	"escape":              "title: \x1b[31mred\n",
	"escape, spelled":     `title: "\e[31mred\e[0m \a \u009b31m \u202e"` + "\n",
	"CRLF":                strings.ReplaceAll(sound, "\n", "\r\n"),
	"CR":                  strings.ReplaceAll(sound, "\n", "\r"),
	"BOM":                 "\uFEFF" + sound,
	"BOM in the middle":   strings.Replace(sound, "tags", "\uFEFFtags", 1),
	"UTF-16":              "\xff\xfet\x00i\x00t\x00l\x00e\x00:\x00 \x00x\x00",
	"not UTF-8":           "title: \xff\xfe\n",
	"cut in a letter":     "title: \xc3",
	"no character":        "title: \uFFFE\n",
	"C1":                  "title: \u0085\u009b\n",
	"binary":              "\x7fELF\x02\x01\x01\x00\x00\x00\xf0\xe1",
	"two documents":       sound + "---\ntitle: second\n",
	"garbage behind":      sound + "---\n}{\n",
	"tag":                 "title: !!binary gIGC\ntags: !!set {a, b}\n",
	"Go type":             "healthy: !!python/object/apply:os.system [id]\n",
	"complex name":        "? [a, b]\n: 1\n? {c: d}\n: 2\n",
	"header without name": strings.Replace(sound, "get: /,", `get: /, headers: {? [x] : v, "": w, a: "x\r\ny"},`, 1),
	"numbers":             strings.Replace(sound, "status: 200", "status: 99999999999999999999", 1),
	"times":               strings.Replace(sound, "wait: 10ms", "wait: 2562047h47m16.854775807s", 1),
	"outside":             strings.Replace(sound, "nginx.conf", "../../../etc/passwd", 1),
	"absolute":            strings.Replace(sound, "nginx.conf", "/etc/passwd", 1),
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// watched is a file system in which only a scenario's own files may be opened.
type watched struct {
	fstest.MapFS
	t *testing.T
}

func (w watched) Open(name string) (fs.File, error) {
	if !slices.Contains([]string{".", "one", "one/scenario.yaml", "one/nginx.conf", "one/fixed.conf"}, name) {
		w.t.Errorf("%q is opened", name)
	}
	return w.MapFS.Open(name)
}

func (w watched) ReadFile(name string) ([]byte, error)       { return fs.ReadFile(hidden{w}, name) }
func (w watched) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(hidden{w}, name) }
func (w watched) Stat(name string) (fs.FileInfo, error)      { return fs.Stat(hidden{w}, name) }
func (w watched) Sub(name string) (fs.FS, error)             { return fs.Sub(hidden{w}, name) }

// hidden has nothing but Open.
type hidden struct{ open fs.FS }

func (h hidden) Open(name string) (fs.File, error) { return h.open.Open(name) }

// slowest is how long the worst file may take on a busy machine; it takes
// hundredths of a second.
const slowest = 10 * time.Second

// checkLoad loads one scenario and checks what holds whatever the file says.
func checkLoad(t *testing.T, text, config string) {
	t.Helper()
	folder := watched{fstest.MapFS{
		"one/scenario.yaml": {Data: []byte(text)}, "one/nginx.conf": {Data: []byte(config)},
		"one/fixed.conf": {Data: []byte("server {}\n")}, "one/notes.txt": {Data: []byte("not lab's")}, "secret.conf": {Data: []byte("secret")},
	}, t}
	began := time.Now()
	all, err := Load(folder)
	if took := time.Since(began); took > slowest {
		t.Errorf("%d bytes take %s", len(text), took)
	}
	again, errAgain := Load(folder)
	if fmt.Sprint(err) != fmt.Sprint(errAgain) || !reflect.DeepEqual(asJSON(t, all), asJSON(t, again)) {
		t.Errorf("once\n%v\nand once more\n%v", err, errAgain)
	}
	if err != nil {
		checkMistakes(t, err, text, config)
		return
	}
	if len(all) != 1 || all[0].ID != "one" {
		t.Fatalf("no mistake, and loaded %+v", all)
	}
	checkScenario(t, all[0])
}

func asJSON(t *testing.T, all []Scenario) string {
	t.Helper()
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkMistakes: each names a file and, if it is about a place, a line of that file;
// there are not too many and none is too long.
func checkMistakes(t *testing.T, err error, text, config string) {
	t.Helper()
	var mistakes strict.Mistakes
	if !errors.As(err, &mistakes) {
		t.Fatalf("%v is no list of mistakes", err)
	}
	if len(mistakes) > strict.MaxMistakes+maxConfigs {
		t.Errorf("%d mistakes", len(mistakes))
	}
	for _, m := range mistakes {
		lines := 0
		switch m.File {
		case "one/scenario.yaml":
			lines = 1 + strings.Count(text, "\n") + strings.Count(text, "\r") // YAML knows both
			if m.Line < 1 && !strings.HasPrefix(m.Text, "reading ") {
				t.Errorf("without a line: %s", m)
			}
		case "one/nginx.conf", "one/fixed.conf":
			lines = 1 + strings.Count(config, "\n")
		default:
			t.Errorf("about another file: %s", m)
		}
		if m.Line < 0 || m.Line > lines {
			t.Errorf("the file has %d lines: %s", lines, m)
		}
		if m.Text == "" || len(m.Text) > strict.MaxText+100 || !utf8.ValidString(m.Text) {
			t.Errorf("%d bytes: %q", len(m.Text), m)
		}
	}
}

// checkScenario: what lab is told to do stays inside of what it may do.
func checkScenario(t *testing.T, s Scenario) {
	t.Helper()
	stages := []Stage{s.Healthy, s.BrokenStage()}
	deltas := []Delta{}
	if s.Broken != nil {
		deltas = append(deltas, *s.Broken)
	}
	for _, f := range append(slices.Clone(s.Fixes), s.WrongFixes...) {
		deltas, stages = append(deltas, f.Delta), append(stages, s.BrokenStage().With(f.Delta))
	}
	for _, d := range s.Demonstrates {
		deltas, stages = append(deltas, d.Delta, d.Planted), append(stages, s.Healthy.With(d.Delta), s.Healthy.With(d.Planted))
	}
	for _, stage := range stages {
		if _, ok := s.Files[stage.Nginx]; !ok {
			t.Errorf("the config %q is not a file of the scenario", stage.Nginx)
		}
		for name, b := range stage.Backends {
			if path, ok := strings.CutPrefix(b.Listen, "unix://"); ok && (!strings.HasPrefix(path, "/lab/run/") || strings.Contains(path, "..")) {
				t.Errorf("backend %q listens at %q", name, b.Listen)
			}
			if b.Boot.D() > maxWait || b.Delay.D() > maxWait || b.Limit.D() > maxWait {
				t.Errorf("backend %q takes its time: %+v", name, b)
			}
		}
	}
	for _, p := range s.Healthy.Probes {
		if p.Timeout.D() > maxWait || p.Count > 1000 || p.Size > 64<<20 {
			t.Errorf("probe %+v", p)
		}
	}
	for _, d := range deltas {
		for _, step := range d.Apply {
			if slices.Contains([]string{"chmod", "chown", "remove"}, step.Do) && (!strings.HasPrefix(step.Target, "/lab/run/") || strings.Contains(step.Target, "..")) || step.Wait.D() > maxWait {
				t.Errorf("step %s", step)
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, text := range hostileFiles {
		f.Add(text, "server {}\n")
	}
	for _, config := range []string{"", "\x00", "server {}\n\x1b[31m", "\xff\xfe", "# \u202e\n", strings.Repeat("x", maxFile+1)} {
		f.Add(sound, config)
	}
	err := fs.WalkDir(scenarios.FS, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != FileName {
			return err
		}
		text, err := fs.ReadFile(scenarios.FS, path)
		f.Add(string(text), "server {}\n")
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(checkLoad)
}

// Each hostile file is refused where it is wrong, and for that reason.
func TestHostileFiles(t *testing.T) {
	for name, want := range map[string]string{
		"empty":               "one/scenario.yaml:1: empty",
		"comment":             "one/scenario.yaml:1: empty",
		"null":                "one/scenario.yaml:1: fields belong here",
		"list":                "one/scenario.yaml:1: fields belong here",
		"alias bomb":          "one/scenario.yaml:5: aliases (*d) are not read",
		"alias to itself":     "one/scenario.yaml:1: aliases (*a) are not read",
		"alias as a name":     "one/scenario.yaml:3: a name belongs here, not a value (*title)",
		"merge":               `one/scenario.yaml:2: unknown field "<<"`,
		"deep":                "one/scenario.yaml:1: more than 2000 names and values",
		"too deep":            "one/scenario.yaml:1: not readable as YAML: exceeded max depth",
		"deep blocks":         "one/scenario.yaml:1: not readable as YAML: exceeded max depth",
		"huge name":           `one/scenario.yaml:1: unknown field "xxx`,
		"many unknown":        "one/scenario.yaml:1000: more than 2000 names and values",
		"many fixes":          "one/scenario.yaml:1: more than 50 mistakes: mend these first",
		"name twice":          `one/scenario.yaml:2: "title" stands here a second time, first on line 1`,
		"tabs":                "one/scenario.yaml:1: not readable as YAML: found character that cannot start any token",
		"NUL":                 "one/scenario.yaml:1: the character U+0000 cannot be seen",
		"escape":              "one/scenario.yaml:1: the character U+001B cannot be seen",
		"BOM in the middle":   "one/scenario.yaml:2: the character U+FEFF cannot be seen",
		"UTF-16":              "one/scenario.yaml:1: the byte 0xff is not UTF-8",
		"not UTF-8":           "one/scenario.yaml:1: the byte 0xff is not UTF-8",
		"cut in a letter":     "one/scenario.yaml:1: the byte 0xc3 is not UTF-8",
		"no character":        "one/scenario.yaml:1: the character U+FFFE cannot be seen",
		"binary":              "one/scenario.yaml:1: the character U+007F cannot be seen",
		"two documents":       "one/scenario.yaml:27: a second document begins here",
		"garbage behind":      "one/scenario.yaml:28: not readable as YAML",
		"complex name":        "one/scenario.yaml:1: a name belongs here, not a list",
		"header without name": `one/scenario.yaml:8: probe "home": a header has no name`,
		"numbers":             `one/scenario.yaml:8: "99999999999999999999" is not a whole number`,
		"times":               "one/scenario.yaml:24: wait: 2562047h47m16.854775807s is more than 1m0s",
		"outside":             `one/scenario.yaml:4: no file "../../../etc/passwd" beside scenario.yaml`,
		"absolute":            `one/scenario.yaml:4: no file "/etc/passwd" beside scenario.yaml`,
	} {
		t.Run(name, func(t *testing.T) {
			text, ok := hostileFiles[name]
			if !ok {
				t.Fatal("no such file")
			}
			_, err := Load(folder(text))
			var mistakes strict.Mistakes
			if !errors.As(err, &mistakes) || !slices.ContainsFunc(mistakes, func(m strict.Mistake) bool { return strings.HasPrefix(m.String(), want) }) {
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
		FileName:     `one/scenario.yaml: reading "scenario.yaml": it has more than the 262144 bytes that a scenario's file may have`,
		"nginx.conf": `one/nginx.conf: reading "nginx.conf": it has more than the 262144 bytes that a scenario's file may have`,
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
	if _, err := Load(files); err == nil || !strings.Contains(err.Error(), "one/scenario.yaml: more than 64 configs and applications beside scenario.yaml") {
		t.Errorf("%d configs: %v", maxConfigs+1, err)
	}
}

func TestBinaryConfig(t *testing.T) {
	for config, want := range map[string]string{
		"server {\n\x00}":          "one/nginx.conf:2: the character U+0000 cannot be seen and does not belong here: take it out",
		"# \x1b]0;title\x07":       "one/nginx.conf:1: the character U+001B cannot be seen and does not belong here: take it out",
		"#\n#\n# \u202e":           "one/nginx.conf:3: the character U+202E cannot be seen and does not belong here: take it out",
		"# caf\xe9":                "one/nginx.conf:1: the byte 0xe9 is not UTF-8: save the file as UTF-8",
		"\x1f\x8b\x08\x00\x00\x00": "one/nginx.conf:1: the character U+001F cannot be seen and does not belong here: take it out",
	} {
		files := folder(sound)
		files["one/nginx.conf"].Data = []byte(config)
		if _, err := Load(files); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", config, err, want)
		}
	}
}

// endless is a file system whose config says that it is short and has no end.
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

// A file's size is what it had when it was looked at, and nothing at all in /proc.
func TestFileWithoutAnEnd(t *testing.T) {
	loaded := make(chan error, 1)
	go func() {
		_, err := Load(endless{folder(sound)})
		loaded <- err
	}()
	select {
	case err := <-loaded:
		if err == nil || !strings.Contains(err.Error(), "it has more than the 262144 bytes") {
			t.Errorf("got %v", err)
		}
	case <-time.After(slowest):
		t.Fatal("it is read on and on")
	}
}
