//go:build linux

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/labtest"
)

// An engine that has no image, reaches no registry, on a machine without apt: exit
// code 3, each road and its obstacle by name, and what to do. The engine is a
// private one, with nothing on it and a proxy that nobody serves.
func TestNoRoadToAnImage(t *testing.T) {
	dockerd, err := exec.LookPath("dockerd")
	if err != nil || os.Getuid() != 0 {
		t.Skipf("NOT TESTED: a private engine needs root and dockerd (%v)", err)
	}
	dir, err := os.MkdirTemp("", "lab-engine-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	address := "unix://" + filepath.Join(dir, "s")
	config := filepath.Join(dir, "daemon.json") // the machine's own would contradict the flags
	if err := os.WriteFile(config, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	engine := exec.Command(dockerd, "--config-file", config, "-H", address, "--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"),
		"--pidfile", filepath.Join(dir, "pid"), "--bridge=none", "--iptables=false", "--containerd-namespace=lab-test", "--containerd-plugins-namespace=lab-test-plugins")
	engine.Env = append(os.Environ(), "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1")
	var log bytes.Buffer
	engine.Stdout, engine.Stderr = &log, &log
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = engine.Process.Signal(syscall.SIGTERM)
		_ = engine.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "s")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the private engine does not start: %s", log.String())
		}
	}
	lab, err := exec.LookPath("lab")
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(dir, "cache")
	labtest.ShareAgent(t, runtime.GOARCH, cache)
	run := exec.Command(lab, "run", "wrong-port")
	run.Env = []string{"DOCKER_HOST=" + address, "PATH=" + dir, "HOME=" + dir, "LAB_CACHE=" + cache}
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
