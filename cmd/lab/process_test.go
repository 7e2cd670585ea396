//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/labtest"
)

// seedVariable repeats what a test did at random moments.
const seedVariable = "LAB_SEED"

// quick is a part of the catalogue that is run in seconds; one of it has a network.
var quick = []string{"bound-container-loopback", "config-test", "stale-socket", "wildcard-bind", "wrong-port"}

// selected is what the runs here are of: a part of the catalogue, or all of it.
func selected(t *testing.T) (ids []string) {
	t.Helper()
	if labtest.Soak(0, 1) == 0 {
		return quick
	}
	all, err := readCatalogue("")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all.scenarios {
		if len(s.Privileges) == 0 { // else it is skipped
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// process is a lab in a process of its own.
type process struct {
	*exec.Cmd
	stdout bytes.Buffer
	ended  chan struct{}

	mu    sync.Mutex
	lines []string // of stderr
	heard *sync.Cond
}

// launch starts lab with a cache.
func launch(t *testing.T, cache string, arguments ...string) *process {
	t.Helper()
	lab, err := exec.LookPath("lab") // testscript.Main puts it there
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(lab, arguments...), ended: make(chan struct{})}
	p.heard = sync.NewCond(&p.mu)
	p.Env = append(os.Environ(), "LAB_CACHE="+cache)
	p.Stdout = &p.stdout
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // of a test that failed
		_ = p.Process.Kill()
		<-p.ended
	})
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			p.mu.Lock()
			p.lines = append(p.lines, lines.Text())
			p.mu.Unlock()
			p.heard.Broadcast()
		}
		_ = p.Wait()
		p.mu.Lock()
		close(p.ended)
		p.mu.Unlock()
		p.heard.Broadcast()
	}()
	return p
}

// over reports whether the process has ended.
func (p *process) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// hears waits for a line of stderr with text and returns what follows it; false if
// the process ended without one.
func (p *process) hears(text string) (rest string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for seen := 0; ; p.heard.Wait() {
		for ; seen < len(p.lines); seen++ {
			if _, after, found := strings.Cut("\n"+p.lines[seen], text); found {
				return after, true
			}
		}
		if p.over() {
			return "", false
		}
	}
}

// run is the id of the process's run; "" if it never had one.
func (p *process) run() string {
	id, _ := p.hears(anchors[2])
	return id
}

// stderr is what the process said so far.
func (p *process) stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// code is the exit code as a shell gives it.
func (p *process) code() int {
	<-p.ended
	if status, ok := p.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return p.ProcessState.ExitCode()
}

// partial is a run's report as JSON.
type partial struct {
	ExitCode int
	Counts   struct {
		Scenarios struct{ Total, Verified, Inconclusive int }
	}
	Scenarios []struct {
		ID, Verdict, Cause, Reason string
		Repetitions                *struct{ Runs int }
	}
}

// wholeReport reads a report and wants every scenario in it, in order, each verified or
// not finished for the interruption. It returns how many are verified, repetitions
// counted.
func wholeReport(text []byte, ids []string) (report partial, verified int, err error) {
	if err := json.Unmarshal(text, &report); err != nil {
		return report, 0, fmt.Errorf("the report is no JSON: %w: %.200q", err, text)
	}
	var listed []string
	for _, s := range report.Scenarios {
		// What follows a scenario that is repeated is some of its repetitions.
		if len(listed) == 0 || listed[len(listed)-1] != s.ID {
			listed = append(listed, s.ID)
		}
		switch {
		case s.Verdict == "verified":
		case s.Verdict != "inconclusive" || s.Cause != "interrupted" || !strings.Contains(s.Reason, "stopped by the signal interrupt"):
			err = errors.Join(err, fmt.Errorf("%s is %s (%s): %s", s.ID, s.Verdict, s.Cause, s.Reason))
		}
	}
	if !slices.Equal(listed, ids) {
		err = errors.Join(err, fmt.Errorf("the scenarios in the report are %v, want %v", listed, ids))
	}
	c := report.Counts.Scenarios
	if c.Verified+c.Inconclusive != c.Total || c.Total < len(ids) {
		err = errors.Join(err, fmt.Errorf("the counts are %+v", c))
	}
	return report, c.Verified, err
}

// stop sends a signal at a moment, if the process gets as far.
func (p *process) stop(m moment, s syscall.Signal) {
	if m.anchor != "" {
		p.hears(m.anchor)
	}
	select {
	case <-p.ended:
	case <-time.After(m.after):
		_ = p.Process.Signal(s) // it may end this very moment
	}
}

// cacheWithAgent is a cache of the test's own.
func cacheWithAgent(t *testing.T) string {
	t.Helper()
	e := labtest.Engine(t)
	labtest.Image(t, e)
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(t.TempDir(), "cache")
	labtest.ShareAgent(t, info.Arch, cache)
	return cache
}
