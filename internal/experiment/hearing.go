package experiment

import (
	"fmt"
	"strings"

	"github.com/gatewaylab/lab/internal/trial"
)

// A trial that is refuted beside ten others on a busy machine may be refuted by the
// machine. So its first outcome decides nothing: when the others are done it is heard
// again, alone, until its hearings differ or there were maxHearings of them.

const (
	// maxHearings is how often a doubtful trial is run again, alone.
	maxHearings = 3
	// manyHeard is the number of trials that are heard so often. Where more than that fail
	// it is hardly the machine, and one hearing that says the same must do for the rest:
	// a catalogue that fails altogether would take a quarter of an hour.
	manyHeard = 60
)

// Hearing is one outcome of a trial that was run more than once, with its evidence.
type Hearing struct {
	Trial       string            `json:"trial"`
	Number      int               `json:"number"` // 0 is the first run, beside other trials
	Verdict     Verdict           `json:"verdict"`
	Reason      string            `json:"reason,omitempty"`
	Cause       Cause             `json:"cause,omitempty"`
	Observation trial.Observation `json:"observation"`
}

// doubtful reports whether an outcome could be the machine's doing: a refutation, or a
// control that failed. Trouble of the engine's and a scenario's mistakes speak for
// themselves.
func (o outcome) doubtful() bool { return o.verdict == Refuted || o.cause == Control }

// hear hears the jobs that wait for it, one trial after the other.
func (r *run) hear() {
	r.mu.Lock()
	jobs := r.toHear
	r.toHear = nil
	r.mu.Unlock()
	for _, j := range jobs {
		for i, t := range j.trials {
			if j.outcomes[i].doubtful() {
				j.seen[i], j.outcomes[i] = r.hearAgain(j, t, j.seen[i], j.outcomes[i])
			}
		}
		r.mu.Lock()
		r.finish(j)
		r.mu.Unlock()
	}
}

// hearAgain hears one trial and returns its last observation and what it comes to.
func (r *run) hearAgain(j *job, t planned, seen trial.Observation, said outcome) (trial.Observation, outcome) {
	kept := seen.Testbed
	heard := []outcome{}
	note := func(o outcome) {
		j.hearings = append(j.hearings, Hearing{t.Name, len(heard), o.verdict, o.reason, o.cause, seen})
	}
	note(said)
	slow := true // each time
	r.heard++
	for number := 1; number <= maxHearings && !differ(heard); number++ {
		if r.heard > manyHeard && len(heard) > 0 && !slow && heard[0].like(said) {
			break
		}
		if r.ctx.Err() != nil {
			said.reason = fmt.Sprintf("%s before the second hearing; the first one said: %s", stopped(r.ctx).reason, said.reason)
			return seen, outcome{Inconclusive, said.reason, Interrupted, said.failure}
		}
		// A failing trial is left running once it is clear that it fails.
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
	if seen.Testbed == "" {
		seen.Testbed = kept
	}
	return seen, decide(heard, slow)
}

// like reports whether two hearings come to the same verdict.
func (o outcome) like(other outcome) bool {
	return o.verdict == other.verdict && o.cause == other.cause
}

// differ reports whether hearings come to different verdicts.
func differ(heard []outcome) bool {
	for _, o := range heard {
		if !o.like(heard[0]) {
			return true
		}
	}
	return false
}

// decide is what the hearings of a trial come to: what all of them say, or else that
// they differ. A failure is not believed if the machine was too slow in each of them.
func decide(heard []outcome, slow bool) outcome {
	last := heard[len(heard)-1]
	if differ(heard) {
		var said []string
		for _, o := range heard {
			said = append(said, strings.TrimSpace(fmt.Sprintf("%s %s", o.verdict, o.reason)))
		}
		reason := "the hearings differ, although each was alone: " + strings.Join(said, "; then ")
		return outcome{Inconclusive, reason, Differing, last.failure}
	}
	// That something is healthy is no matter of speed.
	if slow && last.doubtful() && last.reason != Resolves {
		reason := fmt.Sprintf("the machine is too slow to tell: in each of %d hearings a process waited for %s or more; seen: %s",
			len(heard), trial.TooSlow, last.reason)
		return outcome{Inconclusive, reason, Slow, last.failure}
	}
	return last
}
