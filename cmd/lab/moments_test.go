//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
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

// anchors are lines of a run's stderr by which the moments of its life are found:
// preparing, starting testbeds, trials, retiring and closing, writing reports.
var anchors = []string{"", "\nengine: ", "\nrun: ", "\ntrials: ", "stays for the next run"}

// moment is a time in a run's life.
type moment struct {
	anchor string
	after  time.Duration
}

func (m moment) String() string { return fmt.Sprintf("%s after %q", m.after, m.anchor) }

// moments draws n of them from the whole life: as many from each part, since the
// short ones are where most can go wrong. A run that goes to its end shows how long
// each part is here.
func moments(t *testing.T, n int, cache string, ids []string) []moment {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", seedVariable, err)
		}
	}
	t.Logf("to repeat these moments: %s=%d", seedVariable, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	reached := []time.Duration{}
	began := time.Now()
	p := launch(t, cache, append([]string{"run", "-v", "-o", "json"}, ids...)...)
	for _, text := range anchors {
		if _, ok := p.hears(text); !ok && text != "" {
			t.Fatalf("no line %q: %s", text, p.stderr())
		}
		reached = append(reached, time.Since(began))
	}
	if code := p.code(); code != 0 {
		t.Fatalf("a run that nobody stops exits with %d: %s", code, p.stderr())
	}
	reached[0] = 0
	reached = append(reached, time.Since(began))
	t.Logf("a run's parts begin and end at %v", reached)
	var all []moment
	first := random.IntN(len(anchors)) // where there are fewer moments than parts
	for i := range n {
		part := (first + i) % len(anchors)
		// Beyond the part's end, too: no two runs are equally long.
		span := (reached[part+1] - reached[part]) * 11 / 10
		all = append(all, moment{anchors[part], time.Duration(random.Int64N(int64(span) + 1))})
	}
	return all
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

// locks names the lock files of a cache.
func locks(t *testing.T, cache string) (runs []string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(cache, "runs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, f := range files {
		runs = append(runs, strings.TrimSuffix(f.Name(), ".lock"))
	}
	return runs
}

// nothingLeft wants nothing of a run on the engine.
func nothingLeft(t *testing.T, run, when string) {
	t.Helper()
	if run == "" {
		return
	}
	if containers, networks := left(t, run); len(containers)+len(networks) > 0 {
		t.Errorf("%s: left of the run %q: %v %v", when, run, containers, networks)
	}
}

// noVolumeLeft wants no anonymous volume more than there was when it was called, once
// the test is over. A volume knows nothing of its run: one without containers is what
// a run would leave.
func noVolumeLeft(t *testing.T) {
	t.Helper()
	unused := func() []string {
		output, err := exec.Command("docker", "volume", "ls", "-q", "-f", "dangling=true").Output()
		if err != nil {
			t.Logf("NOT TESTED that no volume is left, the docker command does not work: %v", err)
		}
		return strings.Fields(string(output))
	}
	before := unused()
	t.Cleanup(func() {
		// Another test's volume is without containers for a moment, while it is removed.
		more := unused()
		for wait := 0; wait < 100 && len(more) > 0; wait++ {
			now := unused()
			more = slices.DeleteFunc(more, func(name string) bool { return slices.Contains(before, name) || !slices.Contains(now, name) })
			if len(more) > 0 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		if len(more) > 0 {
			t.Errorf("volumes without containers that were not there before: %v", more)
		}
	})
}

func TestInterruptAtRandomMoments(t *testing.T) {
	t.Parallel()
	cache, folder, ids := cacheWithAgent(t), t.TempDir(), selected(t)
	noVolumeLeft(t)
	counts := map[string]int{}
	for i, m := range moments(t, labtest.Soak(4, 50), cache, ids) {
		when := fmt.Sprintf("moment %d (%s)", i, m)
		file := filepath.Join(folder, fmt.Sprint(i, ".json"))
		p := launch(t, cache, append([]string{"run", "-v", "-o", "json", "--report", "json=" + file}, ids...)...)
		p.stop(m, syscall.SIGINT)
		code := p.code()
		run := p.run()
		nothingLeft(t, run, when)
		if left := locks(t, cache); len(left) > 0 {
			t.Errorf("%s: locks left: %v", when, left)
			_ = os.RemoveAll(filepath.Join(cache, "runs"))
		}
		_, begun := p.hears(anchors[1])
		if !begun && code == 130 && p.stdout.Len() == 0 && p.stderr() == "" {
			counts["before lab could hear of it"]++ // a process that has just been started
			continue
		}
		report, verified, err := wholeReport(p.stdout.Bytes(), ids)
		written, missing := os.ReadFile(file)
		if err := errors.Join(err, missing); err != nil {
			t.Errorf("%s: exit code %d: %v\n%s", when, code, err, p.stderr())
			continue
		}
		if !bytes.Equal(written, p.stdout.Bytes()) {
			t.Errorf("%s: the report that was written differs from the one on stdout", when)
		}
		switch {
		case verified == len(ids): // it was over, or has ended while the signal came
			counts["all verified"]++
			if report.ExitCode != 0 || code != 0 && code != 130 {
				t.Errorf("%s: all verified, and exit code %d, %d in the report", when, code, report.ExitCode)
			}
		case code != 130 || report.ExitCode != 130:
			t.Errorf("%s: %d of %d verified, exit code %d, %d in the report: %s", when, verified, len(ids), code, report.ExitCode, p.stderr())
		case verified == 0:
			counts["nothing verified"]++
		default:
			counts["some verified"]++
		}
	}
	t.Logf("reports: %v", counts)
}

// neighbour is a long run that others must leave alone.
type neighbour struct {
	*process
	ids        []string
	containers []string
	networks   []string
}

const neighbourRepeats = 500

// newNeighbour starts one with testbeds of both kinds. It waits more than it works.
func newNeighbour(t *testing.T, cache string) *neighbour {
	t.Helper()
	n := &neighbour{ids: []string{"bound-container-loopback", "stalled-body"}}
	n.process = launch(t, cache, append([]string{"run", "-v", "-o", "json", "--parallel", "2", "--timeout", "3h", "--repeat", fmt.Sprint(neighbourRepeats)}, n.ids...)...)
	// A network testbed is there when both scenarios have ended.
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if n.over() || time.Now().After(deadline) {
			t.Fatalf("the neighbour does not get going: %s", n.stderr())
		}
		if strings.Count(n.stderr(), "verified ") >= 4 {
			break
		}
	}
	n.containers, n.networks = n.has(t)
	if len(n.containers) < 6 || len(n.networks) == 0 {
		t.Fatalf("a neighbour has %v %v", n.containers, n.networks)
	}
	return n
}

// holds reports whether all of these are among them.
func holds(all, these []string) bool {
	return !slices.ContainsFunc(these, func(one string) bool { return !slices.Contains(all, one) })
}

// has names what a neighbour has on the engine: its ids, a container that was
// replaced has another.
func (n *neighbour) has(t *testing.T) (containers, networks []string) {
	t.Helper()
	e := labtest.Engine(t)
	list, err := e.List(t.Context(), engine.LabelRun, n.run())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		containers = append(containers, c.ID[:12]+" "+c.Name)
	}
	nets, err := e.Networks(t.Context(), engine.LabelRun, n.run())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range nets {
		networks = append(networks, one.ID[:12]+" "+one.Name)
	}
	slices.Sort(containers)
	slices.Sort(networks)
	return containers, networks
}

