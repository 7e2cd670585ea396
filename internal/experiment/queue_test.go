package experiment

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// waiting makes a job whose trials wait for the given times, on a server or a network if one
// is named.
func waiting(number, trials int, each time.Duration, needs, server string) *job {
	b := protocol.Backend{Boot: protocol.Duration(each)}
	if server != "" {
		b.Application = "app"
	}
	s := scenario.Scenario{ID: fmt.Sprint(number), Needs: needs, Server: server}
	stage := trial.Stage{Backends: map[string]protocol.Backend{"app": b}}
	j := &job{number: number, scenario: s}
	for range trials {
		j.trials = append(j.trials, planned{Trial: trial.Trial{Needs: needs, Server: server, Phases: []trial.Phase{{Stage: stage}}}})
	}
	return j
}

// Every trial must be taken once. Trials that need a testbed of their own kind must come one
// after another: a scenario that needs a network in a lane of its own, and those of a server
// in a lane that an adequate number of workers share.
func TestQueue(t *testing.T) {
	jobs := []*job{
		waiting(0, 3, 0, "", ""),
		waiting(1, 4, time.Second, "network", ""),
		waiting(2, 6, time.Second, "", "php-fpm"),
		waiting(3, 6, time.Second, "", "php-fpm"),
		waiting(4, 2, time.Second, "", "node"),
	}
	queue := longestFirst(jobs, 10)
	lanes := map[string]int{}
	turns := map[string]int{}
	last := -1
	for _, l := range queue {
		l.mu.Lock()
		first := l.units
		l.mu.Unlock()
		if len(first) == 0 { // another worker with the same lane was quicker
			lanes["taken"]++
			continue
		}
		kind := first[0].job.scenario
		lanes[kind.Needs+kind.Server]++
		for u, more := l.take(); more; u, more = l.take() {
			turns[fmt.Sprint(u.job.number, " ", u.trial)]++
			last = u.job.number
			if s := u.job.scenario; s.Server != kind.Server || s.Needs != kind.Needs {
				t.Errorf("a lane of %q%q goes on with %q%q", kind.Server, kind.Needs, s.Server, s.Needs)
			}
		}
	}
	if len(turns) != 21 {
		t.Errorf("%d of 21 trials: %v", len(turns), turns)
	}
	for name, n := range turns {
		if n != 1 {
			t.Errorf("trial %s has %d turns", name, n)
		}
	}
	// Of the 36 s of waits, 24 are PHP's (including a second for each start) and 4 are Node's.
	// So the lane of PHP must be there 7 times and that of Node twice, and a single worker
	// must be able to do all units of either.
	if lanes[""] != 3 || lanes["network"] != 1 || lanes["php-fpm"] != 1 || lanes["node"] != 1 || lanes["taken"] != 6+1 {
		t.Errorf("lanes %v", lanes)
	}
	if last != 0 {
		t.Errorf("job %d, and not the one that waits for nothing, is last", last)
	}
}

// The lane that waits longest must be taken first.
func TestLaneTakesTheLongestFirst(t *testing.T) {
	short, long := waiting(0, 1, time.Second, "", "node"), waiting(1, 1, 3*time.Second, "", "node")
	l := longestFirst([]*job{short, long}, 1)[0]
	for _, want := range []int{1, 0} {
		if u, ok := l.take(); !ok || u.job.number != want {
			t.Errorf("took %d, %t, want %d", u.job.number, ok, want)
		}
	}
	if _, ok := l.take(); ok {
		t.Error("there is no end")
	}
}

// A trial that waits a minute, or one that is skipped, must not take workers from the servers.
func TestLongAndSkippedWaitsLeaveTheShares(t *testing.T) {
	const server = 4
	lanes := func(more ...*job) int {
		n := 0
		for _, l := range longestFirst(append([]*job{waiting(0, 6, time.Second, "", "php-fpm"), waiting(1, 12, time.Second, "", "")},
			more...), 10) {
			if l.units[0].job.scenario.Server != "" {
				n++
			}
		}
		return n
	}
	skipped := waiting(2, 8, time.Minute, "", "")
	skipped.skipped = true
	if alone := lanes(); lanes(skipped) != alone || alone < server {
		t.Errorf("%d workers for the server beside skipped trials, %d without", lanes(skipped), alone)
	}
	if got := lanes(waiting(3, 1, time.Minute, "", "")); got < server {
		t.Errorf("%d workers for the server beside one long trial, want %d", got, server)
	}
}
