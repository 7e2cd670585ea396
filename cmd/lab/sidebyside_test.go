//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/labtest"
)

// Runs at the same time on one engine do not notice each other, nor somebody who
// cleans up meanwhile, whether they share a cache or not.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	ids := selected(t)
	noVolumeLeft(t)
	crowds := []int{2}
	if labtest.Soak(0, 1) == 1 {
		crowds = append(crowds, 4)
	}
	for _, many := range crowds {
		for _, shared := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d runs, shared cache %v", many, shared), func(t *testing.T) {
				sideBySide(t, many, shared, ids)
			})
		}
	}
}

func sideBySide(t *testing.T, many int, shared bool, ids []string) {
	var caches []string
	for i := range many {
		if shared && i > 0 {
			caches = append(caches, caches[0])
			continue
		}
		caches = append(caches, cacheWithAgent(t))
	}
	var runs []*process
	var wanted [][]string
	for i, cache := range caches {
		mine := ids
		if i == 0 { // one ends while the others go on
			mine = ids[len(ids)-1:]
		}
		wanted = append(wanted, mine)
		runs = append(runs, launch(t, cache, append([]string{"run", "-v", "-o", "json"}, mine...)...))
	}
	// Somebody cleans up, with the cache of one of them and with another, until they end.
	bystander := cacheWithAgent(t)
	pruned, last := 0, runs[many-1]
	for !last.over() {
		for _, cache := range []string{caches[0], bystander} {
			removed := prune(t, cache)
			for _, p := range runs {
				if id := p.started(); id != "" && slices.Contains(removed, id) {
					t.Errorf("lab prune removed what is of a live run %q", id)
				}
			}
			pruned++
		}
		time.Sleep(300 * time.Millisecond)
	}
	for i, p := range runs {
		code := p.code()
		report, verified, err := wholeReport(p.stdout.Bytes(), wanted[i])
		if code != 0 || err != nil || verified != report.Counts.Scenarios.Total {
			t.Errorf("run %d: exit code %d, %d of %d verified, %v: %s", i, code, verified, len(wanted[i]), err, p.stderr())
		}
		nothingLeft(t, p.run(), fmt.Sprint("run ", i))
		if left := locks(t, caches[i]); len(left) > 0 {
			t.Errorf("run %d: locks left: %v", i, left)
		}
	}
	t.Logf("lab prune %d times meanwhile", pruned)
}

// started is the id of the run, as far as it is known yet.
func (p *process) started() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		var id string
		if n, _ := fmt.Sscanf(line, "run: %s", &id); n == 1 {
			return id
		}
	}
	return ""
}

// prune runs `lab prune` and returns the runs of what it removed.
func prune(t *testing.T, cache string) (runs []string) {
	t.Helper()
	p := launch(t, cache, "prune", "--force", "-o", "json")
	if code := p.code(); code != 0 {
		t.Errorf("lab prune exits with %d: %s", code, p.stderr())
		return nil
	}
	var removed struct{ Leftovers []struct{ Run string } }
	if err := json.Unmarshal(p.stdout.Bytes(), &removed); err != nil {
		t.Errorf("lab prune says %q: %v", p.stdout.String(), err)
	}
	for _, l := range removed.Leftovers {
		runs = append(runs, l.Run)
	}
	return runs
}