// wellToTheEnd wants the neighbour as it was, and stops it: every verdict is right.
func (n *neighbour) wellToTheEnd(t *testing.T) {
	t.Helper()
	// It may have started more of them since.
	if containers, networks := n.has(t); !holds(containers, n.containers) || !holds(networks, n.networks) {
		t.Errorf("a live neighbour had %v %v\nand has %v %v\n%s", n.containers, n.networks, containers, networks, n.stderr())
	}
	if n.over() {
		t.Errorf("a live neighbour has ended: %s", n.stderr())
	}
	n.stop(moment{}, syscall.SIGINT)
	code := n.code()
	report, verified, err := wholeReport(n.stdout.Bytes(), n.ids)
	if err != nil || code != 130 || verified == 0 || report.Counts.Scenarios.Total != neighbourRepeats*len(n.ids) {
		t.Errorf("a live neighbour: exit code %d, %d verified, %v", code, verified, err)
	}
	t.Logf("a live neighbour: %d scenarios verified meanwhile", verified)
	nothingLeft(t, n.run(), "a neighbour that ended")
}

// vanishes waits until no container of the run is left but those that were never
// started: the engine removes them by itself when lab is gone.
func vanishes(t *testing.T, run, when string) (containers, networks []string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		containers, networks = left(t, run)
		if !slices.ContainsFunc(containers, func(c string) bool { return !strings.HasSuffix(c, " created") }) {
			return containers, networks
		}
		if time.Now().After(deadline) {
			t.Errorf("%s: containers outlive their killed run: %v", when, containers)
			return containers, networks
		}
	}
}

