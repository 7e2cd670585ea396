//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/report"
)

// labCommand is `lab` with a cache of its own that holds the agent.
func labCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	e := labtest.Engine(t)
	labtest.Image(t, e)
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lab, err := exec.LookPath("lab") // testscript.Main puts it there
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(t.TempDir(), "cache")
	labtest.ShareAgent(t, info.Arch, cache)
	cmd := exec.CommandContext(t.Context(), lab, args...)
	cmd.Env = append(os.Environ(), "LAB_CACHE="+cache)
	return cmd
}

// catalogueRun is a run of the catalogue. In the short form it leaves real servers out:
// they make it three times as long, and the tests of the catalogue itself have them.
func catalogueRun() []string {
	args := []string{"run", "--privileges", "SYS_ADMIN"}
	if labtest.Soak(0, 1) == 0 {
		for _, name := range server.Names() {
			args = append(args, "--skip", name)
		}
	}
	return args
}

// outcome is what these tests read of the JSON form.
type outcome struct {
	Counts struct {
		Scenarios, Fixes struct{ Total, Verified, Refuted, Inconclusive, Skipped int }
		Trials, Hearings int
	}
}

func read(t *testing.T, text []byte) outcome {
	t.Helper()
	var o outcome
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// The whole catalogue, beside each kind of load, and the short form beside all of them at
// once: no verdict is wrong. One that cannot be told is no wrong one, but there must not
// be many.
func TestNoWrongVerdictUnderLoad(t *testing.T) {
	kinds := map[string][]labtest.Load{"all": labtest.Loads}
	if labtest.Soak(0, 1) == 1 {
		kinds = map[string][]labtest.Load{}
		for _, load := range labtest.Loads {
			kinds[string(load)] = []labtest.Load{load}
		}
	}
	for name, loads := range kinds {
		t.Run(name, func(t *testing.T) { underLoad(t, labtest.Soak(1, 20), loads) })
	}
}

func underLoad(t *testing.T, repeat int, loads []labtest.Load) {
	cmd := labCommand(t, append(catalogueRun(), "--repeat", strconv.Itoa(repeat), "--timeout", "3h", "-o", "json", "-q")...)
	stop := labtest.Busy(t, loads...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	work := stop()
	o := read(t, stdout.Bytes())
	t.Logf("%d repetitions in %s: %+v; the load's rounds: %v", repeat, time.Since(began).Round(time.Second), o.Counts, work)
	for _, load := range loads {
		if work[load] == 0 {
			t.Errorf("the load %s has done nothing", load)
		}
	}
	s := o.Counts.Scenarios
	if err == nil && s.Total > 0 && s.Verified+s.Skipped == s.Total {
		return
	}
	if undecided := s.Total - s.Verified - s.Skipped; s.Refuted == 0 && s.Total > 0 && undecided <= repeat*fewUndecided {
		t.Logf("%d could not be told: %s", undecided, stderr.String())
		return
	}
	t.Errorf("%v: %s", err, stderr.String())
	report := filepath.Join(os.TempDir(), fmt.Sprintf("lab-under-load-%d.json", os.Getpid()))
	if err := os.WriteFile(report, stdout.Bytes(), 0o644); err == nil {
		t.Logf("the whole report: %s", report)
	}
}

// fewUndecided is how many scenarios of a run may be undecided on a machine that is kept
// busy: about one in fifty.
const fewUndecided = 3

// A run takes little longer than it must: see report.Timings. Beside other tests it is
// only looked at; alone, in the long form, the best of some runs must keep to it.
func TestNearTheLimit(t *testing.T) {
	most, tries := 10.0, labtest.Soak(1, 5)
	if tries > 1 {
		most = 1.5
	}
	best := math.Inf(1)
	for range tries {
		cmd := labCommand(t, append(catalogueRun(), "--timings", "-o", "json", "-q")...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %s", err, stderr.String())
		}
		var seen struct {
			Took    protocol.Duration
			Timings report.Timings
		}
		if err := json.Unmarshal(stdout.Bytes(), &seen); err != nil {
			t.Fatal(err)
		}
		g := seen.Timings
		t.Logf(
			"%s, %.2f of the limit %s: first testbed %s, waits %s, %d trials, bare nginx %s, measured overlap %.2f, %d at a time on %d "+
				"cores",
			seen.Took,
			g.Ratio,
			g.Limit,
			g.Testbed,
			g.Sum.Waits,
			g.Trials,
			g.BareNginx,
			g.Overlap,
			g.Parallel,
			g.Cores,
		)
		// The parts are the whole: nothing is hidden between them.
		if parts := g.Preparing + g.Testbed + g.Running + g.Ending; parts < seen.Took*99/100 || g.Trials < 300 || g.BareNginx <= 0 ||
			g.Overlap < 1 ||
			len(g.Slowest) == 0 {
			t.Errorf("the parts are %s of %s; %d trials, %d slow ones", parts, seen.Took, g.Trials, len(g.Slowest))
		}
		if sum := g.Sum.Inside() + g.Sum.Own; sum < g.Running || sum > protocol.Duration(g.Parallel+1)*g.Running {
			t.Errorf("the trials come to %s, in %s with %d at a time", sum, g.Running, g.Parallel)
		}
		best = min(best, g.Ratio)
	}
	if best > most {
		t.Errorf("the best run took %.2f times as long as it must, want %.1f at most", best, most)
	}
}

// However often a run repeats, lab needs no more memory.
func TestMemoryStaysFlat(t *testing.T) {
	repeat := labtest.Soak(10, 200)
	cmd := labCommand(t, "run", "--repeat", strconv.Itoa(repeat), "--timeout", "3h", "-o", "json", "-q",
		"wrong-port", "socket-missing", "config-test", "header-too-big", "service-crashed", "unknown-ca", "maintenance", "stale-socket")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var resident []int // KiB
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			running = false
		case <-tick.C:
			if kib := residentSet(cmd.Process.Pid); kib > 0 {
				resident = append(resident, kib)
			}
		}
	}
	if o := read(t, stdout.Bytes()); o.Counts.Scenarios.Verified != 8*repeat {
		t.Errorf("%+v", o.Counts)
	}
	// The report is written at the very end, in memory.
	if len(resident) < 40 {
		t.Fatalf("%d samples are too few", len(resident))
	}
	second, last := highest(resident[len(resident)/4:len(resident)/2]), highest(resident[3*len(resident)/4:len(resident)*97/100])
	t.Logf("%d repetitions, %d samples: at most %d KiB in the second quarter, %d in the last", repeat, len(resident), second, last)
	if last > second+second/4 {
		t.Errorf("memory grows from %d to %d KiB", second, last)
	}
}

func residentSet(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.Atoi(fields[0])
	return kib
}

func highest(values []int) int {
	most := 0
	for _, v := range values {
		most = max(most, v)
	}
	return most
}
