package experiment

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// Runner runs trials; testbed.Pool does.
type Runner interface {
	// Run runs one trial with fresh processes. keep, which may be nil, is asked with
	// what was seen and may say that everything should stay as it is.
	Run(ctx context.Context, trial trial.Trial, keep func(trial.Observation) bool) (trial.Observation, error)
	// Retire says that one fewer than before will call Run at the same time.
	Retire()
}

// Options of a run.
type Options struct {
	Parallel      int // trials at the same time
	Repeat        int
	FailFast      bool // stop at the first verdict that is not verified
	Keep          bool // leave each scenario's broken state running
	KeepOnFailure bool // leave the first trial of each scenario that fails running
	Withheld      Withheld
	// Skip says why a scenario cannot be tried here; "" is that it can. It may be nil.
	Skip func(scenario.Scenario) string
	// Done is told of each scenario's result as it comes in, Seen and Progress of each
	// trial; one call at a time.
	Done     func(Result)
	Seen     func(scenario string, seen trial.Observation)
	Progress func(done, total int)
}

// Trials counts the trials of a run.
func Trials(scenarios []scenario.Scenario, o Options) int {
	n := 0
	for _, s := range scenarios {
		n += len(plan(s, o.Withheld, o.Keep)) * max(o.Repeat, 1)
	}
	return n
}

// job is one scenario in one repetition.
type job struct {
	number   int // of the scenario
	scenario scenario.Scenario
	repeat   int // from 1
	trials   []planned
	skipped  bool
	seen     []trial.Observation
	outcomes []outcome
	left     int
	kept     bool
}

// Run runs the scenarios' trials and returns their results in the order of the
// scenarios; repetitions are counted in one result, behind which stand those that
// were not verified. After an interruption the scenarios that are not done are
// inconclusive, and say so.
func Run(ctx context.Context, runner Runner, scenarios []scenario.Scenario, o Options) []Result {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	plans := make([][]planned, len(scenarios))
	for i, s := range scenarios {
		plans[i] = plan(s, o.Withheld, o.Keep)
	}
	results := make([]repeated, len(scenarios))

	// Jobs are made when their turn comes: a run that goes on for days needs no more
	// memory than a short one.
	queue := make(chan *lane)
	go func() {
		defer close(queue)
		for n := range max(o.Repeat, 1) {
			for _, l := range longestFirst(jobsOf(scenarios, plans, n+1, o.Skip), max(o.Parallel, 1)) {
				queue <- l
			}
		}
	}()

	var mu sync.Mutex
	var workers sync.WaitGroup
	done, total := 0, Trials(scenarios, o)
	finish := func(u unit) {
		j := u.job
		observation, result := j.run(ctx, runner, j.trials[u.trial], o, &mu)
		mu.Lock()
		defer mu.Unlock()
		j.seen[u.trial], j.outcomes[u.trial] = observation, result
		j.left--
		done++
		if o.Seen != nil {
			o.Seen(j.scenario.ID, observation)
		}
		if o.Progress != nil {
			o.Progress(done, total)
		}
		if j.left > 0 {
			return
		}
		r := assemble(j.scenario, j.trials, j.seen, j.outcomes)
		if o.Repeat > 1 {
			r.Repeat = j.repeat
		}
		results[j.number].add(r)
		if o.Done != nil {
			o.Done(r)
		}
		if o.FailFast && r.Verdict != Verified {
			cancel(errFailFast)
		}
	}
	for range max(o.Parallel, 1) {
		workers.Go(func() {
			for l := range queue {
				for u, more := l.take(); more; u, more = l.take() {
					finish(u)
				}
			}
			if runner != nil { // nil: stopped before there was one
				runner.Retire()
			}
		})
	}
	workers.Wait()
	var all []Result
	for _, r := range results {
		all = append(all, r.results()...)
	}
	return all
}

var errFailFast = errors.New("stopped by --fail-fast after an earlier failure")

// tooSlow is how long a process that wants to run may wait for a CPU before a trial
// is not believed when it fails: the catalogue's timers are 300 ms apart.
const tooSlow = 100 * time.Millisecond

// run runs one trial and judges it. One that fails on a machine that was too slow to
// tell is tried once more, and then not told.
func (j *job) run(ctx context.Context, runner Runner, t planned, o Options, mu *sync.Mutex) (trial.Observation, outcome) {
	seen, result, doubtful := j.attempt(ctx, runner, t, o, mu, true)
	if !doubtful {
		return seen, result
	}
	seen, result, doubtful = j.attempt(ctx, runner, t, o, mu, false)
	seen.Retried = true
	if doubtful {
		result.reason = fmt.Sprintf("the machine is too slow to tell: twice a process waited for a CPU, for %s or more; seen: %s", tooSlow, result.reason)
		result.verdict, result.cause = Inconclusive, Slow
	}
	return seen, result
}

// attempt runs a trial once. doubtful: it failed, and the machine may be why.
func (j *job) attempt(ctx context.Context, runner Runner, t planned, o Options, mu *sync.Mutex, again bool) (_ trial.Observation, _ outcome, doubtful bool) {
	if o.Skip != nil {
		if why := o.Skip(j.scenario); why != "" {
			return trial.Observation{Trial: t.Name}, outcome{verdict: Skipped, reason: why}, false
		}
	}
	if ctx.Err() != nil {
		return trial.Observation{Trial: t.Name}, stopped(ctx), false
	}
	inDoubt := func(seen trial.Observation, result outcome) bool {
		// That something is healthy is no matter of speed.
		judged := result.verdict == Refuted && result.reason != Resolves || result.cause == Control
		return judged && seen.Stall.D() >= tooSlow
	}
	var keep func(trial.Observation) bool
	switch {
	case o.Keep && (t.role == broken || (len(j.scenario.Demonstrates) > 0 && t.role == healthy)):
		keep = func(trial.Observation) bool { return true }
	case o.KeepOnFailure:
		keep = func(seen trial.Observation) bool {
			mu.Lock()
			defer mu.Unlock()
			result := judge(j.scenario, t, seen, nil)
			if j.kept || result.verdict == Verified || again && inDoubt(seen, result) {
				return false
			}
			j.kept = true
			return true
		}
	}
	seen, err := runner.Run(ctx, t.Trial, keep)
	if err != nil && ctx.Err() != nil {
		return seen, stopped(ctx), false
	}
	result := judge(j.scenario, t, seen, err)
	return seen, result, err == nil && inDoubt(seen, result)
}

func stopped(ctx context.Context) outcome {
	if errors.Is(context.Cause(ctx), errFailFast) {
		return outcome{Skipped, errFailFast.Error(), "", nil}
	}
	return outcome{Inconclusive, "interrupted: " + context.Cause(ctx).Error(), Interrupted, nil}
}