// cleanedUp wants nothing left of a dead run once somebody has cleaned up. The engine
// of a busy machine may finish what the run asked it for while they do: that goes with
// the next cleaning, and how many more it took is returned. What was there before goes
// at once.
func cleanedUp(t *testing.T, run, when string, clean func()) (more int) {
	t.Helper()
	containers, networks := left(t, run)
	for deadline := time.Now().Add(time.Minute); ; more++ {
		before := append(containers, networks...)
		clean()
		containers, networks = left(t, run)
		now := append(slices.Clone(containers), networks...)
		if len(now) == 0 {
			return more
		}
		if slices.ContainsFunc(now, func(name string) bool { return slices.Contains(before, name) }) || time.Now().After(deadline) {
			t.Errorf("%s: left of the run %q: %v, of that before the cleaning: %v", when, run, now, before)
			return more
		}
	}
}

func TestKillAtRandomMoments(t *testing.T) {
	t.Parallel()
	cache, elsewhere, folder, ids := cacheWithAgent(t), cacheWithAgent(t), t.TempDir(), selected(t)
	noVolumeLeft(t)
	neighbours := []*neighbour{newNeighbour(t, cache), newNeighbour(t, elsewhere)}
	cleaners := [][]string{{"run", "-o", "json", "wrong-port"}, {"prune", "--force"}}
	clean := func(i int, when string) {
		t.Helper()
		if p := launch(t, cache, cleaners[i%len(cleaners)]...); p.code() != 0 {
			t.Errorf("%s: `lab %s` exits with %d: %s", when, cleaners[i%len(cleaners)][0], p.code(), p.stderr())
		}
	}
	counts := map[string]int{}
	for i, m := range moments(t, labtest.Soak(4, 50), cache, ids) {
		when := fmt.Sprintf("moment %d (%s)", i, m)
		file := filepath.Join(folder, fmt.Sprint(i, ".json"))
		p := launch(t, cache, append([]string{"run", "-v", "-o", "json", "--report", "json=" + file}, ids...)...)
		p.stop(m, syscall.SIGKILL)
		p.code()
		if text, err := os.ReadFile(file); err == nil {
			counts["report written"]++
			if _, _, err := wholeReport(text, ids); err != nil {
				t.Errorf("%s: %v", when, err)
			}
		}
		run := p.run()
		if run == "" {
			counts["nothing begun"]++
			continue
		}
		if i%4 < 2 { // somebody who does not wait; what the engine is about to make comes later
			clean(i, when)
		}
		containers, networks := vanishes(t, run, when)
		counts["containers never started"] += len(containers)
		counts["networks"] += len(networks)
		counts["made after it was cleaned up"] += cleanedUp(t, run, when, func() { clean(i/2, when) })
	}
	t.Logf("left by killed runs: %v", counts)
	// Their lock files go once they are old enough to be nobody's, in two sweeps.
	for range 2 {
		age(t, cache)
		clean(0, "old lock files")
	}
	if got, want := locks(t, cache), []string{neighbours[0].run()}; !slices.Equal(got, want) {
		t.Errorf("lock files %v, want the neighbour's, %v", got, want)
	}
	for _, n := range neighbours {
		n.wellToTheEnd(t)
	}
}

// age makes the lock files of a cache look old.
func age(t *testing.T, cache string) {
	t.Helper()
	long := time.Now().Add(-time.Hour)
	for _, run := range locks(t, cache) {
		if err := os.Chtimes(filepath.Join(cache, "runs", run+".lock"), long, long); err != nil {
			t.Fatal(err)
		}
	}
}
