package trial

import (
	"context"
	"fmt"
	"time"
)

// Runner runs whole trials; testbed.Pool does. An error is always the lab's own trouble:
// what nginx refuses, and what an operator's step cannot do, is part of the observation.
// What was seen until an error is returned with it.
type Runner interface {
	Run(ctx context.Context, what Trial) (Observation, error)
}

// Live is a trial that goes on: its stage is in place, and phases can be done with it
// whenever the caller likes. Its methods are called one at a time.
type Live interface {
	// Do takes a phase's steps, sends its probes and returns what was seen.
	Do(ctx context.Context, phase Phase) (PhaseSeen, error)
	// Seen is what was seen so far, with the backends as they are now.
	Seen(ctx context.Context) (Observation, error)
	// Close ends the trial and returns all that was seen. When it returns, nothing of
	// the trial is running any more.
	Close(ctx context.Context) (Observation, error)
	// Leave lets the stage go on without this process, and names it. It can be attached
	// to by its name until it expires.
	Leave(ctx context.Context) (name string, err error)
	// Refused is what nginx said when it did not start with the stage's configuration;
	// no phase can be done then.
	Refused() string
}

// limit bounds one trial that nobody watches; its waits are bounded by the scenario's
// checks.
const limit = 3 * time.Minute

// Within bounds the time that the trial may take.
func (t Trial) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	most := limit
	for _, p := range t.Probes {
		if p.Exactly != nil { // nobody has checked how long these may take
			most += p.Exactly.Timeout.D()
		}
	}
	return context.WithTimeoutCause(ctx, most, fmt.Errorf("the trial took longer than %s", most))
}

// Through does the trial's phases one after the other, until one fails.
func (t Trial) Through(ctx context.Context, live Live) error {
	if live.Refused() != "" {
		return nil
	}
	for _, phase := range t.Phases {
		if _, err := live.Do(ctx, phase); err != nil {
			return err
		}
	}
	return nil
}
