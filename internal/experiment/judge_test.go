package experiment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/trial"
)

// world is a hand-written runner: it says what a phase looks like, and is strict
// about what it is asked.
type world struct {
	t *testing.T
	// see returns the answer and the error-log message of a phase.
	see func(trial, phase string) (status int, message string)
	// alter changes an observation before it is returned.
	alter func(*trial.Observation) error

	mu   sync.Mutex
	runs []string
}

func (w *world) Run(ctx context.Context, what trial.Trial) (trial.Observation, error) {
	if err := ctx.Err(); err != nil {
		return trial.Observation{}, err
	}
	w.mu.Lock()
	w.runs = append(w.runs, what.Name)
	id := fmt.Sprintf("t%d", len(w.runs))
	w.mu.Unlock()
	if len(what.Phases) == 0 || len(what.Probes) == 0 {
		w.t.Errorf("trial %q has no phases or no probes", what.Name)
	}
	seen := trial.Observation{Trial: what.Name, ID: id, Started: time.Now()}
	for n, phase := range what.Phases {
		status, message := w.see(what.Name, phase.Name)
		connection := int64(n + 1)
		p := trial.PhaseSeen{Name: phase.Name}
		for name := range what.Probes {
			a := trial.Answer{Probe: name}
			a.Client = protocol.ProbeResult{Status: status, Complete: true, Headers: map[string]string{}}
			a.Access = &nginx.Record{PID: 7, Connection: connection, Status: fmt.Sprint(status)}
			if status == 200 {
				a.Client.Headers[protocol.TrialHeader] = id
			}
			p.Answers = append(p.Answers, a)
		}
		if message != "" {
			p.Log = append(p.Log, nginx.Entry{Level: "error", PID: 7, Connection: connection, Message: message, Raw: message})
		}
		seen.Phases = append(seen.Phases, p)
	}
	if w.alter != nil {
		if err := w.alter(&seen); err != nil {
			return seen, err
		}
	}
	return seen, nil
}

// worldLive is a trial of a world that goes on. All of it was seen when it was opened.
type worldLive struct{ seen trial.Observation }

func (w *world) open(ctx context.Context, what trial.Trial) (trial.Live, error) {
	seen, err := w.Run(ctx, what)
	return worldLive{seen}, err
}

func (l worldLive) Do(context.Context, trial.Phase) (trial.PhaseSeen, error) {
	return trial.PhaseSeen{}, nil
}
func (l worldLive) Seen(context.Context) (trial.Observation, error)  { return l.seen, nil }
func (l worldLive) Close(context.Context) (trial.Observation, error) { return l.seen, nil }
func (l worldLive) Leave(context.Context) (string, error)            { return "kept", nil }
func (l worldLive) Refused() string                                  { return l.seen.Refused }

// sound is a world in which everything is as the scenario says.
func sound(trial, phase string) (int, string) {
	if phase == "healthy" || (phase == "fixed") {
		return 200, ""
	}
	return 502, "connect() failed (111: Connection refused) while connecting to upstream"
}

func refusing() scenario.Scenario {
	var match strict.Regexp
	if err := match.UnmarshalText([]byte(`failed \(111:`)); err != nil {
		panic(err)
	}
	return scenario.Scenario{
		ID: "refusing",
		Healthy: scenario.Stage{
			Stage:  trial.Stage{Backends: map[string]protocol.Backend{"app": {}}},
			Probes: map[string]scenario.Probe{"home": {Probe: trial.Probe{Get: "/"}, Expect: scenario.Expect{Status: 200}}},
		},
		Broken: &scenario.Delta{Backends: map[string]protocol.Backend{"app": {Fault: "refuse"}}},
		Symptom: scenario.Signature{
			Probes: map[string]scenario.Expect{"home": {Status: 502}},
			Log:    []scenario.LogPattern{{Level: scenario.Levels{"error"}, Match: match}},
		},
		Fixes:      []scenario.Fix{{ID: "start-it", Delta: scenario.Delta{Apply: []trial.Step{{Do: "restart-backend"}}}}},
		WrongFixes: []scenario.Fix{{ID: "reload", Delta: scenario.Delta{Apply: []trial.Step{{Do: "reload"}}}}},
	}
}

