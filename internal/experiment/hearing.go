package experiment

import (
	"fmt"
	"strings"

	"github.com/gatewaylab/lab/internal/trial"
)

// A trial that is refuted while ten others run on a busy machine may be refuted because of the
// load. The first outcome of such a trial therefore decides nothing. When the other trials are
// done, the trial is run again, alone. Each of these runs is a hearing. They end as soon as
// two of them differ, or after maxHearings.

const (
	// maxHearings is the most times that a doubtful trial is run again.
	maxHearings = 3
	// manyHeard is the number of trials that are heard so often. If more trials fail, the load
	// is hardly the reason, and for the rest a single hearing that agrees with the first run
	// is enough. Otherwise a catalogue that fails completely would take a quarter of an hour.
	manyHeard = 60
)

// Hearing is one outcome of a trial that was run more than once, with its evidence.
type Hearing struct {
	Trial       string            `json:"trial"`
	Number      int               `json:"number"` // 0 is the first run, during which other trials ran
	Verdict     Verdict           `json:"verdict"`
	Reason      string            `json:"reason,omitempty"`
	Cause       Cause             `json:"cause,omitempty"`
	Observation trial.Observation `json:"observation"`
}

// doubtful reports whether an outcome may be caused by the load of the machine. That is true
// for a refutation and for a control that failed, but not for failures of the engine and for
// mistakes in a scenario.
func (o outcome) doubtful() bool { return o.verdict == Refuted || o.cause == Control }

// hear runs the trials of the waiting jobs again, one after another.
func (r *run) hear() {
	r.mu.Lock()
	jobs := r.toHear
	r.toHear = nil
	r.mu.Unlock()
	for _, j := range jobs {
		for i, t := range j.trials {
			if j.outcomes[i].doubtful() {
				kept := j.seen[i].Testbed
				j.seen[i], j.outcomes[i] = r.hearAgain(j, t, j.seen[i], j.outcomes[i])
				if j.seen[i].Testbed == "" { // the first run may have left one, which must not be forgotten
					j.seen[i].Testbed = kept
				}
			}
		}
		r.mu.Lock()
		r.finish(j)
		r.mu.Unlock()
	}
}

// hearAgain runs one trial again. It returns the last observation and the outcome of all
// hearings.
func (r *run) hearAgain(j *job, t planned, seen trial.Observation, said outcome) (trial.Observation, outcome) {
	heard := []outcome{}
	note := func(o outcome) {
		j.hearings = append(j.hearings, Hearing{t.Name, len(heard), o.verdict, o.reason, o.cause, seen})
	}
	note(said)
	slow := true // whether the machine was too slow each time
	r.heard++
	for number := 1; number <= maxHearings && !differ(heard); number++ {
		if r.heard > manyHeard && len(heard) > 0 && !slow && heard[0].like(said) {
			break
		}
		if r.ctx.Err() != nil {
			o := stopped(r.ctx)
			o.reason = fmt.Sprintf("%s before the second hearing; the outcome of the first run was: %s", o.reason, said.reason)
			o.failure = said.failure
			return seen, o
		}
		// A failing trial is left running only once it is certain that it fails.
		deciding := number == maxHearings || len(heard) > 0 && heard[0].verdict == Verified
		var o outcome
		seen, o = r.attempt(j, t, r.KeepOnFailure && deciding)
		if o.cause == Interrupted || o.cause == Environment || o.verdict == Skipped {
			return seen, o
		}
		heard = append(heard, o)
		note(o)
		slow = slow && seen.Stall >= trial.TooSlow
	}
	return seen, decide(heard, slow)
}

// like reports whether two hearings have the same verdict.
func (o outcome) like(other outcome) bool {
	return o.verdict == other.verdict && o.cause == other.cause
}

// differ reports whether the hearings have different verdicts.
func differ(heard []outcome) bool {
	for _, o := range heard {
		if !o.like(heard[0]) {
			return true
		}
	}
	return false
}

// decide returns the common outcome of all hearings of a trial, or that they differ. It does
// not accept a failure if the machine was too slow in each of them.
func decide(heard []outcome, slow bool) outcome {
	last := heard[len(heard)-1]
	if differ(heard) {
		var said []string
		for _, o := range heard {
			said = append(said, strings.TrimSpace(fmt.Sprintf("%s %s", o.verdict, o.reason)))
		}
		reason := "the hearings differ, although nothing else ran beside them: " + strings.Join(said, "; then ")
		return outcome{Inconclusive, reason, Differing, last.failure}
	}
	// That something is healthy does not depend on the speed of the machine.
	if slow && last.doubtful() && last.reason != Resolves {
		reason := fmt.Sprintf("the machine is too slow to tell: in each of %d hearings a process waited %s or longer; the "+
			"last outcome was: %s",
			len(heard), trial.TooSlow, last.reason)
		return outcome{Inconclusive, reason, Slow, last.failure}
	}
	return last
}
