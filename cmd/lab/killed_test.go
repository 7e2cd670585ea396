//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/labtest"
)

// neighbour is a long run that others must leave alone.
type neighbour struct {
	*process
	ids        []string
	containers []string
	networks   []string
}

const neighbourRepeats = 500

// newNeighbour starts one with a testbed of each kind, which its pool never finds too many.
// It waits more than it works.
func newNeighbour(t *testing.T, cache string) *neighbour {
	t.Helper()
	n := &neighbour{ids: []string{"bound-container-loopback", "stalled-body"}}
	flags := []string{"-v", "-o", "json", "--parallel", "1", "--timeout", "3h", "--repeat", fmt.Sprint(neighbourRepeats)}
	n.process = launch(t, cache, slices.Concat([]string{"run"}, flags, n.ids)...)
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
	if len(n.containers) < 4 || len(n.networks) == 0 {
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