func TestVerdicts(t *testing.T) {
	for _, row := range []struct {
		name    string
		see     func(trial, phase string) (int, string)
		alter   func(*trial.Observation) error
		verdict Verdict
		cause   Cause
		reason  string // of the scenario, its beginning
		fix     Verdict
		wrong   Verdict
	}{
		{name: "as it says", see: sound, verdict: Verified, fix: Verified, wrong: Verified},
		{
			name: "the fault does not show",
			see: func(_, phase string) (int, string) {
				return 200, ""
			},
			verdict: Refuted, reason: NotReproduced, fix: Inconclusive, wrong: Inconclusive,
		},
		{
			name: "right status, no log line",
			see: func(trial, phase string) (int, string) {
				status, _ := sound(trial, phase)
				return status, ""
			},
			verdict: Refuted, reason: NotReproduced, fix: Inconclusive, wrong: Inconclusive,
		},
		{
			name: "right status, another log line",
			see: func(trial, phase string) (int, string) {
				status, message := sound(trial, phase)
				return status, strings.Replace(message, "111", "104", 1)
			},
			verdict: Refuted, reason: NotReproduced, fix: Inconclusive, wrong: Inconclusive,
		},
		{
			name: "the fix leaves it broken",
			see: func(trial, phase string) (int, string) {
				if phase == "fixed" {
					return sound(trial, "broken")
				}
				return sound(trial, phase)
			},
			verdict: Refuted, reason: "fix start-it: " + NotResolved, fix: Refuted, wrong: Verified,
		},
		{
			name: "the fix brings 200 and an error line",
			see: func(trial, phase string) (int, string) {
				if phase == "fixed" {
					return 200, "something else failed"
				}
				return sound(trial, phase)
			},
			verdict: Refuted, reason: "fix start-it: " + NotResolved, fix: Refuted, wrong: Verified,
		},
		{
			name: "the wrong fix resolves it",
			see: func(trial, phase string) (int, string) {
				if phase == "wrong fix" {
					return 200, ""
				}
				return sound(trial, phase)
			},
			verdict: Refuted, reason: "wrong fix reload: " + Resolves, fix: Verified, wrong: Refuted,
		},
		{
			name: "the wrong fix shows otherwise",
			see: func(trial, phase string) (int, string) {
				if phase == "wrong fix" {
					return 504, "upstream timed out"
				}
				return sound(trial, phase)
			},
			verdict: Refuted, reason: "wrong fix reload: " + ShowsOther, fix: Verified, wrong: Refuted,
		},
		{
			name: "the healthy control fails",
			see: func(trial, phase string) (int, string) {
				if phase == "healthy" {
					return 500, ""
				}
				return sound(trial, phase)
			},
			verdict: Inconclusive, cause: Control, reason: "control failed", fix: Inconclusive, wrong: Inconclusive,
		},
		{
			name: "an answer of another trial", see: sound,
			alter: func(o *trial.Observation) error {
				if o.Trial == "fix start-it" {
					o.Phases[1].Answers[0].Client.Headers[protocol.TrialHeader] = "t0"
				}
				return nil
			},
			verdict: Inconclusive, cause: Control, reason: "fix start-it: fixed: an answer of the trial", fix: Inconclusive, wrong: Verified,
		},
		{
			name: "an answer that nginx has no record of", see: sound,
			alter: func(o *trial.Observation) error {
				o.Phases[0].Answers[0].Access = nil
				return nil
			},
			verdict: Inconclusive, cause: Control, reason: "healthy: nginx has no record", fix: Inconclusive, wrong: Inconclusive,
		},
		{
			name: "the engine fails", see: sound,
			alter: func(o *trial.Observation) error {
				if o.Trial == "wrong fix reload" {
					return errors.New("the engine is gone")
				}
				return nil
			},
			verdict: Inconclusive, cause: Environment, reason: "wrong fix reload: the engine is gone", fix: Verified, wrong: Inconclusive,
		},
		{
			name: "nginx refuses the config", see: sound,
			alter: func(o *trial.Observation) error {
				o.Refused, o.Phases = "[emerg] unknown directive", nil
				return nil
			},
			verdict: Inconclusive, cause: Scenario, reason: `trial "healthy": [emerg] unknown directive`, fix: Inconclusive, wrong: Inconclusive,
		},
		{
			name: "a late line about the request before the fix", see: sound,
			alter: func(o *trial.Observation) error {
				if o.Trial == "fix start-it" {
					late := nginx.Entry{Level: "error", PID: 7, Connection: o.Phases[0].Answers[0].Access.Connection, Message: "late"}
					o.Phases[1].Log = append(o.Phases[1].Log, late)
				}
				return nil
			},
			verdict: Verified, fix: Verified, wrong: Verified,
		},
		{
			name: "a cut body", see: sound,
			alter: func(o *trial.Observation) error {
				last := o.Phases[len(o.Phases)-1]
				if last.Name == "fixed" {
					last.Answers[0].Client.Complete = false
				}
				return nil
			},
			verdict: Refuted, reason: "fix start-it: " + NotResolved, fix: Refuted, wrong: Verified,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &world{t: t, see: row.see, alter: row.alter}
			r := Run(t.Context(), w, []scenario.Scenario{refusing()}, Options{Parallel: 1})[0]
			if r.Verdict != row.verdict || r.Cause != row.cause || !strings.HasPrefix(r.Reason, row.reason) || (row.reason == "") != (r.Reason == "") {
				t.Errorf("scenario: %s (%s): %q, want %s (%s): %q", r.Verdict, r.Cause, r.Reason, row.verdict, row.cause, row.reason)
			}
			if len(r.Parts) != 2 || r.Parts[0].Verdict != row.fix || r.Parts[1].Verdict != row.wrong {
				t.Errorf("parts %+v, want fix %s and wrong fix %s", r.Parts, row.fix, row.wrong)
			}
		})
	}
}

