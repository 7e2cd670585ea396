package experiment

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

const (
	well    = "well"
	fails   = "fails"
	slowly  = "fails on a slow machine"
	control = "control fails"
)

// A trial that fails must be heard, alone. A refutation must stand only if each hearing says
// the same, and if the machine was fast enough in one of them.
func TestHearings(t *testing.T) {
	for _, row := range []struct {
		name   string
		runs   []string // the outcome of the fix's trial at each run
		want   Verdict
		cause  Cause
		reason string
	}{
		{"verified at once", []string{well}, Verified, "", ""},
		{"refuted by its neighbours alone", []string{fails, well, well, well}, Verified, "", ""},
		{"refuted each time", []string{fails, fails, fails, fails}, Refuted, "", NotResolved},
		{"refuted on a slow machine once", []string{slowly, slowly, fails, slowly}, Refuted, "", NotResolved},
		{"always a slow machine", []string{fails, slowly, slowly, slowly}, Inconclusive, Slow, "too slow to tell"},
		{"the hearings differ", []string{fails, well, fails}, Inconclusive, Differing, "verified; then refuted not resolved"},
		{"the last hearing differs", []string{fails, fails, fails, well}, Inconclusive, Differing, "the hearings differ"},
		{"the fault is not met once", []string{control, well, well, well}, Verified, "", ""},
		{"the fault is never met", []string{control, control, control, control}, Inconclusive, Control, controlFailed},
		{"now the fault, now the fix", []string{fails, control, fails}, Inconclusive, Differing, "the hearings differ"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &world{t: t, see: sound}
			runs := 0
			w.alter = func(o *trial.Observation) error {
				if o.Trial != "fix start-it" {
					return nil
				}
				if runs >= len(row.runs) {
					t.Fatalf("run %d times", runs+1)
				}
				if row.runs[runs] == slowly {
					o.Stall = trial.TooSlow
				}
				switch row.runs[runs] {
				case fails, slowly:
					o.Phases[1].Answers[0].Client.Status = 404
				case control:
					o.Phases[0].Answers[0].Client.Status = 404
				}
				runs++
				return nil
			}
			r := Run(t.Context(), w, []scenario.Scenario{refusing()}, Options{Parallel: 4})[0]
			fix := r.Parts[0]
			if fix.Verdict != row.want || fix.Cause != row.cause || !strings.Contains(fix.Reason, row.reason) || runs != len(row.runs) {
				t.Errorf("%s (%s) after %d runs: %s", fix.Verdict, fix.Cause, runs, fix.Reason)
			}
			// The evidence of each hearing must be kept.
			if want := len(row.runs); want == 1 && len(r.Hearings) != 0 || want > 1 && len(r.Hearings) != want {
				t.Fatalf("%d hearings, want %d", len(r.Hearings), want)
			}
			for i, h := range r.Hearings {
				evidence := h.Trial == "fix start-it" && len(h.Observation.Phases) == 2
				if h.Number != i || !evidence || (h.Verdict == Verified) != (row.runs[i] == well) {
					t.Errorf("hearing %d: %d %s %s with %d phases", i, h.Number, h.Trial, h.Verdict, len(h.Observation.Phases))
				}
			}
			for _, name := range w.runs[3:] {
				if name != "fix start-it" {
					t.Errorf("%s is heard again", name)
				}
			}
		})
	}
}

// Nothing may run during a hearing.
func TestHearingsAreAlone(t *testing.T) {
	w := &world{t: t}
	w.see = func(trial, phase string) (int, string) {
		if phase == "fixed" {
			return 404, ""
		}
		return sound(trial, phase)
	}
	var all []scenario.Scenario
	for range 8 {
		all = append(all, refusing())
	}
	options := Options{Parallel: 6}
	runner := &counting{world: w, first: Trials(all, options)}
	results := Run(t.Context(), runner, all, options)
	if runner.most < 2 {
		t.Error("no two trials ran side by side: this test shows nothing")
	}
	if runner.runs != runner.first+8*maxHearings || runner.beside != 0 {
		t.Errorf("%d runs, and beside %d of the hearings ran another", runner.runs, runner.beside)
	}
	for _, r := range results {
		if r.Verdict != Refuted {
			t.Errorf("%s: %s", r.ID, r.Verdict)
		}
	}
}

// counting counts which trials run at the same time. It takes all trials after the first ones
// for hearings.
type counting struct {
	*world
	first int // how many trials are not hearings

	mu                      sync.Mutex
	runs, now, most, beside int
}

