package wholefile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	if err := WriteText(path, []byte("one")); err != nil || read(t, path) != "one" {
		t.Errorf("%v, %q", err, read(t, path))
	}
	// What fails in the middle leaves what was there, and nothing beside it.
	err := Write(path, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return errors.New("no space left")
	})
	if err == nil || !strings.Contains(err.Error(), `report.json": no space left`) || read(t, path) != "one" {
		t.Errorf("%v, %q", err, read(t, path))
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("left in the folder: %v, %v", files, err)
	}
	if err := WriteText(filepath.Join(dir, "none", "x"), nil); err == nil {
		t.Error("a file in a folder that is not there")
	}
}

func TestModesAndLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has neither these modes nor, for everybody, links")
	}
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	if err := WriteText(link, []byte("new")); err != nil || read(t, path) != "new" {
		t.Errorf("through a link: %v, %q", err, read(t, path))
	}
	if to, err := os.Readlink(link); err != nil || to != "real" {
		t.Errorf("the link: %q, %v", to, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode: %v, %v", info.Mode(), err)
	}
	if err := WriteText("/dev/null", []byte("x")); err != nil {
		t.Errorf("what is no file: %v", err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Errorf("/dev/null is %v, %v", info.Mode(), err)
	}
}
