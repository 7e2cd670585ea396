package testbed_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/testbed"
	"github.com/gatewaylab/lab/internal/trial"
)

// slow is a trial that waits for a backend which answers after the test's patience.
func slow() trial.Trial {
	what := simple(proxied, app(protocol.Backend{Fault: "slow-header", Delay: protocol.Duration(time.Minute)}))
	what.Probes = map[string]trial.Probe{"slow": {Get: "/", Timeout: protocol.Duration(time.Minute)}}
	return what
}

// prompt is how long what has no reason to wait may take on a machine that others
// use as well.
const prompt = 10 * time.Second

func TestInterruptedTrial(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	why := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	var interrupted time.Time
	time.AfterFunc(300*time.Millisecond, func() { interrupted = time.Now(); cancel(why) })
	_, err := b.Run(ctx, nextID(), slow())
	if took := time.Since(interrupted); !errors.Is(err, why) || took > 2*time.Second {
		t.Errorf("Run = %v, %s after the interruption", err, took)
	}
	began := time.Now()
	if err := b.Remove(); err != nil || time.Since(began) > prompt {
		t.Errorf("Remove = %v after %s", err, time.Since(began))
	}
}

// With the backend frozen, its agent neither reads nor answers.
func TestInterruptedWhilePaused(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	what := slow()
	what.Phases = append([]trial.Phase{phase(what.Start, "pause-container", "stop-backend")}, what.Phases...)
	ctx, cancel := context.WithCancel(t.Context())
	var interrupted time.Time
	time.AfterFunc(time.Second, func() { interrupted = time.Now(); cancel() })
	_, err := b.Run(ctx, nextID(), what)
	if took := time.Since(interrupted); !errors.Is(err, context.Canceled) || took > 2*time.Second {
		t.Errorf("Run = %v, %s after the interruption", err, took)
	}
	began := time.Now()
	if err := b.Remove(); err != nil || time.Since(began) > prompt {
		t.Errorf("Remove = %v after %s", err, time.Since(began))
	}
}

func TestPausedBackend(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	what := simple(strings.Replace(proxied, "proxy_pass", "proxy_read_timeout 300ms; proxy_pass", 1), app(protocol.Backend{}))
	what.Phases = append(what.Phases, phase(what.Start, "pause-container"))
	// It is thawed at the end, whether the trial does so or not.
	for range 2 {
		if seen := b.run(t, what); status(seen, 0) != 200 || status(seen, 1) != 504 || !seen.Backends[0].Running {
			t.Errorf("%+v", seen)
		}
	}
}

// An interruption while the engine makes the containers leaves none of them.
func TestInterruptedStart(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	equipment := labtest.Equipment(t, e, labtest.Image(t, e).Name) // looks for what is left
	for _, after := range []time.Duration{0, 5, 20, 50, 100, 200, 350} {
		ctx, cancel := context.WithTimeout(t.Context(), after*time.Millisecond)
		b, err := testbed.Start(ctx, equipment, int(after)+1, testbed.Kind{})
		cancel()
		if err == nil {
			err = b.Remove()
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %d ms: %v", after, err)
			continue
		}
		left, listed := e.List(t.Context(), engine.LabelRun, equipment.Owner.Run)
		if len(left) > 0 || listed != nil {
			t.Errorf("after %d ms (%v): left %+v, %v", after, err, left, listed)
		}
	}
}

