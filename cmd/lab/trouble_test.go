//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/labtest"
)

// bounded is how long lab may go on after its engine had trouble: its own limits, and
// then some for a busy machine.
const bounded = 2 * time.Minute

// troubled is a run of lab on an engine of its own.
type troubled struct {
	*labtest.Private
	cmd    *exec.Cmd
	stdout bytes.Buffer
	stderr stderr
	cache  string
	report string // a file
	repeat int
}

// long is a run of minutes.
const long = 500

// networked is a scenario with a network, which does not go by itself as containers do.
// It sends nothing over it: the rules of the machine's own engine drop what comes from
// another engine's network.
var networked = map[string]string{
	"nginx.conf":  "server { listen 80; location / { return 200; } }\n",
	"broken.conf": "server { listen 80; location / { proxy_pass http://127.0.0.1:3000; } }\n",
	"scenario.yaml": `title: nobody listens
tags: [502]
needs: network
healthy:
  nginx: nginx.conf
  backends: {app: {listen: "tcp://0.0.0.0:3000"}}
  probes: {home: {get: /, expect: {status: 200}}}
broken:
  nginx: broken.conf
symptom:
  probes: {home: {status: 502}}
  log: [{level: error, match: Connection refused}]
fixes:
  - {id: back, say: Take the old configuration, nginx: nginx.conf, apply: [check, reload]}
wrong_fixes:
  - {id: reload, say: Reload nginx, apply: [reload]}
hints: [none]
debrief: a test
`,
}

// startTroubled starts a run, and returns at some moment after its first repetition.
func startTroubled(t *testing.T, repeat int) *troubled {
	t.Helper()
	folder := t.TempDir()
	r := &troubled{Private: labtest.PrivateEngine(t), cache: filepath.Join(folder, "cache"), report: filepath.Join(folder, "report.json"), repeat: repeat}
	r.Image()
	for name, text := range networked {
		path := filepath.Join(folder, "scenarios", "refused", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	labtest.ShareAgent(t, runtime.GOARCH, r.cache)
	r.cmd = labOn(t, r.Address, r.cache, "run", "--scenarios", filepath.Join(folder, "scenarios"),
		"--repeat", strconv.Itoa(repeat), "--parallel", "2", "-o", "json", "--report", "json="+r.report)
	r.cmd.Stdout = &r.stdout
	r.stderr = startHeard(t, r.cmd)
	r.stderr.until(t, "verified ")
	time.Sleep(mathrand.N(300 * time.Millisecond))
	return r
}

// labOn is a call of lab, ended by force if it does not end by itself.
func labOn(t *testing.T, address, cache string, args ...string) *exec.Cmd {
	t.Helper()
	lab, err := exec.LookPath("lab") // testscript.Main puts it there
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), bounded)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, lab, args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+address, "LAB_CACHE="+cache)
	return cmd
}

// ends waits for the end: exit code 3, want somewhere on stderr, and a report that
// keeps what was verified before. It returns the counts of the report.
func (r *troubled) ends(t *testing.T, want string) (verified, others int) {
	t.Helper()
	began := time.Now()
	said := r.stderr.rest(t)
	_ = r.cmd.Wait()
	t.Logf("lab ended after %s", time.Since(began).Round(100*time.Millisecond))
	if code := r.cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if !strings.Contains(said, want) || strings.Count(said, "\nlab: ") > 1 {
		t.Errorf("want %q on stderr, and one error at most: %s", want, said)
	}
	var seen struct {
		ExitCode int
		Counts   struct {
			Scenarios struct{ Total, Verified int }
		}
	}
	file, err := os.ReadFile(r.report)
	if err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal(r.stdout.Bytes(), &seen); err != nil || !bytes.Equal(file, r.stdout.Bytes()) {
		t.Errorf("%v, or the report in the file (%d bytes) is not the one on stdout (%d)", err, len(file), r.stdout.Len())
	}
	c := seen.Counts.Scenarios
	if seen.ExitCode != 3 || c.Verified == 0 || c.Total != r.repeat {
		t.Errorf("in the report exit code %d, %+v", seen.ExitCode, c)
	}
	return c.Verified, c.Total - c.Verified
}

