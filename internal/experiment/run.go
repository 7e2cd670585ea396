package experiment

import (
	"context"
	"errors"
	"sync"

	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// Options are the options of a run.
type Options struct {
	Parallel        int // how many trials run at the same time
	Repeat          int
	FailFast        bool // whether the run stops at the first verdict that is not verified
	Keep            bool // whether the broken state of each scenario is left running
	KeepOnFailure   bool // whether the first trial of each scenario that fails is left running
	NoSecondHearing bool // whether the first outcome of each trial is accepted
	Withheld        Withheld
	// Open opens a trial that may be left running. It is needed for Keep and KeepOnFailure.
	Open func(context.Context, trial.Trial) (trial.Live, error)
	// Skip returns why a scenario cannot be tried here, or "" if it can. It may be nil.
	Skip func(scenario.Scenario) string
	// Done is called with the result of each scenario as soon as it is there. Seen and
	// Progress are called for each trial. Only one of these calls is made at a time.
	Done     func(Result)
	Seen     func(scenario string, seen trial.Observation)
	Progress func(done, total int)
}

// Trials returns the number of trials of a run, without hearings.
func Trials(scenarios []scenario.Scenario, o Options) int {
	n := 0
	for _, s := range scenarios {
		n += len(plan(s, o.Withheld, o.Keep)) * max(o.Repeat, 1)
	}
	return n
}

// job is one repetition of a scenario.
type job struct {
	number   int // the number of the scenario
	scenario scenario.Scenario
	repeat   int // the number of the repetition, from 1
	trials   []planned
	skipped  bool
	seen     []trial.Observation
	outcomes []outcome
	left     int
	kept     bool
	hearings []Hearing
}

// run is the state of one call of Run.
type run struct {
	Options
	ctx    context.Context
	cancel context.CancelCauseFunc
	runner trial.Runner

	mu          sync.Mutex
	results     []repeated
	done, total int
	toHear      []*job // jobs whose trials have all been run, and of which at least one is to be heard
	heard       int    // the number of trials heard so far; only hear uses it
}

// Run runs the trials of scenarios and returns their results in the order of the scenarios.
// Repetitions are counted in one result, which is followed by those that were not verified. A
// trial whose outcome may be caused by the load of the machine is run again, alone; see hear.
// After an interruption the scenarios that are not done are inconclusive, and their reason
// says so. The runner may be nil if ctx is done already.
func Run(ctx context.Context, runner trial.Runner, scenarios []scenario.Scenario, o Options) []Result {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	plans := make([][]planned, len(scenarios))
	for i, s := range scenarios {
		plans[i] = plan(s, o.Withheld, o.Keep)
	}
	r := &run{Options: o, ctx: ctx, cancel: cancel, runner: runner, results: make([]repeated, len(scenarios)), total: Trials(scenarios, o)}

	// Jobs are made only when their turn comes, so that a run that goes on for days needs no
	// more memory than a short one.
	queue, stopped := make(chan *lane), make(chan struct{})
	go func() {
		defer close(stopped)
		defer close(queue)
		for n := range max(o.Repeat, 1) {
			for _, l := range longestFirst(jobsOf(scenarios, plans, n+1, o.Skip), max(o.Parallel, 1)) {
				queue <- l
			}
		}
	}()
	for over := false; !over; {
		over = r.work(queue)
		r.hear()
	}
	<-stopped
	var all []Result
	for _, one := range r.results {
		all = append(all, one.results()...)
	}
	return all
}

var errFailFast = errors.New("stopped by --fail-fast after an earlier failure")

// work takes lanes until there are none left, or until a trial is to be heard first. It
// returns whether everything is done.
func (r *run) work(queue <-chan *lane) bool {
	var workers sync.WaitGroup
	over := make(chan bool, max(r.Parallel, 1))
	for range max(r.Parallel, 1) {
		workers.Go(func() {
			for !r.recess() {
				l, more := <-queue
				if !more {
					over <- true
					return
				}
				for u, more := l.take(); more; u, more = l.take() {
					r.first(u)
				}
			}
			over <- false
		})
	}
	workers.Wait()
	for range cap(over) {
		if !<-over {
			return false
		}
	}
	return true
}

// mostToHear is the most jobs that wait for a hearing. Without this limit, memory would grow
// without bound if a whole catalogue fails.
const mostToHear = 32

// recess reports whether the waiting trials are heard before others, because their hearings
// decide whether --fail-fast stops the run.
func (r *run) recess() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.FailFast && len(r.toHear) > 0 || len(r.toHear) >= mostToHear
}

