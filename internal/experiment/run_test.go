package experiment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

func TestRepeatAndOrder(t *testing.T) {
	a, b := refusing(), refusing()
	b.ID = "again"
	var done []string
	w := &world{t: t, see: sound}
	seen := map[string]int{}
	// Every other repetition of the second scenario fails.
	w.see = func(trial, phase string) (int, string) {
		if phase == "fixed" {
			if seen[trial]++; seen[trial]%2 == 0 {
				return 404, ""
			}
		}
		return sound(trial, phase)
	}
	const repeat = 40
	results := Run(
		t.Context(),
		w,
		[]scenario.Scenario{a, b},
		Options{Parallel: 1, Repeat: repeat, NoSecondHearing: true, Done: func(r Result) { done = append(done, r.ID) }},
	)
	if len(done) != 2*repeat {
		t.Errorf("told of %d results, want each of the %d", len(done), 2*repeat)
	}
	// One result must stand for all that were verified, and the first few of those that were
	// refuted must be kept.
	var got []string
	for _, r := range results {
		got = append(got, fmt.Sprint(r.ID, r.Repeat, r.Verdict))
		if len(r.Trials) == 0 {
			t.Errorf("%s %d has no evidence", r.ID, r.Repeat)
		}
	}
	if want := "refusing1verified again1refuted again2refuted again3refuted"; strings.Join(got, " ") != want {
		t.Errorf("results %v, want %s", got, want)
	}
	tallies := []Tally{{Runs: repeat, Verified: repeat, Trials: 3 * repeat}, {Runs: repeat, Refuted: repeat, Trials: 3 * repeat}}
	for i, want := range tallies {
		if got := results[i].Repetitions; got == nil || *got != want {
			t.Errorf("%s: %+v, want %+v", results[i].ID, got, want)
		}
		want.Trials = 0
		if got := results[i].Parts[0].Repetitions; got == nil || *got != want {
			t.Errorf("%s: its fix: %+v, want %+v", results[i].ID, got, want)
		}
	}
}

// However many repetitions there are, only a limited number of results may be kept, but
// nothing that decides the exit code may be lost.
func TestRepetitionsAreBounded(t *testing.T) {
	var all repeated
	one := func(i int, v Verdict, cause Cause) Result {
		return Result{ID: "x", Repeat: i, Verdict: v, Cause: cause, Parts: []Part{{ID: "fix", Verdict: v, Cause: cause}}}
	}
	for i := range 1000 {
		all.add(one(4*i+1, Inconclusive, Environment))
		all.add(one(4*i+2, Verified, ""))
		all.add(one(4*i+3, Refuted, ""))
		all.add(one(4*i+4, Inconclusive, Interrupted))
	}
	var got []string
	for _, r := range all.results() {
		got = append(got, fmt.Sprint(r.Repeat, r.Verdict, r.Cause))
	}
	want := "2verified 1inconclusiveenvironment 3refuted 4inconclusiveinterrupted 5inconclusiveenvironment 7refuted " +
		"9inconclusiveenvironment 11refuted"
	if strings.Join(got, " ") != want {
		t.Errorf("kept %v, want %s", got, want)
	}
	if got, want := *all.results()[0].Repetitions, (Tally{Runs: 4000, Verified: 1000, Refuted: 1000, Inconclusive: 2000}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestFailFast(t *testing.T) {
	bad := refusing()
	w := &world{t: t, see: func(string, string) (int, string) { return 200, "" }}
	results := Run(t.Context(), w, []scenario.Scenario{bad, bad, bad}, Options{Parallel: 1, FailFast: true})
	if results[0].Verdict != Refuted || results[1].Verdict != Skipped || results[2].Verdict != Skipped {
		t.Errorf("verdicts %s, %s, %s", results[0].Verdict, results[1].Verdict, results[2].Verdict)
	}
	// Two of its trials begin with a control that fails.
	if want := 3 + 2*maxHearings; len(w.runs) != want {
		t.Errorf("%d trials were run, want the first scenario's %d: %v", len(w.runs), want, w.runs)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	w := &world{t: t, see: sound, alter: func(o *trial.Observation) error {
		if o.Trial == "fix start-it" {
			cancel(errors.New("Ctrl-C"))
			return context.Canceled
		}
		return nil
	}}
	r := Run(ctx, w, []scenario.Scenario{refusing()}, Options{Parallel: 1})[0]
	if r.Verdict != Inconclusive || r.Cause != Interrupted || !strings.HasSuffix(r.Reason, "interrupted: Ctrl-C") {
		t.Errorf("%s (%s): %q", r.Verdict, r.Cause, r.Reason)
	}
}

func TestKeep(t *testing.T) {
	for _, row := range []struct {
		name    string
		options Options
		see     func(trial, phase string) (int, string)
		want    string
	}{
		{"keep leaves the broken state", Options{Keep: true}, sound, "broken"},
		{"keep on failure, all is well", Options{KeepOnFailure: true}, sound, ""},
		{"keep on failure", Options{KeepOnFailure: true}, func(trial, phase string) (int, string) {
			if phase == "fixed" {
				return 404, ""
			}
			return sound(trial, phase)
		}, "fix start-it"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &world{t: t, see: row.see}
			row.options.Open = w.open
			r := Run(t.Context(), w, []scenario.Scenario{refusing()}, row.options)[0]
			var kept []string
			for _, seen := range r.Trials {
				if seen.Testbed != "" {
					kept = append(kept, seen.Trial)
				}
			}
			if got := strings.Join(kept, ", "); got != row.want {
				t.Errorf("kept %q, want %q", got, row.want)
			}
		})
	}
}

func TestWithheld(t *testing.T) {
	var names []string
	for _, p := range plan(refusing(), Fix, true) {
		if p.role == fix && len(p.Phases[1].Apply) != 0 {
			t.Errorf("the withheld fix is applied: %+v", p.Phases[1])
		}
		names = append(names, p.Name)
	}
	if got, want := strings.Join(names, ", "), "healthy, broken, fix start-it"; got != want {
		t.Errorf("trials %s, want %s", got, want)
	}
	for _, p := range plan(refusing(), Fault, false) {
		if p.Start.Backends["app"].Fault != "" {
			t.Errorf("trial %q still has the fault", p.Name)
		}
	}
}
