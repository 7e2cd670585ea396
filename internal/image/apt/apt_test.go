package apt

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
)

// planted makes a copy of this machine's configuration with additional hooks, each of which
// leaves a file in a directory. It returns that directory, which also has a copy of the host's
// cache and lists.
func planted(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	// The hooks run as the user that apt runs as.
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cache/archives/host_1_all.deb", "lists/host_Packages"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("the host's"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf(`
Dir::Cache "%[1]s/cache/"; Dir::State::lists "%[1]s/lists/";
APT::Update::Pre-Invoke { "touch %[1]s/ran-update-pre"; };
APT::Update::Post-Invoke { "touch %[1]s/ran-update-post; rm -f %[1]s/cache/archives/*.deb"; };
apt::update::post-invoke-success { "touch %[1]s/ran-lower-case"; };
DPkg::Pre-Invoke { "touch %[1]s/ran-dpkg-pre"; };
DPkg::Post-Invoke { "touch %[1]s/ran-dpkg-post"; };
AptCli::Hooks::Install { "touch %[1]s/ran-cli"; };
`, dir)
	file := filepath.Join(dir, "host.conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("APT_CONFIG", file)
	return dir
}

func traces(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "ran-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func need(t *testing.T) {
	t.Helper()
	missing := Missing()
	if len(missing) > 0 {
		t.Skipf("SKIPPED: this machine has no %s", strings.Join(missing, ", "))
	}
}

func TestFetchRunsNoHookAndLeavesTheHostAlone(t *testing.T) {
	need(t)
	host := planted(t)
	h := &Host{Dir: t.TempDir(), Arch: runtime.GOARCH}
	packages, err := h.Fetch(t.Context(), "busybox-static")
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) != 1 || packages[0].Name != "busybox-static" || !strings.Contains(packages[0].Version, ":1.") {
		t.Errorf("%+v", packages)
	}
	if ran := traces(t, host); len(ran) > 0 {
		t.Errorf("hooks of the host ran: %v", ran)
	}
	for _, name := range []string{"cache/archives/host_1_all.deb", "lists/host_Packages"} {
		if text, err := os.ReadFile(filepath.Join(host, name)); err != nil || string(text) != "the host's" {
			t.Errorf("the host's %s: %q, %v", name, text, err)
		}
	}

	// The second time nothing must be fetched, and a corrupt package in the cache must be
	// noticed.
	began := time.Now()
	if _, err := h.Fetch(t.Context(), "busybox-static"); err != nil {
		t.Fatal(err)
	}
	t.Logf("the second time: %s", time.Since(began).Round(time.Millisecond))
	rotten := packages[0]
	text, err := os.ReadFile(rotten.File)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(rotten.File, text, 0o644); err != nil {
		t.Fatal(err)
	}
	err = rotten.Files(t.Context(), func(*tar.Header, io.Reader) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("a rotten package: %v", err)
	}
	if _, err := h.Fetch(t.Context(), "busybox-static"); err != nil {
		t.Fatal(err)
	}
	if err := rotten.Files(t.Context(), func(*tar.Header, io.Reader) error { return nil }); err != nil {
		t.Errorf("fetched again: %v", err)
	}
}

// This proves that the test above can fail: without the filter the same hooks do run.
func TestPlantedHooksWouldRun(t *testing.T) {
	need(t)
	host := planted(t)
	h := &Host{Dir: t.TempDir(), Arch: runtime.GOARCH, unfiltered: true}
	_, _ = h.Fetch(t.Context(), "busybox-static")
	ran := strings.Join(traces(t, host), " ")
	for _, want := range []string{"ran-update-pre", "ran-update-post"} {
		if !strings.Contains(ran, want) {
			t.Errorf("%s did not run, so the test of the filter proves nothing: %s", want, ran)
		}
	}
	if _, err := os.Stat(filepath.Join(host, "cache/archives/host_1_all.deb")); err == nil {
		t.Error("the hook that deletes the host's cache did not, so the test of the filter proves nothing")
	}
}

func TestUnknownPackage(t *testing.T) {
	need(t)
	h := &Host{Dir: t.TempDir(), Arch: runtime.GOARCH}
	_, err := h.Fetch(t.Context(), "no-such-package-anywhere")
	if err == nil || !strings.Contains(err.Error(), "running apt-get install") ||
		!strings.Contains(err.Error(), "Unable to locate package no-such-package-anywhere") {
		t.Errorf("%v", err)
	}
}

func TestFetchIsCancelled(t *testing.T) {
	need(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&Host{Dir: t.TempDir(), Arch: runtime.GOARCH}).Fetch(ctx, "busybox-static")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Lists that were updated a moment ago must not be updated again, unless a package is missing
// from them.
func TestUpdateOnce(t *testing.T) {
	need(t)
	updates := 0
	h := &Host{Dir: t.TempDir(), Arch: runtime.GOARCH, Report: func(p engine.Progress) {
		if p.What == "updating package lists" {
			updates++
		}
	}}
	for range 2 {
		if _, err := h.Fetch(t.Context(), "busybox-static"); err != nil || updates != 1 {
			t.Errorf("%d updates, %v", updates, err)
		}
	}
	if err := os.RemoveAll(filepath.Join(h.Dir, "lists")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Fetch(t.Context(), "busybox-static"); err != nil || updates != 2 {
		t.Errorf("without lists: %d updates, %v", updates, err)
	}
	if err := os.Chtimes(filepath.Join(h.Dir, stampFile), time.Time{}, time.Now().Add(-2*lately)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Fetch(t.Context(), "busybox-static"); err != nil || updates != 3 {
		t.Errorf("with old lists: %d updates, %v", updates, err)
	}
}
