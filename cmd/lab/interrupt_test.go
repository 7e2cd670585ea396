//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/labtest"
)

// interrupted is a run of lab that is to be stopped in the middle.
type interrupted struct {
	*exec.Cmd
	stderr stderr
	stdout bytes.Buffer
	folder string
	cache  string
}

// startLong starts a run that would take minutes, and returns when its first
// repetition is done.
func startLong(t *testing.T) *interrupted {
	t.Helper()
	e := labtest.Engine(t)
	labtest.Image(t, e)
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &interrupted{folder: t.TempDir()}
	written, err := writeTemplate(r.folder, "refused")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range written {
		overNetwork(t, path)
	}
	r.cache = filepath.Join(t.TempDir(), "cache")
	labtest.ShareAgent(t, info.Arch, r.cache)
	lab, err := exec.LookPath("lab") // testscript.Main puts it there
	if err != nil {
		t.Fatal(err)
	}
	r.Cmd = exec.Command(lab, "run", "--scenarios", r.folder, "--repeat", "500", "-o", "json",
		"--report", "junit="+filepath.Join(r.folder, "lab.xml"), "--evidence", filepath.Join(r.folder, "seen"))
	r.Env = append(os.Environ(), "LAB_CACHE="+r.cache)
	r.Stdout = &r.stdout
	r.stderr = startHeard(t, r.Cmd)
	r.stderr.until(t, "verified ")
	return r
}

// overNetwork makes a file of the template one of a scenario with a network: the
// engine removes containers by itself when lab ends, but no network.
func overNetwork(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	host := "app"
	if strings.HasSuffix(path, ".yaml") {
		host = "0.0.0.0"
		text = append([]byte("needs: network\n"), text...)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte("127.0.0.1"), []byte(host)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (r *interrupted) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := r.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// end waits for the end and returns the exit code and the rest of stderr.
func (r *interrupted) end(t *testing.T) (int, string) {
	t.Helper()
	rest := r.stderr.rest(t)
	var failed *exec.ExitError
	if err := r.Wait(); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return r.ProcessState.ExitCode(), rest
}

// run is the run's id: its lock is the only one in a cache of its own.
func (r *interrupted) run(t *testing.T) string {
	t.Helper()
	locks, err := filepath.Glob(filepath.Join(r.cache, "runs", "*.lock"))
	if err != nil || len(locks) != 1 {
		t.Fatalf("locks in the cache: %v, %v; want one", locks, err)
	}
	return strings.TrimSuffix(filepath.Base(locks[0]), ".lock")
}

// left names what is on the engine of a run.
func left(t *testing.T, run string) (containers, networks []string) {
	t.Helper()
	e := labtest.Engine(t)
	list, err := e.List(t.Context(), engine.LabelRun, run)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		containers = append(containers, c.Name+" "+c.State)
	}
	nets, err := e.Networks(t.Context(), engine.LabelRun, run)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nets {
		networks = append(networks, n.Name)
	}
	return containers, networks
}

func TestInterrupt(t *testing.T) {
	r := startLong(t)
	run := r.run(t)
	if containers, networks := left(t, run); len(containers) == 0 || len(networks) == 0 {
		t.Fatalf("not on the engine while the run %q goes on: %v %v", run, containers, networks)
	}
	r.signal(t, syscall.SIGINT)
	code, rest := r.end(t)
	if code != 130 {
		t.Errorf("exit code %d, want 130; stderr: %s", code, rest)
	}
	if !strings.Contains(rest, "interrupted: refused#") {
		t.Errorf("stderr does not say what is not finished: %s", rest)
	}
	var seen partial
	if err := json.Unmarshal(r.stdout.Bytes(), &seen); err != nil {
		t.Fatalf("the partial report is no JSON: %v", err)
	}
	if c := seen.Counts.Scenarios; seen.ExitCode != 130 || c.Verified == 0 || c.Inconclusive == 0 || c.Total != 500 {
		t.Errorf("exit code %d and %+v in the report; want 130, some verified, the others interrupted", seen.ExitCode, c)
	}
	if last := seen.Scenarios[len(seen.Scenarios)-1]; last.Verdict != "inconclusive" || last.Cause != "interrupted" {
		t.Errorf("what was not finished is %+v", last)
	}
	for _, name := range []string{"lab.xml", "seen/report.json"} {
		if info, err := os.Stat(filepath.Join(r.folder, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s was not written: %v", name, err)
		}
	}
	if containers, networks := left(t, run); len(containers)+len(networks) > 0 {
		t.Errorf("left of the run %q: %v %v", run, containers, networks)
	}
}

func TestSecondInterrupt(t *testing.T) {
	r := startLong(t)
	run := r.run(t)
	r.signal(t, syscall.SIGTERM)
	r.stderr.until(t, "once more stops at once")
	t.Cleanup(func() { // whatever this test finds, the next one starts without it
		prune := exec.Command(r.Path, "prune", "--force")
		prune.Env = r.Env
		_ = prune.Run()
	})
	// A user's second Ctrl-C; what forwards signals repeats the first within microseconds.
	r.signal(t, syscall.SIGTERM)
	time.Sleep(impatience + 50*time.Millisecond)
	r.signal(t, syscall.SIGINT)
	code, rest := r.end(t)
	if code != 130 || !strings.Contains(rest, "`lab prune` removes what is left") {
		t.Errorf("exit code %d, stderr: %s", code, rest)
	}
	// The agents end with their streams, and the engine removes their containers; one
	// that was never started, and the network, are what `lab prune` is for.
	vanishes(t, run, "stopped at once")
	cleanedUp(t, run, "stopped at once", func() {
		prune := exec.Command(r.Path, "prune", "--force")
		prune.Env = r.Env
		if output, err := prune.CombinedOutput(); err != nil {
			t.Errorf("lab prune: %v: %s", err, output)
		}
	})
}
