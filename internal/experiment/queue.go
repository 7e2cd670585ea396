package experiment

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/scenario"
)

// unit is one trial of one job.
type unit struct {
	job   *job
	trial int
	waits time.Duration // for what it waits by itself
}

// jobsOf makes the jobs of a repetition.
func jobsOf(scenarios []scenario.Scenario, plans [][]planned, repeat int) []*job {
	var jobs []*job
	for i, trials := range plans {
		jobs = append(jobs, &job{number: i, scenario: scenarios[i], repeat: repeat, trials: trials, left: len(trials),
			seen: make([]scenario.Observation, len(trials)), outcomes: make([]outcome, len(trials))})
	}
	return jobs
}

// row is what one worker does, one unit after the other.
type row struct {
	units []unit
	waits time.Duration // that put it in its place
}

// longestFirst is what workers do, what waits longest first: a long scenario that begins
// last is waited for alone. (Trials that wait and trials that work must be mixed: all the
// waiting first takes longer.)
//
// Trials that need a testbed of their own kind follow one another in rows: starting a
// testbed for each would cost more than it saves. A scenario on a network is one row; a
// server's trials are as many as their share of all the waiting is of parallel.
func longestFirst(jobs []*job, parallel int) [][]unit {
	var rows []row
	ofServer := map[string][]unit{}
	var all time.Duration
	for _, j := range jobs {
		var together []unit
		var waits time.Duration
		for i, t := range j.trials {
			u := unit{j, i, inherentWait(t)}
			together, waits = append(together, u), waits+u.waits
		}
		all += waits
		switch {
		case j.scenario.Server != "":
			ofServer[j.scenario.Server] = append(ofServer[j.scenario.Server], together...)
		case j.scenario.Needs != "":
			rows = append(rows, row{together, waits})
		default:
			for _, u := range together {
				rows = append(rows, row{[]unit{u}, waits})
			}
		}
	}
	for _, units := range ofServer {
		var waits time.Duration
		for _, u := range units {
			waits += u.waits
		}
		share := int(float64(parallel)*float64(waits)/float64(max(all, 1))) + 1
		rows = append(rows, spread(units, min(share, len(units)))...)
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.waits, a.waits), cmp.Compare(a.units[0].job.number, b.units[0].job.number))
	})
	var queue [][]unit
	for _, r := range rows {
		queue = append(queue, r.units)
	}
	return queue
}

// spread puts units into so many rows that wait about as long as each other.
func spread(units []unit, n int) []row {
	slices.SortStableFunc(units, func(a, b unit) int { return cmp.Compare(b.waits, a.waits) })
	rows := make([]row, n)
	for _, u := range units {
		shortest := 0
		for i := range rows {
			if rows[i].waits < rows[shortest].waits {
				shortest = i
			}
		}
		rows[shortest].units = append(rows[shortest].units, u)
		rows[shortest].waits += u.waits
	}
	return rows
}

// timer finds the timers of nginx that a scenario is about: lab's are in milliseconds.
var timer = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b(\d{1,5})ms\b`) })

// What a trial waits for that needs a testbed of its own kind, and for a real server:
// to start, and for its timers, which are a second at the least.
const (
	ownTestbed = time.Second
	ownServer  = time.Second
)

// inherentWait is what a trial waits for by itself, roughly: nginx's timers, its
// backends, its steps.
func inherentWait(t planned) time.Duration {
	var sum time.Duration
	if t.Needs != "" {
		sum += ownTestbed
	}
	for _, phase := range t.Phases {
		longest := 0
		for _, m := range timer().FindAllStringSubmatch(t.Files[phase.Stage.Nginx], -1) {
			ms, _ := strconv.Atoi(m[1])
			longest = max(longest, ms)
		}
		sum += time.Duration(longest) * time.Millisecond
		for _, b := range phase.Stage.Backends {
			sum += b.Boot.D() + b.Delay.D()
			if b.Real() {
				sum += ownServer
			}
		}
		for _, s := range phase.Apply {
			sum += s.Wait.D()
			if s.Do == "reload" {
				sum += protocol.ReloadLasts.D()
			}
		}
	}
	return sum
}
