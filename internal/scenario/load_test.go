package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/scenarios"
)

const sound = `title: the app listens elsewhere
tags: [502]
healthy:
  nginx: nginx.conf
  backends:
    app: {listen: "tcp://127.0.0.1:3000"}
  probes:
    home: {get: /, expect: {status: 200}}
broken:
  backends:
    app: {listen: "tcp://127.0.0.1:8080"}
symptom:
  probes:
    home: {status: 502}
  log:
    - {level: error, match: 'failed \(111:'}
fixes:
  - id: move-the-app
    say: move it back
    backends:
      app: {listen: "tcp://127.0.0.1:3000"}
    apply: [restart-backend]
wrong_fixes:
  - {id: wait, say: wait, apply: [{wait: 10ms}]}
hints: [look at the port]
debrief: nothing listens there.
`

func folder(yaml string) fstest.MapFS {
	return fstest.MapFS{
		"one/scenario.yaml": {Data: []byte(yaml)},
		"one/nginx.conf":    {Data: []byte("server {}\n")},
	}
}

func TestLoadSound(t *testing.T) {
	all, err := Load(folder(sound))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].ID != "one" || all[0].Files["nginx.conf"] != "server {}\n" {
		t.Fatalf("loaded %+v", all)
	}
	if got := all[0].BrokenStage().Backends["app"].Listen; got != "tcp://127.0.0.1:8080" {
		t.Errorf("broken app listens at %q", got)
	}
	if got := all[0].Healthy.Backends["app"].Listen; got != "tcp://127.0.0.1:3000" {
		t.Errorf("the delta changed the healthy stage: %q", got)
	}
}

// Each row is one kind of mistake: the text that is replaced, the text that replaces it, and
// the message that the author must read.
func TestMistakes(t *testing.T) {
	for _, row := range []struct{ name, old, new, want string }{
		{"unknown field", "symptom:", "symptoms:", `one/scenario.yaml:12: unknown field "symptoms", did you mean "symptom"?`},
		{"unknown field below", "status: 502", "staus: 502", `one/scenario.yaml:14: unknown field "staus", did you mean "status"?`},
		{"unknown step", "[restart-backend]", "[restart-backnd]", `one/scenario.yaml:22: unknown step "restart-backnd", did ` +
			`you mean "restart-backend"?`},
		{"step without object", "{wait: 10ms}", "wait", `one/scenario.yaml:24: the step "wait" needs an object: write it as wait: …`},
		{"no time span", "wait: 10ms", "wait: soon", `one/scenario.yaml:24: "soon" is not a time span: write it as 300ms or 2s`},
		{"no regular expression", `'failed \(111:'`, `'failed (111:'`,
			"one/scenario.yaml:16: error parsing regexp: missing closing ): `failed (111:`"},
		{"no level", "level: error", "level: eror", `one/scenario.yaml:16: "eror" is not a log level of nginx, did you mean "error"?`},
		{"no such file", "nginx: nginx.conf", "nginx: ngnix.conf", `one/scenario.yaml:4: there is no file "ngnix.conf" ` +
			`beside scenario.yaml, did you mean "nginx.conf"?`},
		{"unused file", "  nginx: nginx.conf", "", "one/nginx.conf: this file is not used by any stage or fix: delete it, or " +
			"name it in scenario.yaml"},
		{"no status", "status: 200", "status: 20", "one/scenario.yaml:8: 20 is not an HTTP status"},
		{"no address", "tcp://127.0.0.1:8080", "tcp://localhost", `one/scenario.yaml:11: listen: "localhost" is not an IP ` +
			`address with a port, such as 127.0.0.1:3000 or [::1]:3000`},
		{"socket elsewhere", "tcp://127.0.0.1:8080", "unix:///etc/passwd",
			`one/scenario.yaml:11: listen: the path "/etc/passwd" is not below /lab/run, the folder that nginx and the backends share`},
		{"unknown fault", `"tcp://127.0.0.1:8080"`, `"tcp://127.0.0.1:8080", fault: slow-heder`,
			`one/scenario.yaml:11: unknown fault "slow-heder", did you mean "slow-header"?`},
		{"fault without such a field", `"tcp://127.0.0.1:8080"`, `"tcp://127.0.0.1:8080", fault: refuse, delay: 1s`,
			`one/scenario.yaml:11: the fault "refuse" does not use delay`},
		{"reset on a socket", `"tcp://127.0.0.1:8080"`, `"unix:///lab/run/app.sock", fault: reset-before-header`,
			`one/scenario.yaml:11: the fault "reset-before-header" cannot reset a unix socket: use reset-unread`},
		{"workers over uwsgi", `"tcp://127.0.0.1:8080"`, `"tcp://127.0.0.1:8080", protocol: uwsgi, fault: worker-killed`,
			`one/scenario.yaml:11: the fault "worker-killed" needs worker processes, which a server of uwsgi does not have`},
		{"bytes over grpc", `"tcp://127.0.0.1:8080"`, `"tcp://127.0.0.1:8080", protocol: grpc, fault: malformed-header`,
			`one/scenario.yaml:11: the fault "malformed-header" works on bytes of http and not over grpc`},
		{"frames without grpc", `"tcp://127.0.0.1:8080"`, `"tcp://127.0.0.1:8080", fault: goaway`,
			`one/scenario.yaml:11: the fault "goaway" works on bytes of grpc and not over http`},
		{"workers over grpc", `"tcp://127.0.0.1:8080"`, `"tcp://127.0.0.1:8080", protocol: grpc, fault: worker-killed`,
			`one/scenario.yaml:11: the fault "worker-killed" needs worker processes, which a server of grpc does not have`},
		{"unknown protocol", `"tcp://127.0.0.1:8080"`, `"tcp://127.0.0.1:8080", protocol: grcp`,
			`one/scenario.yaml:11: protocol: "grcp" is not one of http, fastcgi, grpc`},
		{"unknown probe", "    home: {status: 502}", "    hom: {status: 502}",
			`one/scenario.yaml:14: healthy has no probe "hom", did you mean "home"?`},
		{"fix not put into effect", "apply: [restart-backend]", "apply: [reload]",
			`one/scenario.yaml:22: fix "move-the-app" changes a backend, but no step starts it again: add apply: [restart-backend]`},
		{"no wrong fix", "wrong_fixes:\n  - {id: wait, say: wait, apply: [{wait: 10ms}]}\n", "", "one/scenario.yaml:1: " +
			"wrong_fixes are missing: add at least one change that leaves the stage broken, to prove that the check can fail"},
		{"id twice", "{id: wait,", "{id: move-the-app,", `one/scenario.yaml:24: id "move-the-app" appears twice`},
		{"key twice", "tags: [502]", "tags: [502]\ntags: [tcp]", `one/scenario.yaml:3: "tags" appears twice; the first one is on line 2`},
		{"no value", "title: the app listens elsewhere", "title:", `one/scenario.yaml:1: "title" has no value`},
		{"alias", "tags: [502]", "tags: &t [502]\nhints: *t", "one/scenario.yaml:3: aliases (*t) are not supported: write the value out"},
		{"not YAML", "tags: [502]", "tags: [502", "one/scenario.yaml:2: this is not valid YAML: did not find expected ',' or ']'"},
		{"both kinds", "debrief:", "demonstrates: [{id: x, say: x, planted: {apply: [reload]}, show: {probes: {home: " +
			"{status: 200}}}}]\ndebrief:", "one/scenario.yaml:26: a scenario has either broken, symptom and fixes, or " +
			"demonstrates, but not both"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := strings.Replace(sound, row.old, row.new, 1)
			if text == sound {
				t.Fatalf("%q is not in the sound scenario", row.old)
			}
			_, err := Load(folder(text))
			var mistakes strict.Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("got %v, want mistakes", err)
			}
			if !slices.ContainsFunc(mistakes, func(m strict.Mistake) bool { return strings.HasPrefix(m.String(), row.want) }) {
				t.Errorf("got\n%v\nwant among them\n%s", err, row.want)
			}
		})
	}
}

