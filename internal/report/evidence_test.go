package report

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree is the files below a folder, one per line.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			b.WriteString(path + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEvidence(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "seen")
	r := example()
	if err := r.WriteEvidence(dir); err != nil {
		t.Fatal(err)
	}
	golden(t, "evidence.txt", tree(t, dir))
	for _, name := range []string{"versions.txt", "failing/README.md", "fine/broken/1-broken-client.txt",
		"failing/fix-second/2-fixed-client.txt", "failing/fix-second/backend-app.txt"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "evidence-"+strings.ReplaceAll(strings.ReplaceAll(name, "/", "-"), "#", "-"), string(text))
		if strings.ContainsAny(string(text), "\x1b\x00\x07\r") {
			t.Errorf("%s holds what a terminal obeys", name)
		}
	}

	// The next run replaces what this one wrote, and nothing else.
	mine := filepath.Join(dir, "fine", "mine.txt")
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.Results = r.Results[1:2]
	if err := r.WriteEvidence(dir); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(mine); err != nil || string(text) != "mine" {
		t.Errorf("somebody's file: %q, %v", text, err)
	}
	if left := tree(t, filepath.Join(dir, "fine")); left != "mine.txt\n" {
		t.Errorf("left of the run before: %s", left)
	}
	if _, err := os.Stat(filepath.Join(dir, "unclear")); err == nil {
		t.Error("the empty folder of the run before is still there")
	}
}

func TestEvidenceTouchesNothingForeign(t *testing.T) {
	r := example()
	foreign := t.TempDir()
	secret := filepath.Join(foreign, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteEvidence(foreign); err == nil || !strings.Contains(err.Error(), "files that are not lab's") {
		t.Errorf("%v", err)
	}
	// A list that somebody edited does not lead out of the folder.
	dir := t.TempDir()
	link, err := filepath.Rel(dir, secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, markerFile), []byte(filepath.ToSlash(link)+"\n"+secret+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteEvidence(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(secret); err != nil {
		t.Errorf("a file outside is gone: %v", err)
	}
	// Nor is a file of the same name overwritten, or a link followed.
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, markerFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "README.md")); err != nil {
		t.Skip("no links here:", err)
	}
	if err := r.WriteEvidence(dir); err == nil || !strings.Contains(err.Error(), `"README.md" is in the way`) {
		t.Errorf("%v", err)
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "secret" {
		t.Errorf("the file behind the link: %q, %v", text, err)
	}
}
