package experiment

import (
	"context"
	"errors"
	"sync"

	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// Options of a run.
type Options struct {
	Parallel        int // trials at the same time
	Repeat          int
	FailFast        bool // stop at the first verdict that is not verified
	Keep            bool // leave each scenario's broken state running
	KeepOnFailure   bool // leave the first trial of each scenario that fails running
	NoSecondHearing bool // take each trial's first outcome as it is
	Withheld        Withheld
	// Open opens a trial that may be left running: Keep and KeepOnFailure need it.
	Open func(context.Context, trial.Trial) (trial.Live, error)
	// Skip says why a scenario cannot be tried here; "" is that it can. It may be nil.
	Skip func(scenario.Scenario) string
	// Done is told of each scenario's result as it comes in, Seen and Progress of each
	// trial; one call at a time.
	Done     func(Result)
	Seen     func(scenario string, seen trial.Observation)
	Progress func(done, total int)
}

// Trials counts the trials of a run, without second hearings.
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
	hearings []Hearing
}

// run is one call of Run.
type run struct {
	Options
	ctx    context.Context
	cancel context.CancelCauseFunc
	runner trial.Runner

	mu          sync.Mutex
	results     []repeated
	done, total int
	toHear      []*job // whose trials were all run, and one of them is to be heard again
	heard       int    // trials, so far; only hear touches it
}

// Run runs the scenarios' trials and returns their results in the order of the
// scenarios; repetitions are counted in one result, behind which stand those that
// were not verified. A trial whose outcome may be the machine's doing is heard again,
// alone; see hear. After an interruption the scenarios that are not done are
// inconclusive, and say so. The runner may be nil if ctx is over already.
func Run(ctx context.Context, runner trial.Runner, scenarios []scenario.Scenario, o Options) []Result {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	plans := make([][]planned, len(scenarios))
	for i, s := range scenarios {
		plans[i] = plan(s, o.Withheld, o.Keep)
	}
	r := &run{Options: o, ctx: ctx, cancel: cancel, runner: runner, results: make([]repeated, len(scenarios)), total: Trials(scenarios, o)}

	// Jobs are made when their turn comes: a run that goes on for days needs no more
	// memory than a short one.
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

// work takes lanes until there are no more, or until something is to be heard first. It
// reports whether all is done.
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

// mostToHear is how many jobs wait for their hearing at the most: a run of a catalogue
// that fails altogether should not grow without bound.
const mostToHear = 32

// recess reports whether hearings come first: they decide whether --fail-fast stops the run.
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

// finish puts a job's result in its place. Its caller holds the lock.
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

// attempt runs a trial once and judges it. One that fails is left running if mayKeep.
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

// runAndLeave runs a trial and leaves it running always, or if it is the first of its
// scenario that fails.
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