// first runs a trial for the first time.
func (r *run) first(u unit) {
	j, t := u.job, u.job.trials[u.trial]
	observation, result := r.attempt(j, t, r.Keep || r.KeepOnFailure && r.NoSecondHearing)
	r.mu.Lock()
	defer r.mu.Unlock()
	j.seen[u.trial], j.outcomes[u.trial] = observation, result
	j.left--
	r.done++
	if r.Progress != nil {
		r.Progress(r.done, r.total)
	}
	if j.left > 0 {
		return
	}
	for _, o := range j.outcomes {
		if !r.NoSecondHearing && o.doubtful() {
			r.toHear = append(r.toHear, j)
			return
		}
	}
	r.finish(j)
}

// finish stores the result of a job. The caller must hold the lock.
func (r *run) finish(j *job) {
	one := assemble(j.scenario, j.trials, j.seen, j.outcomes)
	one.Hearings = j.hearings
	if r.Repeat > 1 {
		one.Repeat = j.repeat
	}
	r.results[j.number].add(one)
	if r.Done != nil {
		r.Done(one)
	}
	if r.FailFast && one.Verdict != Verified {
		r.cancel(errFailFast)
	}
}

// attempt runs a trial once and judges it. If mayKeep is true, a failing trial is left
// running.
func (r *run) attempt(j *job, t planned, mayKeep bool) (trial.Observation, outcome) {
	if r.Skip != nil {
		if why := r.Skip(j.scenario); why != "" {
			return trial.Observation{Trial: t.Name}, outcome{verdict: Skipped, reason: why}
		}
	}
	if r.ctx.Err() != nil {
		return trial.Observation{Trial: t.Name}, stopped(r.ctx)
	}
	always := r.Keep && (t.role == broken || (len(j.scenario.Demonstrates) > 0 && t.role == healthy))
	var seen trial.Observation
	var err error
	if mayKeep && (always || r.KeepOnFailure) {
		seen, err = r.runAndLeave(j, t, always)
	} else {
		seen, err = r.runner.Run(r.ctx, t.Trial)
	}
	if r.Seen != nil {
		r.mu.Lock()
		r.Seen(j.scenario.ID, seen)
		r.mu.Unlock()
	}
	if err != nil && r.ctx.Err() != nil {
		return seen, stopped(r.ctx)
	}
	return seen, judge(j.scenario, t, seen, err)
}

// runAndLeave runs a trial and leaves it running, either always or only if it is the first of
// its scenario that fails.
func (r *run) runAndLeave(j *job, t planned, always bool) (trial.Observation, error) {
	ctx, cancel := t.Within(r.ctx)
	defer cancel()
	live, err := r.Open(ctx, t.Trial)
	if err != nil {
		return trial.Observation{Trial: t.Name}, err
	}
	through := t.Through(ctx, live)
	if through == nil && live.Refused() == "" {
		seen, err := live.Seen(ctx)
		if err == nil && (always || r.firstFailure(j, t, seen)) {
			name, err := live.Leave(ctx)
			if err == nil {
				seen.Testbed = name
				return seen, nil
			}
			through = err
		}
	}
	seen, closed := live.Close(ctx)
	return seen, errors.Join(through, closed)
}

// firstFailure reports whether a trial is the first of its scenario that fails.
func (r *run) firstFailure(j *job, t planned, seen trial.Observation) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if j.kept || judge(j.scenario, t, seen, nil).verdict == Verified {
		return false
	}
	j.kept = true
	return true
}

func stopped(ctx context.Context) outcome {
	if errors.Is(context.Cause(ctx), errFailFast) {
		return outcome{Skipped, errFailFast.Error(), "", nil}
	}
	return outcome{Inconclusive, "interrupted: " + context.Cause(ctx).Error(), Interrupted, nil}
}
