package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/trial"
)

// Timings is where the time of a run went.
type Timings struct {
	Parallel  int               `json:"parallel"`  // trials at the same time
	Cores     int               `json:"cores"`     // of the engine
	Preparing protocol.Duration `json:"preparing"` // engine, image, agent
	Testbed   protocol.Duration `json:"testbed"`   // from then until the first testbed was there
	Running   protocol.Duration `json:"running"`   // the trials
	Ending    protocol.Duration `json:"ending"`    // removing what is left of the testbeds

	Testbeds int               `json:"testbeds"` // that were started
	Start    protocol.Duration `json:"start"`    // of a testbed, on average, beside others
	Removal  protocol.Duration `json:"removal"`

	Trials  int           `json:"trials"`
	Sum     trial.Timings `json:"sum"`     // over all trials, which overlap
	Slowest []SlowTrial   `json:"slowest"` // by what is not waiting

	Servers map[string]*Starts `json:"servers,omitempty"` // by the server's name

	// The limit of what is possible, and how far the run was from it.
	BareNginx protocol.Duration `json:"bareNginx"` // nginx started, one request, killed: in a loop in the same run
	Overlap   float64           `json:"overlap"`   // Parallel such loops side by side do the work of how many, one after the other
	Limit     protocol.Duration `json:"limit"`     // see Complete
	Ratio     float64           `json:"ratio"`     // of the run's time to the limit
}

// Starts is how often a real server was started in a run.
type Starts struct {
	Count   int               `json:"count"`
	Fastest protocol.Duration `json:"fastest"` // the one that waited for no CPU
}

// SlowTrial is a trial that took long.
type SlowTrial struct {
	Scenario string            `json:"scenario"`
	Trial    string            `json:"trial"`
	Took     protocol.Duration `json:"took"`
	Waits    protocol.Duration `json:"waits"`
}

// slowest is how many slow trials are named.
const slowest = 8

// Add counts a trial of a scenario that has the server, "" for none.
func (t *Timings) Add(id, server string, seen trial.Observation) {
	if seen.Started.IsZero() {
		return
	}
	if n := seen.Timings.Starts; n > 0 {
		if t.Servers == nil {
			t.Servers = map[string]*Starts{}
		}
		if t.Servers[server] == nil {
			t.Servers[server] = &Starts{Fastest: seen.Timings.Fastest}
		}
		s := t.Servers[server]
		s.Count, s.Fastest = s.Count+n, min(s.Fastest, seen.Timings.Fastest)
	}
	t.Trials++
	t.Sum.Add(seen.Timings)
	t.Slowest = append(t.Slowest, SlowTrial{id, seen.Trial, seen.Took, seen.Timings.Waits})
	slices.SortFunc(t.Slowest, func(a, b SlowTrial) int { return cmp.Compare(b.Took-b.Waits, a.Took-a.Waits) })
	t.Slowest = t.Slowest[:min(len(t.Slowest), slowest)]
}

// bareShare is how much more than a bare nginx a trial may cost.
const bareShare = 1.5

// Measured takes how many rounds of a bare loop a second holds, of one that is alone,
// and of as many side by side as there are trials at the same time.
func (t *Timings) Measured(alone, beside float64) {
	t.BareNginx = protocol.Duration(float64(time.Second) / alone)
	t.Overlap = max(beside/alone, 1)
}

// Complete computes the limit: the first testbed, and then all waits and a bare nginx
// and a half for each trial, with the start of each real server, as far as they can
// overlap: waits with as many others as there are trials at the same time, work as far as
// bare loops were measured to. Where they were not, there is no limit.
func (t *Timings) Complete(took time.Duration) {
	t.Ending = max(0, protocol.Duration(took)-t.Preparing-t.Testbed-t.Running)
	if t.BareNginx == 0 {
		return
	}
	work := bareShare * float64(t.Trials) * float64(t.BareNginx) / t.Overlap
	work += float64(t.serverStarts()) / t.Overlap
	t.Limit = t.Testbed + t.Sum.Waits/protocol.Duration(t.Parallel) + protocol.Duration(work)
	t.Ratio = float64(took) / float64(t.Limit)
}

