package apt

import (
	"archive/tar"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// The complete test as a user without any rights. When an ordinary user runs the other tests
// they prove the same, so this test is for root.
func TestFetchAsNobody(t *testing.T) {
	need(t)
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: only root can become nobody; the other tests ran as an ordinary user already")
	}
	dir := t.TempDir()
	// Only this test uses the directory above. (If apt cannot read its configuration it only
	// prints a warning, and uses the host's.)
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	h := &Host{Dir: dir, Arch: runtime.GOARCH, attr: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}}
	packages, err := h.Fetch(t.Context(), "busybox-static")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(packages[0].File)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 65534 {
		t.Errorf("the package was fetched by %d", owner)
	}
	owners := map[int]int{}
	err = packages[0].Files(t.Context(), func(header *tar.Header, _ io.Reader) error { owners[header.Uid]++; return nil })
	if err != nil || len(owners) != 1 || owners[0] == 0 {
		t.Errorf("owners in the package %v, %v", owners, err)
	}
}
