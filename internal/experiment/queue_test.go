package experiment

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/scenario"
)

// waiting is a job whose trials wait so long each, on a server or a network if named.
func waiting(number, trials int, each time.Duration, needs, server string) *job {
	b := protocol.Backend{Boot: protocol.Duration(each)}
	if server != "" {
		b.Application = "app"
	}
	s := scenario.Scenario{ID: fmt.Sprint(number), Needs: needs, Server: server}
	stage := scenario.Stage{Backends: map[string]protocol.Backend{"app": b}}
	j := &job{number: number, scenario: s}
	for range trials {
		j.trials = append(j.trials, planned{Trial: scenario.Trial{Needs: needs, Server: server, Phases: []scenario.Phase{{Stage: stage}}}})
	}
	return j
}

// Every trial has its turn once. What needs a testbed of its own kind follows one
// another: a scenario on a network in one row, a server's in as many as pay off.
func TestQueue(t *testing.T) {
	jobs := []*job{
		waiting(0, 3, 0, "", ""),
		waiting(1, 4, time.Second, "network", ""),
		waiting(2, 6, time.Second, "", "php-fpm"),
		waiting(3, 6, time.Second, "", "php-fpm"),
		waiting(4, 2, time.Second, "", "node"),
	}
	queue := longestFirst(jobs, 10)
	rows := map[string]int{}
	turns := map[string]int{}
	for _, row := range queue {
		first := row[0].job.scenario
		rows[first.Needs+first.Server]++
		for _, u := range row {
			turns[fmt.Sprint(u.job.number, " ", u.trial)]++
			if s := u.job.scenario; s.Server != first.Server || s.Needs != first.Needs {
				t.Errorf("a row of %q%q goes on with %q%q", first.Server, first.Needs, s.Server, s.Needs)
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
	// 24 of 36 s of waiting are PHP's (a second for its start in each), 4 are Node's.
	if rows[""] != 3 || rows["network"] != 1 || rows["php-fpm"] != 7 || rows["node"] != 2 {
		t.Errorf("rows %v", rows)
	}
	if last := queue[len(queue)-1][0].job.number; last != 0 {
		t.Errorf("job %d, and not the one that waits for nothing, is last", last)
	}
}

// A server's rows wait about as long as each other.
func TestSpread(t *testing.T) {
	var units []unit
	for i, seconds := range []int{1, 5, 2, 4, 3} {
		units = append(units, unit{trial: i, waits: time.Duration(seconds) * time.Second})
	}
	var sums []time.Duration
	for _, r := range spread(units, 3) {
		sums = append(sums, r.waits)
	}
	if want := []time.Duration{5 * time.Second, 5 * time.Second, 5 * time.Second}; !slices.Equal(sums, want) {
		t.Errorf("rows wait %v, want %v", sums, want)
	}
}