func TestRepeatAndOrder(t *testing.T) {
	a, b := refusing(), refusing()
	b.ID = "again"
	var done []string
	w := &world{t: t, see: sound}
	seen := map[string]int{}
	// Every other repair fails: those of the second scenario.
	w.see = func(trial, phase string) (int, string) {
		if phase == "fixed" {
			if seen[trial]++; seen[trial]%2 == 0 {
				return 404, ""
			}
		}
		return sound(trial, phase)
	}
	const repeat = 40
	results := Run(t.Context(), w, []scenario.Scenario{a, b}, Options{Parallel: 1, Repeat: repeat, NoSecondHearing: true, Done: func(r Result) { done = append(done, r.ID) }})
	if len(done) != 2*repeat {
		t.Errorf("told of %d results, want each of the %d", len(done), 2*repeat)
	}
	// One stands for all that were verified; the first few of those that were refuted.
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
	for i, want := range []Tally{{Runs: repeat, Verified: repeat, Trials: 3 * repeat}, {Runs: repeat, Refuted: repeat, Trials: 3 * repeat}} {
		if got := results[i].Repetitions; got == nil || *got != want {
			t.Errorf("%s: %+v, want %+v", results[i].ID, got, want)
		}
		want.Trials = 0
		if got := results[i].Parts[0].Repetitions; got == nil || *got != want {
			t.Errorf("%s: its fix: %+v, want %+v", results[i].ID, got, want)
		}
	}
}

// However many repetitions there are, only so much is kept of them, and nothing that
// decides the exit code is forgotten.
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
	want := "2verified 1inconclusiveenvironment 3refuted 4inconclusiveinterrupted 5inconclusiveenvironment 7refuted 9inconclusiveenvironment 11refuted"
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
