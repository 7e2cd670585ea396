package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// judge returns the outcome of one trial by itself.
func judge(s scenario.Scenario, t planned, seen trial.Observation, err error) outcome {
	if err != nil {
		return outcomeOfError(seen, err)
	}
	if seen.Refused != "" {
		return notStarted(t, seen)
	}
	if foreign := foreignAnswer(seen); foreign != "" {
		return outcome{Inconclusive, foreign, Control, nil}
	}
	earlier := map[connection]bool{}
	for i, phase := range seen.Phases {
		o := judgePhase(s, t, phase, i == len(seen.Phases)-1, earlier)
		if o.verdict != Verified {
			return withBackendLogs(o, seen)
		}
		connections(phase, earlier)
	}
	return outcome{verdict: Verified}
}

// controlFailed begins the reason of an outcome that is inconclusive because a control failed.
const controlFailed = "control failed: "

// notBefore is the reason if the control in the trial of a fix fails.
const notBefore = "the symptom does not show before the fix"

// judgePhase judges one phase. All phases before the last one are controls: they check the
// state in which the last one starts.
func judgePhase(s scenario.Scenario, t planned, phase trial.PhaseSeen, last bool, earlier map[connection]bool) outcome {
	control := func(what string, want scenario.Signature) outcome {
		if f := compare(phase, earlier, want); f != nil {
			return outcome{Inconclusive, controlFailed + what, Control, f}
		}
		return outcome{verdict: Verified}
	}
	refute := func(reason string, want scenario.Signature) outcome {
		if f := compare(phase, earlier, want); f != nil {
			return outcome{Refuted, reason, "", f}
		}
		return outcome{verdict: Verified}
	}
	switch {
	case t.role == healthy, phase.Name == "before":
		return control("the healthy stage is not healthy", healthySignature(s))
	case t.role == broken:
		return refute(NotReproduced, s.Symptom)
	case t.role == demonstration:
		return refute(NotShown, s.Demonstrates[t.part].Show)
	case !last:
		return control(notBefore, s.Symptom)
	case t.role == fix:
		return refute(NotResolved+refused(phase), healthySignature(s))
	}
	// A wrong fix must not make the stage healthy, and the fault must still be recognizable.
	want, reason := s.Symptom, "before"
	want.Output = nil // its commands were run in the broken phase
	if own := s.WrongFixes[t.part].Symptom; own != nil {
		want, reason = *own, "the symptom that it declares"
	}
	if compare(phase, earlier, healthySignature(s)) == nil {
		return outcome{Refuted, Resolves, "", failure(phase, "it to stay broken", "a healthy stage")}
	}
	return refute(ShowsOther+" than "+reason, want)
}

// refused returns which step of a phase failed. That is usually the reason why nothing has
// changed.
func refused(p trial.PhaseSeen) string {
	for _, step := range p.Steps {
		switch {
		case step.Error != "":
			return fmt.Sprintf(": the step %q failed: %s", step.Step, step.Error)
		case step.Check != nil && !step.Check.OK:
			said, _, _ := strings.Cut(step.Check.Output, "\n")
			return fmt.Sprintf(": the step %q failed: %s", step.Step, said)
		}
	}
	return ""
}

// healthySignature is the signature of the healthy stage: every probe gets the answer it
// expects, all answers are complete, and there is no error line.
func healthySignature(s scenario.Scenario) scenario.Signature {
	whole := true
	sig := scenario.Signature{Probes: map[string]scenario.Expect{}}
	for name, p := range s.Healthy.Probes {
		e := p.Expect
		if e.Complete == nil {
			e.Complete = &whole
		}
		sig.Probes[name] = e
	}
	return sig
}

// outcomeOfError is the outcome of a trial that could not be run to its end.
func outcomeOfError(seen trial.Observation, err error) outcome {
	return withBackendLogs(outcome{verdict: Inconclusive, reason: err.Error(), cause: Environment}, seen)
}

// notStarted is the outcome of a trial whose configuration nginx refuses when it starts. This
// is a mistake in the scenario, unless the scenario is about a user that the image does not
// have.
func notStarted(t planned, seen trial.Observation) outcome {
	if user := t.Start.User; user != "" && strings.Contains(seen.Refused, fmt.Sprintf("getpwnam(%q) failed", user)) {
		return outcome{verdict: Skipped, reason: fmt.Sprintf("the image of nginx has no user %q, and the scenario is about this user",
			user)}
	}
	return withBackendLogs(outcome{verdict: Inconclusive, reason: fmt.Sprintf("trial %q: %s", t.Name, seen.Refused), cause: Scenario}, seen)
}

// withBackendLogs adds the logs of backends that have ended, because they usually show why a
// control failed.
func withBackendLogs(o outcome, seen trial.Observation) outcome {
	if o.cause != Control && o.cause != Scenario {
		return o
	}
	for _, b := range seen.Backends {
		if !b.Running {
			o.reason += fmt.Sprintf("; backend %q has ended (%s): %s", b.Name, b.Exit, lastLine(b.Log))
		}
	}
	return o
}

