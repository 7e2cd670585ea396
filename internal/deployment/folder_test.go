package deployment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"nginx.conf": "events {}\n", "sites-available/a": "server {}\n", ".git/config": "secret",
		"templates/b.conf.template": "listen ${PORT}; set $x ${host} $PORT;\n",
		"../outside.conf":           "secret",
	})
	links := map[string]string{
		"sites-enabled/a":   "/etc/nginx/sites-available/a",
		"sites-enabled/r":   "../sites-available/a",
		"sites-enabled/out": "/etc/passwd",
		"sites-enabled/up":  "../../outside.conf",
	}
	if err := os.Mkdir(filepath.Join(dir, "sites-enabled"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	s, err := Open(dir, "", map[string]string{"PORT": "8080"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"/etc/nginx/nginx.conf": "events {}\n", "/etc/nginx/sites-available/a": "server {}\n", "/etc/nginx/sites-enabled/a": "server {}\n",
		"/etc/nginx/sites-enabled/r": "server {}\n", "/etc/nginx/conf.d/b.conf": "listen 8080; set $x ${host} 8080;\n",
	}
	for place, text := range want {
		if s.Files[place] != text {
			t.Errorf("%s: %q, want %q", place, s.Files[place], text)
		}
	}
	for _, name := range []string{"a", "r"} { // a comment on a line of a link is shown nowhere
		if shown := s.Shown["/etc/nginx/sites-enabled/"+name]; shown != filepath.Join(dir, "sites-available", "a") {
			t.Errorf("sites-enabled/%s is shown as %s", name, shown)
		}
	}
	if len(s.Files) != len(want) || s.Main != "/etc/nginx/nginx.conf" {
		t.Errorf("%s, %q", s.Main, s.Files)
	}
	for _, name := range []string{"sites-enabled/out", "sites-enabled/up"} {
		if !strings.Contains(strings.Join(s.Notes, "\n"), filepath.Join(dir, filepath.FromSlash(name))+": a link to ") {
			t.Errorf("nothing is said of %s: %q", name, s.Notes)
		}
	}
}

func TestOpenParts(t *testing.T) {
	dir := t.TempDir()
	write(
		t,
		dir,
		map[string]string{
			"site.conf":                      "server { listen 80; }",
			"empty/readme.txt":               "x",
			"tmpl/templates/a.conf.template": "a ${ONE};\nb ${TWO} $one;",
		},
	)
	s, err := Open(filepath.Join(dir, "site.conf"), "", nil)
	if err != nil || s.Main != "/etc/nginx/nginx.conf" || !strings.Contains(s.Files[s.Main], `include "/etc/nginx/conf.d/site.conf";`) ||
		s.Files["/etc/nginx/conf.d/site.conf"] == "" {
		t.Errorf("%+v, %v", s, err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "empty"):   "has no nginx.conf, no conf.d",
		filepath.Join(dir, "nowhere"): "no such file",
		filepath.Join(dir, "tmpl"):    `a.conf.template:1: the variable "ONE" has no value: give it with --env ONE=VALUE`,
	} {
		if _, err := Open(path, "", nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	if _, err := Open(filepath.Join(dir, "tmpl"), "", nil); err == nil || !strings.Contains(err.Error(), `template:2: the variable "TWO"`) {
		t.Errorf("not all at once: %v", err)
	}
}
