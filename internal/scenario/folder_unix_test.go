//go:build unix

package scenario

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// If something in a scenario's folder is not one of its regular files, it is refused by name.
// Load neither follows it out of the folder nor waits for it.
func TestFoldersWithOtherThanFiles(t *testing.T) {
	link := func(to string) func(string) error {
		return func(path string) error { return os.Symlink(to, path) }
	}
	const plain = "; a scenario's files must be regular files in its folder"
	for name, test := range map[string]struct {
		file string
		make func(path string) error
		want string
	}{
		"link to /etc/passwd": {"nginx.conf", link("/etc/passwd"), `one/nginx.conf: reading "nginx.conf": path escapes from parent` +
			plain},
		"link out with ..": {"nginx.conf", link("../../secret.conf"), `one/nginx.conf: reading "nginx.conf": path escapes from parent` +
			plain},
		"link to a folder": {"nginx.conf", link("."), `one/nginx.conf: reading "nginx.conf": it is a folder` + plain},
		"link to nothing":  {"nginx.conf", link("gone.conf"), `one/nginx.conf: reading "nginx.conf": no such file or directory` + plain},
		"link to itself":   {"nginx.conf", link("nginx.conf"), `one/nginx.conf: reading "nginx.conf": `},
		"folder": {"nginx.conf", func(p string) error { return os.Mkdir(p, 0o755) },
			`one/scenario.yaml:4: there is no file "nginx.conf"`},
		"pipe": {"nginx.conf", func(p string) error { return syscall.Mkfifo(p, 0o644) },
			`one/nginx.conf: reading "nginx.conf": it is a pipe` + plain},
		"link to a pipe": {"nginx.conf", func(p string) error {
			_ = syscall.Mkfifo(p+".pipe", 0o644)
			return os.Symlink("nginx.conf.pipe",
				p)
		}, `one/nginx.conf: reading "nginx.conf": it is a pipe` + plain},
		"socket": {"nginx.conf", listen, `one/nginx.conf: reading "nginx.conf": it is a socket` + plain},
		"device": {"nginx.conf", link("/dev/zero"), `one/nginx.conf: reading "nginx.conf": path escapes from parent` + plain},
		"scenario out of it": {FileName, link("/etc/passwd"), `one/scenario.yaml: reading "scenario.yaml": path escapes from parent` +
			plain},
		"scenario leads nowhere": {FileName, link("gone.yaml"), `one/scenario.yaml: reading "scenario.yaml": no such file or directory` +
			plain},
		"scenario is a folder": {FileName, func(p string) error { return os.Mkdir(p, 0o755) },
			`one/scenario.yaml: reading "scenario.yaml": it is a folder` + plain},
		"scenario is a pipe": {FileName, func(p string) error { return syscall.Mkfifo(p, 0o644) },
			`one/scenario.yaml: reading "scenario.yaml": it is a pipe` + plain},
		"linked scenario":       {"../two", link("../elsewhere"), "two: this is a link to a folder"},
		"linked to a neighbour": {"../two", link("one"), "two: this is a link to a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir) // the path of a socket has to be short
			one := filepath.Join("scenarios", "one")
			for path, text := range map[string]string{
				"secret.conf": "password", "elsewhere/" + FileName: sound, "elsewhere/nginx.conf": "",
				filepath.Join(one, FileName): sound, filepath.Join(one, "nginx.conf"): "server {}\n",
			} {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(one, test.file)
			_ = os.Remove(path)
			if err := test.make(path); err != nil {
				t.Fatal(err)
			}
			root, err := os.OpenRoot("scenarios")
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			loaded := make(chan error, 1)
			go func() {
				_, err := Load(root.FS())
				loaded <- err
			}()
			select {
			case err = <-loaded:
			case <-time.After(slowest):
				t.Fatal("it hangs")
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "password") {
				t.Errorf("got\n%v\nwant among it\n%s", err, test.want)
			}
		})
	}
}

func listen(path string) error {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err == nil {
		l.SetUnlinkOnClose(false)
		err = l.Close()
	}
	return err
}
