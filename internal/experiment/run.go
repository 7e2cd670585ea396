package experiment

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gatewaylab/lab/internal/scenario"
)

// Runner runs trials; testbed.Pool does.
type Runner interface {
	// Run runs one trial with fresh processes. keep, asked with what was seen, may
	// say that everything should stay as it is.
	Run(ctx context.Context, trial scenario.Trial, keep func(scenario.Observation) bool) (scenario.Observation, error)
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
	// Done is told of each scenario's result as it comes in, and Progress of each
	// trial; one call at a time.
	Done     func(Result)
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
	scenario scenario.Scenario
	repeat   int
	trials   []planned
	seen     []scenario.Observation
	outcomes []outcome
	left     int
	kept     bool
}

// Run runs the scenarios' trials and returns their results in the order of the
// scenarios, repetition by repetition. After an interruption the scenarios that
// are not done are inconclusive, and say so.
func Run(ctx context.Context, runner Runner, scenarios []scenario.Scenario, o Options) []Result {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := jobsOf(scenarios, o)
	results := make([]Result, len(jobs))

	queue := make(chan []unit)
	go func() {
		defer close(queue)
		for _, i := range longestFirst(jobs) {
			for _, together := range units(i, jobs[i]) {
				queue <- together
			}
		}
	}()

	var mu sync.Mutex
	var workers sync.WaitGroup
	done, total := 0, Trials(scenarios, o)
	finish := func(u unit) {
		j := jobs[u.job]
		observation, result := j.run(ctx, runner, j.trials[u.trial], o, &mu)
		mu.Lock()
		j.seen[u.trial], j.outcomes[u.trial] = observation, result
		j.left--
		done++
		if o.Progress != nil {
			o.Progress(done, total)
		}
		if j.left == 0 {
			r := assemble(j.scenario, j.trials, j.seen, j.outcomes)
			r.Repeat = j.repeat
			results[u.job] = r
			if o.Done != nil {
				o.Done(r)
			}
			if o.FailFast && r.Verdict != Verified {
				cancel(errFailFast)
			}
		}
		mu.Unlock()
	}
	for range max(o.Parallel, 1) {
		workers.Go(func() {
			for together := range queue {
				for _, u := range together {
					finish(u)
				}
			}
			if runner != nil { // nil: stopped before there was one
				runner.Retire()
			}
		})
	}
	workers.Wait()
	return results
}

var errFailFast = errors.New("stopped by --fail-fast after an earlier failure")

func jobsOf(scenarios []scenario.Scenario, o Options) []*job {
	var jobs []*job
	for n := range max(o.Repeat, 1) {
		for _, s := range scenarios {
			trials := plan(s, o.Withheld, o.Keep)
			j := &job{scenario: s, trials: trials, left: len(trials),
				seen: make([]scenario.Observation, len(trials)), outcomes: make([]outcome, len(trials))}
			if o.Repeat > 1 {
				j.repeat = n + 1
			}
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// unit is one trial of one job.
type unit struct{ job, trial int }

// units divides a job into what one worker does in a row. Trials on a network of
// their own follow one another: starting a testbed for each would cost more than
// it saves.
func units(index int, j *job) [][]unit {
	var all [][]unit
	for t := range j.trials {
		u := unit{index, t}
		if j.scenario.Needs != "" && len(all) > 0 {
			all[0] = append(all[0], u)
			continue
		}
		all = append(all, []unit{u})
	}
	return all
}

// longestFirst orders jobs by the time that they wait for their faults, longest
// first: a long one that begins last is waited for alone.
func longestFirst(jobs []*job) []int {
	order := make([]int, len(jobs))
	waits := make([]time.Duration, len(jobs))
	for i, j := range jobs {
		order[i] = i
		for _, t := range j.trials {
			waits[i] += inherentWait(t)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(waits[b], waits[a]) })
	return order
}

// inherentWait is what a trial's backends and steps wait by themselves, roughly.
func inherentWait(t planned) time.Duration {
	var sum time.Duration
	if t.Needs != "" {
		sum += time.Second // a testbed of its own kind has to be started first
	}
	for _, phase := range t.Phases {
		for _, b := range phase.Stage.Backends {
			sum += b.Boot.D() + b.Delay.D()
		}
		for _, s := range phase.Apply {
			sum += s.Wait.D()
		}
	}
	return sum
}

// run runs one trial and judges it.
func (j *job) run(ctx context.Context, runner Runner, t planned, o Options, mu *sync.Mutex) (scenario.Observation, outcome) {
	if ctx.Err() != nil {
		return scenario.Observation{Trial: t.Name}, stopped(ctx)
	}
	keep := func(seen scenario.Observation) bool {
		if o.Keep {
			return t.role == broken || (len(j.scenario.Demonstrates) > 0 && t.role == healthy)
		}
		mu.Lock()
		defer mu.Unlock()
		if !o.KeepOnFailure || j.kept || judge(j.scenario, t, seen, nil).verdict == Verified {
			return false
		}
		j.kept = true
		return true
	}
	seen, err := runner.Run(ctx, t.Trial, keep)
	if err != nil && ctx.Err() != nil {
		return seen, stopped(ctx)
	}
	return seen, judge(j.scenario, t, seen, err)
}

func stopped(ctx context.Context) outcome {
	if errors.Is(context.Cause(ctx), errFailFast) {
		return outcome{Skipped, errFailFast.Error(), "", nil}
	}
	return outcome{Inconclusive, "interrupted: " + context.Cause(ctx).Error(), Interrupted, nil}
}
