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

// world is a Runner for tests. It decides how a phase shows, and checks strictly what it is
// asked to run.
type world struct {
	t *testing.T
	// see returns the status of the answer and the error-log message of a phase.
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

// worldLive is a live trial of a world. Everything in it was seen when it was opened.
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

// sound returns a world in which everything is as the scenario says.
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
		reason  string // the beginning of the scenario's reason
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
			name: "the wrong fix shows another symptom",
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
			verdict: Inconclusive, cause: Control, reason: "fix start-it: fixed: the trial", fix: Inconclusive,
			wrong: Verified,
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
			verdict: Inconclusive, cause: Scenario, reason: `trial "healthy": [emerg] unknown directive`, fix: Inconclusive,
			wrong: Inconclusive,
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
			if r.Verdict != row.verdict || r.Cause != row.cause || !strings.HasPrefix(r.Reason, row.reason) ||
				(row.reason == "") != (r.Reason == "") {
				t.Errorf("scenario: %s (%s): %q, want %s (%s): %q", r.Verdict, r.Cause, r.Reason, row.verdict, row.cause, row.reason)
			}
			if len(r.Parts) != 2 || r.Parts[0].Verdict != row.fix || r.Parts[1].Verdict != row.wrong {
				t.Errorf("parts %+v, want fix %s and wrong fix %s", r.Parts, row.fix, row.wrong)
			}
		})
	}
}