// The version may be left out. If the version is another one, nothing else is reported about
// the file.
func TestVersion(t *testing.T) {
	for head, want := range map[string]string{
		"":                    "",
		"version: 1\n":        "",
		`version: "1"` + "\n": "",
		"# 2\nversion: 2\nphases: []\n": `one/scenario.yaml:2: version: this lab reads only scenarios of version 1, not a ` +
			`value ("2"): write version: 1, or use the version of lab that the scenario was written for`,
		"version: 0\n": `one/scenario.yaml:1: version: this lab reads only scenarios of version 1, not a ` +
			`value ("0"): write version: 1, or use the version of lab that the scenario was written for`,
		"version: [1]\n": `one/scenario.yaml:1: version: this lab reads only scenarios of version 1, not a ` +
			`list: write version: 1, or use the version of lab that the scenario was written for`,
	} {
		all, err := Load(folder(head + sound))
		switch {
		case want != "" && (err == nil || err.Error() != want):
			t.Errorf("%q: got %v, want %s", head, err, want)
		case want == "" && (err != nil || len(all) != 1 || all[0].Version != 1):
			t.Errorf("%q: got %v, %v", head, all, err)
		}
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	text := sound
	for old, wrong := range map[string]string{
		"title: the app":  "titel: the app",
		"status: 200":     "status: 2000",
		"level: error":    "level: bad",
		"restart-backend": "restart",
		"wait: 10ms":      "wait: never",
	} {
		text = strings.Replace(text, old, wrong, 1)
	}
	_, err := Load(folder(text))
	var mistakes strict.Mistakes
	if !errors.As(err, &mistakes) {
		t.Fatalf("got %v", err)
	}
	var lines []int
	for _, m := range mistakes {
		lines = append(lines, m.Line)
	}
	// Line 1 has two mistakes: the unknown field and the missing title. Line 22 has two as
	// well, because without the unknown step nothing in that fix starts the backend.
	if want := []int{1, 1, 8, 16, 22, 22, 24}; !slices.Equal(lines, want) {
		t.Errorf("mistakes on lines %v, want %v:\n%v", lines, want, err)
	}
}

func TestFilesOutsideTheFolder(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret.conf")
	one := filepath.Join(dir, "scenarios", "one")
	if err := os.MkdirAll(one, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{secret: "password", filepath.Join(one, FileName): sound} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../../secret.conf", filepath.Join(one, "nginx.conf")); err != nil {
		t.Skip("no symlinks here:", err)
	}
	root, err := os.OpenRoot(filepath.Join(dir, "scenarios"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	all, err := Load(root.FS())
	if err == nil || !strings.Contains(err.Error(), `"nginx.conf"`) {
		t.Errorf("a link out of the folder: got %v and %v", all, err)
	}
}

func TestCatalogueIsSound(t *testing.T) {
	all, err := Load(scenarios.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Broken != nil && len(s.Hints) != 3 {
			t.Errorf("%s: %d hints, want three, from vague to nearly told", s.ID, len(s.Hints))
		}
	}
}
