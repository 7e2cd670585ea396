package experiment

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// unit is one trial of a job.
type unit struct {
	job   *job
	trial int
	waits time.Duration // how long the trial waits in any case
}

// jobsOf makes the jobs of one repetition.
func jobsOf(scenarios []scenario.Scenario, plans [][]planned, repeat int, skip func(scenario.Scenario) string) []*job {
	var jobs []*job
	for i, trials := range plans {
		jobs = append(
			jobs,
			&job{
				skipped:  skip != nil && skip(scenarios[i]) != "",
				number:   i,
				scenario: scenarios[i],
				repeat:   repeat,
				trials:   trials,
				left:     len(trials),
				seen:     make([]trial.Observation, len(trials)),
				outcomes: make([]outcome, len(trials)),
			},
		)
	}
	return jobs
}

// lane is a list of units for a worker. Several workers may have the same lane; each takes the
// next unit until there are none left.
type lane struct {
	waits time.Duration // the waits of all units together

	mu    sync.Mutex
	units []unit
}

// take returns the next unit.
func (l *lane) take() (unit, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.units) == 0 {
		return unit{}, false
	}
	next := l.units[0]
	l.units = l.units[1:]
	return next, true
}

// longWait is the most that counts of one trial's wait when lanes are shared out. A trial that
// waits a minute keeps one worker busy and needs no more of them.
const longWait = 5 * time.Second

// longestFirst returns the lanes in the order in which workers take them. Lanes that wait
// longest come first, because otherwise the run would wait for a long scenario that began
// last. (Trials that wait and trials that work must be mixed: taking all that wait first would
// take longer.)
//
// Trials that need a testbed of their own kind come one after another, because starting a
// testbed for each would cost more than it saves. A scenario that needs a network is a lane of
// its own. The lane of a server is in the list several times, according to its share of all
// waits.
func longestFirst(jobs []*job, parallel int) []*lane {
	type place struct {
		*lane
		waits  time.Duration // the waits that decide its place in the order
		number int
	}
	var places []place
	ofServer := map[string]*lane{}
	var all time.Duration
	for _, j := range jobs {
		whole := &lane{}
		for i, t := range j.trials {
			u := unit{j, i, 0}
			if !j.skipped { // nobody waits for a skipped scenario
				u.waits = inherentWait(t)
			}
			whole.units, whole.waits = append(whole.units, u), whole.waits+u.waits
			all += min(u.waits, longWait)
		}
		switch name := j.scenario.Server; {
		case name != "":
			if ofServer[name] == nil {
				ofServer[name] = &lane{}
			}
			ofServer[name].units = append(ofServer[name].units, whole.units...)
			ofServer[name].waits += whole.waits
		case j.scenario.Needs != "":
			places = append(places, place{whole, whole.waits, j.number})
		default:
			for _, u := range whole.units {
				places = append(places, place{&lane{units: []unit{u}}, whole.waits, j.number})
			}
		}
	}
	for _, l := range ofServer {
		slices.SortStableFunc(l.units, func(a, b unit) int { return cmp.Compare(b.waits, a.waits) })
		share := int(float64(parallel)*float64(l.waits)/float64(max(all, 1))) + 1
		for range min(share, len(l.units)) {
			places = append(places, place{l, l.waits / time.Duration(share), l.units[0].job.number})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.waits, a.waits), cmp.Compare(a.number, b.number))
	})
	var queue []*lane
	for _, p := range places {
		queue = append(queue, p.lane)
	}
	return queue
}

// timer finds the timeouts of nginx in a configuration. Those of lab's scenarios are in
// milliseconds.
var timer = lazy.Regexp(`\b(\d{1,5})ms\b`)

// These are the waits of a trial with a testbed of its own kind, and of a real server: for the
// start, and for timeouts, which are at least one second.
const (
	ownTestbed = time.Second
	ownServer  = time.Second
)

// inherentWait estimates how long a trial waits in any case: for timeouts of nginx, for its
// backends and in its steps.
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