// clean lets lab remove what it could not remove before; then nothing of it is left. An
// engine that comes back works off what it was sent before, for a moment.
func (r *troubled) clean(t *testing.T) {
	t.Helper()
	e := r.Dial()
	left := func() (names []string) {
		containers, err := e.List(t.Context(), engine.LabelRun, "")
		if err != nil {
			t.Error(err)
		}
		for _, c := range containers {
			names = append(names, c.Name+" "+c.State)
		}
		networks, err := e.Networks(t.Context(), engine.LabelRun, "")
		if err != nil {
			t.Error(err)
		}
		for _, n := range networks {
			names = append(names, n.Name)
		}
		return names
	}
	for deadline := time.Now().Add(bounded); ; time.Sleep(100 * time.Millisecond) {
		output, err := labOn(t, r.Address, r.cache, "prune", "--force").CombinedOutput()
		names := left()
		switch {
		case len(names) == 0 && err == nil:
			return
		case time.Now().After(deadline):
			t.Fatalf("left on the engine: %v; lab prune: %v: %s", names, err, output)
		}
	}
}

const isGone = "lab: running the scenarios: the container engine does not answer any more at unix://"

// often does something with an engine of its own each time; in the long form there are
// many random moments.
func often(t *testing.T, do func(*testing.T)) {
	t.Parallel()
	for range labtest.Soak(1, 20) {
		t.Run("", do)
	}
}

// A run is over when its engine is, also if it comes back at once.
func TestEngine(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]struct{ begin, end func(*labtest.Private) }{
		"Stuck":     {(*labtest.Private).Stop, (*labtest.Private).Cont},
		"Killed":    {(*labtest.Private).Kill, (*labtest.Private).Start},
		"Restarted": {(*labtest.Private).Restart, func(*labtest.Private) {}},
	} {
		t.Run(name, func(t *testing.T) {
			often(t, func(t *testing.T) {
				r := startTroubled(t, long)
				trouble.begin(r.Private)
				r.ends(t, isGone)
				trouble.end(r.Private)
				r.clean(t)
			})
		})
	}
}

// fromOutside does something to the container of a role on the engine of a run.
func (r *troubled) fromOutside(t *testing.T, role string, do func(context.Context, string) error) {
	t.Helper()
	found, err := r.Dial().List(t.Context(), engine.LabelRole, role)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found {
		if c.State == "running" {
			if err := do(t.Context(), c.ID); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no running container among %+v", found)
}

// One testbed is lost with its trial, and the run goes on with another.
func TestContainerKilledFromOutside(t *testing.T) {
	often(t, func(t *testing.T) {
		r := startTroubled(t, 20)
		e := r.Dial()
		r.fromOutside(t, "nginx", e.Remove)
		if _, lost := r.ends(t, "does not answer: its container ended"); lost != 1 {
			t.Errorf("%d repetitions are lost, want 1", lost)
		}
		r.clean(t)
	})
}

func TestContainerPausedFromOutside(t *testing.T) {
	often(t, func(t *testing.T) {
		r := startTroubled(t, 20)
		e := r.Dial()
		r.fromOutside(t, "backend", e.Pause)
		if _, lost := r.ends(t, "its container may be paused"); lost != 1 {
			t.Errorf("%d repetitions are lost, want 1", lost)
		}
		r.clean(t)
	})
}

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
	config := fmt.Appendf(nil, `{"os":"linux","architecture":%q,"rootfs":{"type":"layers","diff_ids":[%q]}}`, runtime.GOARCH, digest(layer.Bytes()))
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
	if err := json.Unmarshal(stdout.Bytes(), &seen); err != nil || seen.ExitCode != 3 || len(seen.Scenarios) != 1 || seen.Scenarios[0].Verdict != "inconclusive" {
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
