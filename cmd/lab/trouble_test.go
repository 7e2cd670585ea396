//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
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
	r := &troubled{
		Private: labtest.PrivateEngine(t),
		cache:   filepath.Join(folder, "cache"),
		report:  filepath.Join(folder, "report.json"),
		repeat:  repeat,
	}
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