func lastLine(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return lines[len(lines)-1]
}

// foreignAnswer finds an answer that no process of this trial gave.
func foreignAnswer(seen trial.Observation) string {
	for _, phase := range seen.Phases {
		for _, a := range phase.Answers {
			if signed, ok := a.Client.Headers[protocol.TrialHeader]; ok && signed != seen.ID {
				return fmt.Sprintf("%s: the trial %q got an answer that belongs to the trial %q, so a process has outlived its trial",
					phase.Name, seen.ID, signed)
			}
			if a.Access == nil && a.Client.Status != 0 {
				return fmt.Sprintf("%s: nginx has no record of an answer with status %d", phase.Name, a.Client.Status)
			}
		}
	}
	return ""
}

// summarize returns a phase in a few words.
func summarize(p trial.PhaseSeen) Look {
	var l Look
	var statuses []string
	for _, a := range p.Answers {
		text := fmt.Sprint(status(a))
		switch {
		case status(a) == 0:
			text = "none"
		case status(a) == http09:
			text = "009"
		case !a.Client.Complete:
			text += " cut"
		}
		if !slices.Contains(statuses, text) {
			statuses = append(statuses, text)
		}
	}
	l.Status = strings.Join(statuses, ", ")
	if entries := errorEntries(p); len(entries) > 0 {
		l.Log = entries[0].Gist()
	}
	return l
}

// assemble makes the result of a scenario from the outcomes of its trials.
func assemble(s scenario.Scenario, trials []planned, seen []trial.Observation, outcomes []outcome) Result {
	r := Result{ID: s.ID, Title: s.Title, Tags: s.Tags, Verdict: Verified, Trials: seen, Parts: []Part{}}
	controls := outcome{verdict: Verified}
	shown, missed := 0, 0 // trials that began in the broken state, with and without its symptom
	var miss outcome
	for i, t := range trials {
		r.Took += seen[i].Took
		if seen[i].Testbed != "" {
			r.Kept = append(r.Kept, seen[i].Testbed)
		}
		o := outcomes[i]
		switch t.role {
		case healthy, broken:
			if t.role == broken && len(seen[i].Phases) > 0 {
				r.Symptom = summarize(seen[i].Phases[len(seen[i].Phases)-1])
			}
			// If the healthy control fails, it decides, because it comes before the broken
			// one.
			if controls.verdict == Verified {
				controls = o
			}
		default:
			r.Parts = append(r.Parts, part(s, t, seen[i], o))
			if (t.role == fix || t.role == wrongFix) && len(seen[i].Phases) > 0 {
				r.Symptom = cmp.Or(r.Symptom, summarize(seen[i].Phases[0]))
				if strings.HasPrefix(o.reason, controlFailed+notBefore) {
					missed, miss = missed+1, o
				} else {
					shown++
				}
			}
		}
	}
	// If the symptom is missing in some trials, the lab could not tell. If it is missing in
	// all of them, the failure does not exist.
	if controls.verdict == Verified && missed > 0 && shown == 0 {
		controls = outcome{Refuted, NotReproduced, "", miss.failure}
	}
	r.take(controls)
	for i := range r.Parts {
		p := &r.Parts[i]
		// If the failure was not seen, nothing about it is proven.
		if controls.verdict != Verified && p.Verdict != Inconclusive && p.Verdict != Skipped {
			p.Verdict, p.Reason, p.Cause, p.Failure = Inconclusive, controlFailed+strings.TrimPrefix(
				controls.reason,
				controlFailed,
			), Control, nil
		}
		r.take(outcome{p.Verdict, p.Kind + " " + p.ID + ": " + p.Reason, p.Cause, p.Failure})
	}
	return r
}

// take keeps the worse of two outcomes.
func (r *Result) take(o outcome) {
	order := []Verdict{Verified, Skipped, Inconclusive, Refuted}
	if slices.Index(order, o.verdict) > slices.Index(order, r.Verdict) {
		r.Verdict, r.Reason, r.Cause, r.Failure = o.verdict, o.reason, o.cause, o.failure
	}
}

func part(s scenario.Scenario, t planned, seen trial.Observation, o outcome) Part {
	p := Part{Kind: kinds[t.role], Trial: t.Name, Verdict: o.verdict, Reason: o.reason, Cause: o.cause, Failure: o.failure, Took: seen.Took}
	switch t.role {
	case fix:
		p.ID, p.Say, p.Apply = s.Fixes[t.part].ID, s.Fixes[t.part].Say, s.Fixes[t.part].Apply
	case wrongFix:
		p.ID, p.Say, p.Apply = s.WrongFixes[t.part].ID, s.WrongFixes[t.part].Say, s.WrongFixes[t.part].Apply
	case demonstration:
		p.ID, p.Say, p.Apply = s.Demonstrates[t.part].ID, s.Demonstrates[t.part].Say, s.Demonstrates[t.part].Apply
	}
	if n := len(seen.Phases); n == len(t.Phases) {
		p.After = summarize(seen.Phases[n-1])
	}
	return p
}