func TestAContainerEndsDuringATrial(t *testing.T) {
	t.Parallel()
	for container, role := range []string{"nginx", "backend"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			e := labtest.Engine(t)
			equipment := labtest.Equipment(t, e, labtest.Image(t, e).Name)
			pool := testbed.NewPool(equipment)
			kill := func() {
				found, err := e.List(context.Background(), engine.LabelRun, equipment.Owner.Run)
				if err != nil {
					t.Error(err)
				}
				for _, c := range found {
					if c.Labels[engine.LabelRole] == role {
						if err := e.Remove(context.Background(), c.ID); err != nil {
							t.Error(err)
						}
					}
				}
			}
			if err := pool.Warm(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			what := simple(ownWords, app(protocol.Backend{}))
			if container == inNginx {
				what = slow()
			} else {
				wait := phase(what.Start, "wait", "stop-backend")
				wait.Apply[0].Wait = protocol.Duration(time.Second)
				what.Phases = append(what.Phases, wait)
			}
			time.AfterFunc(400*time.Millisecond, kill)
			began := time.Now()
			_, err := pool.Run(t.Context(), what)
			want := fmt.Sprintf("the agent in lab-%s-1-%s does not answer: its container ended", equipment.Owner.Run, role)
			if err == nil || !strings.Contains(err.Error(), want) || time.Since(began) > prompt {
				t.Errorf("Run = %v after %s, want %q", err, time.Since(began), want)
			}
			if seen, err := pool.Run(t.Context(), simple(ownWords, nil)); err != nil || status(seen, 0) != 200 {
				t.Errorf("on another testbed: %v %+v", err, seen)
			}
			if err := pool.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Close comes when everything is over; should it come too early, nothing hangs
// and nothing is left.
func TestCloseDuringATrial(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	equipment := labtest.Equipment(t, e, labtest.Image(t, e).Name)
	pool := testbed.NewPool(equipment)
	if err := pool.Warm(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	what := simple(ownWords, nil)
	wait := phase(what.Start, "wait")
	wait.Apply[0].Wait = protocol.Duration(time.Second)
	what.Phases = append(what.Phases, wait)
	ran := make(chan error, 1)
	go func() { _, err := pool.Run(t.Context(), what); ran <- err }()
	time.Sleep(300 * time.Millisecond)
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ran; err != nil {
		t.Errorf("the trial: %v", err)
	}
	gone(t, e, equipment.Owner.Run, 0)
}

func TestRemoveDuringATrial(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	ran := make(chan error, 1)
	go func() { _, err := b.Run(context.Background(), nextID(), slow()); ran <- err }()
	time.Sleep(300 * time.Millisecond)
	if err := b.Remove(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-ran:
		if err == nil || !strings.Contains(err.Error(), "does not answer") {
			t.Errorf("Run = %v", err)
		}
	case <-time.After(prompt):
		t.Error("the trial goes on without its containers")
	}
}

// Not parallel: it counts the goroutines of the process.
func TestNothingRunsOn(t *testing.T) {
	e := labtest.Engine(t)
	image := labtest.Image(t, e).Name
	equipment := labtest.Equipment(t, e, image)
	cycle := func(number int) {
		b, err := testbed.Start(t.Context(), equipment, number, testbed.Kind{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if _, err := b.Run(t.Context(), nextID(), simple(proxied, app(protocol.Backend{}))); err != nil {
			t.Error(err)
		}
		if _, err := b.Run(ctx, nextID(), slow()); err == nil {
			t.Error("it was to be interrupted")
		}
		if err := b.Remove(); err != nil {
			t.Error(err)
		}
	}
	cycle(1) // connections to the engine stay open
	before := runtime.NumGoroutine()
	for i := range 3 {
		cycle(i + 2)
	}
	for deadline := time.Now().Add(prompt); runtime.NumGoroutine() > before+4; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, before %d:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// A trial whose processes could not run for a while says so.
func TestAStallIsNoticed(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	what := simple(proxied, app(protocol.Backend{}))
	what.Phases = append(
		what.Phases,
		trial.Phase{
			Name:   "waited",
			Stage:  what.Start,
			Rounds: 1,
			Apply:  []trial.Step{{Do: "wait", Wait: protocol.Duration(1500 * time.Millisecond)}},
		},
	)
	const stall = 600 * time.Millisecond
	time.AfterFunc(400*time.Millisecond, func() {
		if err := b.engine.Pause(context.Background(), b.IDs()[0]); err != nil {
			t.Error(err)
		}
		time.Sleep(stall)
		if err := b.engine.Unpause(context.Background(), b.IDs()[0]); err != nil {
			t.Error(err)
		}
	})
	if seen := b.run(t, what); seen.Stall.D() < stall/2 || status(seen, 1) != 200 {
		t.Errorf("a stall of %s was noticed as one of %s", stall, seen.Stall)
	}
}
