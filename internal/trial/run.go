package trial

import (
	"context"
	"fmt"
	"time"
)

// Runner runs whole trials; testbed.Pool is one. An error of a Runner always means that lab
// itself failed. A configuration that nginx refuses, or a step that an operator could not take
// either, is part of the observation and not an error. Run returns what was seen until the
// error together with the error.
type Runner interface {
	Run(ctx context.Context, what Trial) (Observation, error)
}

// Live is a trial that has started and is not closed yet. Its stage is in place, and the
// caller can do phases whenever it likes. The methods must not be called at the same time.
type Live interface {
	// Do takes the phase's steps, sends its probes, and returns what was seen.
	Do(ctx context.Context, phase Phase) (PhaseSeen, error)
	// Seen returns what was seen so far, with the current state of the backends.
	Seen(ctx context.Context) (Observation, error)
	// Close ends the trial and returns everything that was seen. When it returns, no process
	// of the trial is running any more.
	Close(ctx context.Context) (Observation, error)
	// Leave lets the stage go on without this process, and returns the name of the testbed.
	// Other processes can attach to the testbed by this name until it expires.
	Leave(ctx context.Context) (name string, err error)
	// Refused is the message with which nginx refused the stage's configuration when it
	// started. If it is not empty, no phase can be done.
	Refused() string
}

// limit bounds a trial that nobody watches. The checks of a scenario bound each of its waits.
const limit = 3 * time.Minute

// Within returns a context that bounds the time which the trial may take.
func (t Trial) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	most := limit
	for _, p := range t.Probes {
		if p.Exactly != nil { // nobody has checked how long these requests may take
			most += p.Exactly.Timeout.D()
		}
	}
	return context.WithTimeoutCause(ctx, most, fmt.Errorf("the trial took longer than %s", most))
}

// Through does the trial's phases in order. It stops at the first one that fails.
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
