package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/image/apt"
)

func TestPlace(t *testing.T) {
	for from, want := range map[string]string{
		"./":                              "",
		"./bin/busybox":                   "usr/bin/busybox",
		"./lib64/ld-linux-x86-64.so.2":    "usr/lib64/ld-linux-x86-64.so.2",
		"./lib/systemd/system/n.service":  "",
		"./lib":                           "",
		"./libexec/x":                     "libexec/x",
		"./usr/share/man/man8/nginx.8.gz": "",
		"./usr/share/manual":              "usr/share/manual",
		"./usr/share/doc/nginx/copyright": "usr/share/doc/nginx/copyright",
		"./usr/share/doc/nginx/changelog": "",
		"./usr/share/doc/nginx":           "usr/share/doc/nginx",
		"./../../etc/passwd":              "etc/passwd",
		"/usr//lib/x":                     "usr/lib/x",
	} {
		if got := place(from); got != want {
			t.Errorf("%q goes to %q, want %q", from, got, want)
		}
	}
}

func TestLayer(t *testing.T) {
	var out bytes.Buffer
	l := &layer{tar: tar.NewWriter(&out), seen: map[string]bool{}}
	if err := l.skeleton("arm64", Recipe{}); err != nil {
		t.Fatal(err)
	}
	add := func(h tar.Header, text string) error {
		h.Size = int64(len(text))
		return l.add(&h, strings.NewReader(text))
	}
	for _, err := range []error{
		add(tar.Header{Typeflag: tar.TypeDir, Name: "./bin/", Mode: 0o755}, ""),
		add(tar.Header{Typeflag: tar.TypeReg, Name: "./bin/busybox", Mode: 0o755, Uid: 7}, "program"),
		add(tar.Header{Typeflag: tar.TypeReg, Name: "./usr/bin/busybox", Mode: 0o755}, "another"),
		add(tar.Header{Typeflag: tar.TypeReg, Name: "./sbin/ip", Mode: 0o755}, "ip"),
		add(tar.Header{Typeflag: tar.TypeLink, Name: "./sbin/ip2", Linkname: "./sbin/ip", Mode: 0o755}, ""),
		add(tar.Header{Typeflag: tar.TypeReg, Name: "./etc/passwd", Mode: 0o644}, "not ours"),
		add(tar.Header{Typeflag: tar.TypeChar, Name: "./dev/null"}, ""),
		l.busybox(), l.tar.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	files := tar.NewReader(&out)
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := got[h.Name]; twice {
			t.Errorf("%s twice", h.Name)
		}
		text, _ := io.ReadAll(files)
		got[h.Name] = h.Linkname + string(text)
	}
	for name, want := range map[string]string{"usr/bin/busybox": "program", "usr/sbin/ip2": "usr/sbin/ip", "usr/bin/sh": "busybox",
		"bin": "usr/bin", "etc/passwd": passwd, "etc/host.conf": "multi on\n", "tmp/": ""} {
		if text, ok := got[name]; !ok || text != want {
			t.Errorf("%s: %q, %v", name, text, ok)
		}
	}
	for _, name := range []string{"usr/bin/ip", "dev/null", "lib64", "bin/"} {
		if _, ok := got[name]; ok {
			t.Errorf("%s is there", name)
		}
	}
	if err := add(tar.Header{Typeflag: tar.TypeLink, Name: "./x", Linkname: "./none"}, ""); err == nil {
		t.Error("a hard link into nowhere was taken")
	}
}

// The error must name the cause, both when the engine refuses and when the layer breaks off.
func TestImportLayer(t *testing.T) {
	s, _ := source(t, newFake(t), nil)
	f := s.Engine.(*fake)
	f.refuse = errors.New("no space left on the engine")
	if err := s.importLayer(t.Context(), "x:1", Nginx(), nil); !errors.Is(err, f.refuse) {
		t.Errorf("%v", err)
	}
	f.refuse = nil
	broken := []apt.Package{{Name: "gone", File: "/nonexistent/gone_1_all.deb"}}
	if err := s.importLayer(t.Context(), "x:1", Nginx(), broken); err == nil ||
		!strings.HasPrefix(err.Error(), "unpacking gone_1_all.deb: ") {
		t.Errorf("%v", err)
	}
	if len(f.images) > 0 {
		t.Errorf("a broken layer became %v", f.images)
	}
	if err := s.importLayer(t.Context(), "x:1", Nginx(), nil); err != nil || len(f.images) != 1 {
		t.Errorf("%v, %v", err, f.images)
	}
}

func TestRecipe(t *testing.T) {
	packages := []apt.Package{{Name: "zlib1g", Version: "1:1.2"}, {Name: "nginx", Version: "2:1.22.1-9+deb12u7~x"}}
	name, err := Nginx().name(packages)
	if err != nil || name != "lab/nginx:2-1.22.1-9-deb12u7-x" {
		t.Errorf("%s, %v", name, err)
	}
	changes := strings.Join(Nginx().changes(packages), "\n")
	for _, want := range []string{`LABEL lab.packages="nginx=2:1.22.1-9+deb12u7~x zlib1g=1:1.2"`, `LABEL lab.image="assembled"`,
		`CMD ["nginx","-g","daemon off;"]`} {
		if !strings.Contains(changes, want) {
			t.Errorf("no %s in\n%s", want, changes)
		}
	}
	if _, err := Nginx().name(packages[:1]); err == nil {
		t.Error("an image without its own package got a name")
	}
}

// The links that maintainer scripts would make must be there, and a package without the target
// must be noticed.
func TestLinks(t *testing.T) {
	var out bytes.Buffer
	l := &layer{tar: tar.NewWriter(&out), seen: map[string]bool{"usr/bin/uwsgi-core": true,
		"usr/lib/uwsgi/plugins/python311_plugin.so": true}}
	if err := l.links(Server(mustServer(t, "uwsgi")).Links); err != nil {
		t.Fatal(err)
	}
	if err := l.tar.Close(); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{}
	for files := tar.NewReader(&out); ; {
		header, err := files.Next()
		if err != nil {
			break
		}
		links[header.Name] = header.Linkname
	}
	want := map[string]string{"usr/bin/uwsgi": "/usr/bin/uwsgi-core",
		"usr/lib/uwsgi/plugins/python3_plugin.so": "/usr/lib/uwsgi/plugins/python311_plugin.so"}
	if !maps.Equal(links, want) {
		t.Errorf("links %v, want %v", links, want)
	}
	if err := l.links(map[string]string{"usr/bin/x": "usr/bin/x[0-9]"}); err == nil ||
		!strings.Contains(err.Error(), "no package contains usr/bin/x[0-9]") {
		t.Errorf("%v", err)
	}
}

// An image must get its version from the server's package, not from an empty package that only
// depends on it.
func TestServersName(t *testing.T) {
	packages := []apt.Package{{Name: "php-fpm", Version: "2:8.2+93"}, {Name: "php8.2-fpm", Version: "8.2.36-1"}}
	if name, err := Server(mustServer(t, "php-fpm")).name(packages); err != nil || name != "lab/php-fpm:8.2.36-1" {
		t.Errorf("%s, %v", name, err)
	}
}

func mustServer(t *testing.T, name string) server.Server {
	t.Helper()
	s, ok := server.Lookup(name)
	if !ok {
		t.Fatalf("there is no server %q", name)
	}
	return s
}
