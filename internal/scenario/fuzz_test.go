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

// hostileFiles are texts of scenario.yaml that no author would write on purpose.
var hostileFiles = map[string]string{
	"empty":   "",
	"blank":   "\n \n\t\n",
	"comment": "# nothing\n",
	"null":    "~\n",
	"text":    "just text\n",
	"list":    "- a\n- b\n",
	"alias bomb": "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, " +
		"*b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\ntags: *d\n",
	"alias to itself": "tags: &a [*a]\n",
	"alias as a name": "? &title t\n: 1\n? *title\n: 2\n",
	"merge":           "healthy: &h {nginx: nginx.conf}\nbroken: {<<: *h}\n",
	"deep":            "title: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
	"too deep":        "title: " + strings.Repeat("[", 200_000),
	"deep blocks":     strings.Repeat("- ", 20_000),
	"deep names":      strings.Repeat("? ", 20_000),
	"huge value":      "title: " + strings.Repeat("x", 200_000),
	"huge name":       "? " + strings.Repeat("x", 200_000) + "\n: 1\n",
	"long names alike": "healthy:\n  probes:\n    ? " + strings.Repeat(
		"a",
		60_000,
	) + "\n    : {get: /}\nbroken: {nginx: x}\nsymptom:\n  probes:\n    ? " + strings.Repeat(
		"b",
		60_000,
	) + "\n    : {status: 502}\n",
	"many unknown": numbered("field%d: 1\n", 10_000),
	"many probes": "healthy:\n  probes:\n" + numbered(
		"    a%d: {get: /}\n",
		300,
	) + "symptom:\n  probes:\n" + numbered(
		"    b%d: {status: 502}\n",
		300,
	),
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

// hidden has no method but Open.
type hidden struct{ open fs.FS }

func (h hidden) Open(name string) (fs.File, error) { return h.open.Open(name) }

// slowest is how long the worst file may take on a busy machine. On an idle machine it takes
// hundredths of a second.
const slowest = 10 * time.Second

// checkLoad loads one scenario and checks the properties that hold for every file.
func checkLoad(t *testing.T, text, config string) {
	t.Helper()
	folder := watched{fstest.MapFS{
		"one/scenario.yaml": {Data: []byte(text)}, "one/nginx.conf": {Data: []byte(config)},
		"one/fixed.conf": {
			Data: []byte("server {}\n"),
		}, "one/notes.txt": {Data: []byte("not lab's")}, "secret.conf": {Data: []byte("secret")},
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

// checkMistakes checks that each mistake names a file, and a line of that file if the mistake
// is about a place in it. It also limits the number of mistakes and their length.
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
			lines = 1 + strings.Count(text, "\n") + strings.Count(text, "\r") // YAML recognizes both as line breaks
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

// checkScenario checks that the scenario asks nothing of lab that is forbidden.
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
			if path, ok := strings.CutPrefix(b.Listen, "unix://"); ok &&
				(!strings.HasPrefix(path, "/lab/run/") || strings.Contains(path, "..")) {
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
			if slices.Contains([]string{"chmod", "chown", "remove"}, step.Do) &&
				(!strings.HasPrefix(step.Target, "/lab/run/") || strings.Contains(step.Target, "..")) ||
				step.Wait.D() > maxWait {
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