func (c *counting) Run(ctx context.Context, what trial.Trial) (trial.Observation, error) {
	c.mu.Lock()
	c.runs++
	c.now++
	c.most = max(c.most, c.now)
	if c.runs > c.first && c.now > 1 {
		c.beside++
	}
	c.mu.Unlock()
	time.Sleep(time.Millisecond)
	defer func() {
		c.mu.Lock()
		c.now--
		c.mu.Unlock()
	}()
	return c.world.Run(ctx, what)
}

// If a run is stopped before a hearing, nothing is refuted.
func TestHearingInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	w := &world{t: t, see: func(trial, phase string) (int, string) {
		if phase == "fixed" {
			cancel(errors.New("Ctrl-C"))
			return 404, ""
		}
		return sound(trial, phase)
	}}
	r := Run(ctx, w, []scenario.Scenario{refusing()}, Options{Parallel: 1})[0]
	why := r.Parts[0].Reason
	if r.Cause != Interrupted || !strings.Contains(why, "Ctrl-C before the second hearing") || !strings.Contains(why, NotResolved) {
		t.Errorf("%s (%s): %q", r.Verdict, r.Cause, why)
	}
}

// If there are many failures, they must be heard while the run goes on, so that they do not
// accumulate. With --fail-fast the run must go on after a failure that the hearing did not
// confirm.
func TestHearingsInBetween(t *testing.T) {
	failures := 0
	w := &world{t: t}
	w.see = func(trial, phase string) (int, string) {
		if failures++; phase == "fixed" && failures < 5 {
			return 404, ""
		}
		return sound(trial, phase)
	}
	results := Run(t.Context(), w, []scenario.Scenario{refusing(), refusing()}, Options{Parallel: 1, FailFast: true})
	for i, r := range results {
		if r.Verdict != Verified {
			t.Errorf("scenario %d: %s: %s", i, r.Verdict, r.Reason)
		}
	}
	if results[0].Hearings == nil || results[1].Hearings != nil {
		t.Errorf("hearings %v and %v", results[0].Hearings, results[1].Hearings)
	}
	w.see = func(trial, phase string) (int, string) {
		if phase == "fixed" {
			return 404, ""
		}
		return sound(trial, phase)
	}
	done := 0
	all := Run(t.Context(), w, []scenario.Scenario{refusing()}, Options{Parallel: 3, Repeat: 3 * mostToHear, Done: func(Result) { done++ }})
	hearings := manyHeard*maxHearings + done - manyHeard
	if tally := all[0].Repetitions; done != 3*mostToHear || tally.Refuted != done || tally.Hearings != hearings {
		t.Errorf("%d results, %+v", done, tally)
	}
}

// With --fail-fast the first failure that stands stops the run. What waited for its hearing
// is not tried any more; nobody has interrupted it.
func TestHearingsAfterFailFast(t *testing.T) {
	all := []scenario.Scenario{refusing(), refusing(), refusing(), refusing()}
	// Every scenario has failed once before the first hearing.
	var met sync.WaitGroup
	met.Add(len(all))
	var runs atomic.Int64
	w := &world{t: t, see: func(trial, phase string) (int, string) {
		if phase != "fixed" {
			return sound(trial, phase)
		}
		if runs.Add(1) <= int64(len(all)) {
			met.Done()
			met.Wait()
		}
		return 404, ""
	}}
	count := map[Verdict]int{}
	for _, r := range Run(t.Context(), w, all, Options{Parallel: 12, FailFast: true}) {
		count[r.Verdict]++
		if r.Cause == Interrupted {
			t.Errorf("%s: %s", r.Cause, r.Reason)
		}
	}
	if count[Refuted] != 1 || count[Skipped] != len(all)-1 {
		t.Errorf("verdicts %v, want one refuted and the others skipped", count)
	}
}

// A testbed that the first run has left is named, however the hearings end.
func TestHearingsKeepWhatWasLeft(t *testing.T) {
	for name, stop := range map[string]error{"they end": nil, "the engine fails in one": errors.New("the engine is gone")} {
		runs := 0
		w := &world{t: t, see: sound, alter: func(o *trial.Observation) error {
			if o.Trial != "broken" {
				return nil
			}
			o.Phases[0].Answers[0].Client.Status = 404
			if runs++; runs == 3 {
				return stop
			}
			return nil
		}}
		r := Run(t.Context(), w, []scenario.Scenario{refusing()}, Options{Keep: true, Open: w.open})[0]
		if len(r.Kept) != 1 || r.Kept[0] != "kept" {
			t.Errorf("%s: kept %q: %s", name, r.Kept, r.Reason)
		}
	}
}
