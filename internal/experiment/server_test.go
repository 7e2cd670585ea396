package experiment

import (
	"regexp"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/trial"
)

// The same answer and the same line of nginx are not the symptom if the log of the server does
// not name the cause.
func TestBackendLog(t *testing.T) {
	said := "worker 7 exited on signal 9\n"
	s := refusing()
	s.Server = "php-fpm"
	s.Symptom.BackendLog = []strict.Regexp{{Regexp: regexp.MustCompile(`exited on signal \d`)}}
	w := &world{t: t, see: sound, alter: func(o *trial.Observation) error {
		for i := range o.Phases {
			if o.Phases[i].Name != "fixed" {
				o.Phases[i].Backends = map[string]string{"app": said}
			}
		}
		return nil
	}}
	if r := Run(t.Context(), w, []scenario.Scenario{s}, Options{})[0]; r.Verdict != Verified {
		t.Errorf("%s: %s %v", r.Verdict, r.Reason, r.Failure)
	}
	said = "all is well\n"
	r := Run(t.Context(), w, []scenario.Scenario{s}, Options{})[0]
	if r.Verdict != Refuted || r.Reason != NotReproduced || r.Failure == nil ||
		r.Failure.Expected != `a backend to log "exited on signal \\d"` || strings.Join(r.Failure.Log, "|") != "app: all is well" {
		t.Errorf("%s: %s %+v", r.Verdict, r.Reason, r.Failure)
	}
}

// A scenario that cannot be tried must be skipped with a reason, and none of it may be run.
func TestSkip(t *testing.T) {
	w := &world{t: t, see: sound}
	s, other := refusing(), refusing()
	other.ID, other.Server = "other", "gunicorn"
	results := Run(t.Context(), w, []scenario.Scenario{s, other}, Options{Skip: func(s scenario.Scenario) string {
		if s.Server == "gunicorn" {
			return "no image"
		}
		return ""
	}})
	if results[0].Verdict != Verified || results[1].Verdict != Skipped || results[1].Reason != "no image" {
		t.Errorf("%s, %s: %s", results[0].Verdict, results[1].Verdict, results[1].Reason)
	}
	for _, p := range results[1].Parts {
		if p.Verdict != Skipped {
			t.Errorf("%s is %s", p.ID, p.Verdict)
		}
	}
	if len(w.runs) != len(results[0].Trials) {
		t.Errorf("%d trials were run, want those of one scenario: %v", len(w.runs), w.runs)
	}
}

// A worker that another process killed must not count as one that the kernel killed because of
// the memory limit.
func TestOOMKills(t *testing.T) {
	killed := 1
	s := refusing()
	s.Server, s.Symptom.OOMKills = "php-fpm", 1
	w := &world{t: t, see: sound, alter: func(o *trial.Observation) error {
		for i := range o.Phases {
			o.Phases[i].OOMKills = killed
		}
		return nil
	}}
	if r := Run(t.Context(), w, []scenario.Scenario{s}, Options{})[0]; r.Verdict != Verified {
		t.Errorf("%s: %s %v", r.Verdict, r.Reason, r.Failure)
	}
	killed = 0
	if r := Run(t.Context(), w, []scenario.Scenario{s}, Options{})[0]; r.Verdict != Refuted || r.Reason != NotReproduced ||
		r.Failure.Seen != "0 killed" {
		t.Errorf("%s: %s %+v", r.Verdict, r.Reason, r.Failure)
	}
}

// If the image lacks the user that a scenario is about, this must not count as a mistake in
// the scenario.
func TestImageWithoutTheUser(t *testing.T) {
	s := refusing()
	s.Healthy.User = "www-data"
	text := `nginx did not start (exit status 1): nginx: [emerg] getpwnam("www-data") failed in /lab/trial/t/nginx.conf:3`
	w := &world{t: t, see: sound, alter: func(o *trial.Observation) error {
		o.Refused, o.Phases = text, nil
		return nil
	}}
	if r := Run(t.Context(), w, []scenario.Scenario{s}, Options{})[0]; r.Verdict != Skipped ||
		r.Reason != `the image of nginx has no user "www-data", and the scenario is about this user` {
		t.Errorf("%s: %s", r.Verdict, r.Reason)
	}
	s.Healthy.User = ""
	if r := Run(t.Context(), w, []scenario.Scenario{s}, Options{})[0]; r.Verdict != Inconclusive || r.Cause != Scenario {
		t.Errorf("%s (%s): %s", r.Verdict, r.Cause, r.Reason)
	}
}
