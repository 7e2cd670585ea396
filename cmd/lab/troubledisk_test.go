//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/labtest"
)

// registry serves one image on the loopback, with a layer that does not compress, and
// breaks off after some bytes of it; or falls silent there.
func registry(t *testing.T, size, after int, silent bool) (ref string) {
	t.Helper()
	content := make([]byte, size)
	_, _ = rand.Read(content) // never fails
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "file", Mode: 0o644, Size: int64(size)}); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(content)
	_ = w.Close()
	digest := func(text []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(text)) }
	config := fmt.Appendf(
		nil,
		`{"os":"linux","architecture":%q,"rootfs":{"type":"layers","diff_ids":[%q]}}`,
		runtime.GOARCH,
		digest(layer.Bytes()),
	)
	const kind = "application/vnd.docker.distribution.manifest.v2+json"
	manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,
		"config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":%q},
		"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar","size":%d,"digest":%q}]}`,
		kind, len(config), digest(config), layer.Len(), digest(layer.Bytes()))
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/manifests/"):
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Docker-Content-Digest", digest(manifest))
			_, _ = w.Write(manifest)
		case strings.HasSuffix(r.URL.Path, digest(config)):
			_, _ = w.Write(config)
		case strings.Contains(r.URL.Path, "/blobs/"):
			w.Header().Set("Content-Length", strconv.Itoa(layer.Len()))
			_, _ = w.Write(layer.Bytes()[:min(after, layer.Len())])
			if silent {
				_ = http.NewResponseController(w).Flush()
				select {
				case <-over:
				case <-r.Context().Done():
				}
			}
		}
	}))
	t.Cleanup(func() { close(over); server.Close() })
	return strings.TrimPrefix(server.URL, "http://") + "/lab-test/image:1"
}

// unbegun is a run that cannot begin: exit code 3, each of wants on stderr, and a report
// that says of the scenario that it was not run, and why.
func unbegun(t *testing.T, p *labtest.Private, image string, wants ...string) {
	t.Helper()
	cache := t.TempDir()
	labtest.ShareAgent(t, runtime.GOARCH, cache)
	run := labOn(t, p.Address, cache, "run", "wrong-port", "--nginx", image, "-o", "json")
	var stdout, stderr bytes.Buffer
	run.Stdout, run.Stderr = &stdout, &stderr
	_ = run.Run()
	if code := run.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	var seen struct {
		ExitCode  int
		Scenarios []struct{ Verdict, Reason string }
	}
	if err := json.Unmarshal(stdout.Bytes(), &seen); err != nil || seen.ExitCode != 3 || len(seen.Scenarios) != 1 ||
		seen.Scenarios[0].Verdict != "inconclusive" {
		t.Errorf("the report: %v %+v", err, seen)
		return
	}
	for _, want := range wants {
		if !strings.Contains(stderr.String(), want) || !strings.Contains(seen.Scenarios[0].Reason, want) {
			t.Errorf("no %q on stderr or in the report: %s", want, stderr.String())
		}
	}
}

func TestPullBreaksHalfway(t *testing.T) {
	t.Parallel()
	const size, after = 4 << 20, 2 << 20
	// By default the engine tries five times, with pauses of 5 s and more.
	p := labtest.PrivateEngineOnLoopback(t, "--max-download-attempts=1")
	unbegun(t, p, registry(t, size, after, false), "from a registry: pulling")
	for range labtest.Soak(0, 1) {
		unbegun(t, p, registry(t, size, after, true), "from a registry: pulling", "nothing more arrived")
	}
	containers, err := p.Dial().ListImages(t.Context(), "lab-test", "")
	if err != nil || len(containers) > 0 {
		t.Errorf("half an image is on the engine: %v, %v", containers, err)
	}
}

func TestNoDiskSpace(t *testing.T) {
	t.Parallel()
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("NOT TESTED: a small disk needs a mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	p := labtest.PrivateEngineOnLoopback(t, "--data-root="+filepath.Join(small, "data"))
	const size, noSpace = 16 << 20, "no space left on device"
	unbegun(t, p, registry(t, size, 2*size, false), noSpace)

	archive := filepath.Join(t.TempDir(), "image.tar")
	from := labtest.Engine(t)
	file, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(from.Save(t.Context(), []string{labtest.Image(t, from).Name}, file), file.Close()); err != nil {
		t.Fatal(err)
	}
	load := labOn(t, p.Address, t.TempDir(), "images", "load", archive)
	said, _ := load.CombinedOutput()
	if code := load.ProcessState.ExitCode(); code != 3 || !strings.Contains(string(said), noSpace) {
		t.Errorf("lab images load: exit code %d: %s", code, said)
	}
}

// slowed is the address of an engine that takes its time before each answer. What was
// said before is passed on at once.
func slowed(t *testing.T, address string, delay time.Duration) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); all.Wait() })
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			engine, err := net.Dial("unix", strings.TrimPrefix(address, "unix://"))
			if err != nil {
				t.Error(err)
				_ = client.Close()
				return
			}
			all.Go(func() {
				_, _ = io.Copy(&slow{Writer: engine, delay: delay}, client)
				_ = engine.Close()
			})
			all.Go(func() {
				_, _ = io.Copy(client, engine)
				_ = client.Close()
			})
		}
	})
	return "unix://" + socket
}

// slow delays what begins a request. The frames of an attached stream are no requests.
type slow struct {
	io.Writer
	delay time.Duration
}

func (s *slow) Write(p []byte) (int, error) {
	for _, method := range []string{"GET ", "POST ", "PUT ", "DELETE ", "HEAD "} {
		if bytes.HasPrefix(p, []byte(method)) {
			time.Sleep(s.delay)
			break
		}
	}
	return s.Writer.Write(p)
}

func TestSlowEngine(t *testing.T) {
	t.Parallel()
	p := labtest.PrivateEngine(t)
	p.Image()
	cache := t.TempDir()
	labtest.ShareAgent(t, runtime.GOARCH, cache)
	run := labOn(t, slowed(t, p.Address, 300*time.Millisecond), cache, "run", "wrong-port", "-o", "name")
	began := time.Now()
	if output, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
	// Dialling, asking, looking for the image, creating, copying, attaching, starting …
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("only %s: the engine was not slow", took)
	}
}