// serverStarts is what starting real servers takes at the least, one after the other.
func (t *Timings) serverStarts() (sum protocol.Duration) {
	for _, s := range t.Servers {
		sum += protocol.Duration(s.Count) * s.Fastest
	}
	return sum
}

// writeTimings writes where the time went, for a person.
func (r Report) writeTimings(w io.Writer, screen output.Screen) error {
	t := r.Timings
	if t == nil {
		return nil
	}
	phases := output.Grid{Columns: []string{"THE RUN", "TIME", "WHAT"}}
	for _, row := range []struct {
		name string
		took protocol.Duration
		what string
	}{
		{"preparing", t.Preparing, "engine, image, agent"},
		{"first testbed", t.Testbed, fmt.Sprintf("%d in all; on average %s to start and %s to remove, beside the "+
			"trials", t.Testbeds, rounded(t.Start), rounded(t.Removal))},
		{"trials", t.Running, fmt.Sprintf("%d, %d at a time", t.Trials, t.Parallel)},
		{"ending", t.Ending, "removing the last testbeds, writing reports"},
	} {
		phases.Rows = append(phases.Rows, []string{row.name, rounded(row.took), row.what})
	}
	trials := output.Grid{Columns: []string{"ALL TRIALS", "SUM", "EACH", "WHAT"}}
	for _, row := range []struct {
		name string
		sum  protocol.Duration
		what string
	}{
		{"waits", t.Sum.Waits, "a fault's delays, nginx's timeouts, waiting steps, the 100 ms of a reload"},
		{"nginx", t.Sum.Nginx, "starting, checking, reloading nginx"},
		{"backends", t.Sum.Backends, "starting and ending backends"},
		{"servers", t.Sum.Servers, "starting and ending real servers, and commands"},
		{"probes", t.Sum.Probes, "answers that came at once"},
		{"engine", t.Sum.Engine + t.Sum.Testbed, "waiting for a testbed, pausing and updating containers"},
		{"own", t.Sum.Own, "messages, logs, clearing up, and waiting for a CPU"},
	} {
		trials.Rows = append(
			trials.Rows,
			[]string{row.name, rounded(row.sum), rounded(row.sum / protocol.Duration(max(t.Trials, 1))), row.what},
		)
	}
	slow := output.Grid{Columns: []string{"SLOWEST, WAITS APART", "TOOK", "WAITED"}}
	for _, s := range t.Slowest {
		slow.Rows = append(slow.Rows, []string{s.Scenario + ": " + s.Trial, rounded(s.Took), rounded(s.Waits)})
	}
	for _, g := range []output.Grid{phases, trials, slow} {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := g.WriteTable(w, screen); err != nil {
			return err
		}
	}
	if t.BareNginx == 0 {
		return nil
	}
	starts := ""
	for _, name := range slices.Sorted(maps.Keys(t.Servers)) {
		starts += fmt.Sprintf(" + %d x %s %s", t.Servers[name].Count, name, rounded(t.Servers[name].Fastest))
	}
	_, err := fmt.Fprintf(
		w,
		"\nlimit: %s = first testbed %s + waits %s / %d at a time + (%d trials x %g x bare nginx %s%s) / %.2f measured overlap; the "+
			"run took %s, %.2f times as long\n",
		rounded(
			t.Limit,
		),
		rounded(t.Testbed),
		rounded(t.Sum.Waits),
		t.Parallel,
		t.Trials,
		bareShare,
		rounded(t.BareNginx),
		starts,
		t.Overlap,
		rounded(protocol.Duration(r.Took)),
		t.Ratio,
	)
	return err
}

// rounded is a duration to three digits or so.
func rounded(d protocol.Duration) string {
	switch v := d.D(); {
	case v >= time.Second:
		return fmt.Sprintf("%.2fs", v.Seconds())
	case v >= 10*time.Millisecond:
		return fmt.Sprintf("%dms", v.Milliseconds())
	default:
		return fmt.Sprintf("%.1fms", float64(v)/float64(time.Millisecond))
	}
}
