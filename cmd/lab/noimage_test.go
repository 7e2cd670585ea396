//go:build linux

package main

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/labtest"
)

// An engine that has no image, reaches no registry, on a machine without apt: exit
// code 3, each way and its obstacle by name, and what to do. The engine is a
// private one, with nothing on it and a proxy that nobody serves.
func TestNoSourceOfAnImage(t *testing.T) {
	private := labtest.PrivateEngine(t)
	dir := t.TempDir()
	lab, err := exec.LookPath("lab")
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(dir, "cache")
	labtest.ShareAgent(t, runtime.GOARCH, cache)
	run := exec.Command(lab, "run", "wrong-port")
	run.Env = []string{"DOCKER_HOST=" + private.Address, "PATH=" + dir, "HOME=" + dir, "LAB_CACHE=" + cache}
	var stderr bytes.Buffer
	run.Stderr = &stderr
	err = run.Run()
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != 3 {
		t.Errorf("%v, want exit code 3", err)
	}
	for _, want := range []string{"nginx:1.28.0", "registry", "apt-get", "lab images load"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("no %q in: %s", want, stderr.String())
		}
	}
}
