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

// judge says what one trial comes to by itself.
func judge(s scenario.Scenario, t planned, seen trial.Observation, err error) outcome {
	if err != nil {
		return trouble(seen, err)
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

// controlFailed begins the reason of what cannot be told.
const controlFailed = "control failed: "

// notBefore is the control of a fix's trial.
const notBefore = "the symptom does not show before the fix"

// judgePhase judges one phase. Before the last one the phases are controls: the
// state from which the last one starts.
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
		return control("the healthy stage is not healthy", wellness(s))
	case t.role == broken:
		return refute(NotReproduced, s.Symptom)
	case t.role == demonstration:
		return refute(NotShown, s.Demonstrates[t.part].Show)
	case !last:
		return control(notBefore, s.Symptom)
	case t.role == fix:
		return refute(NotResolved+refused(phase), wellness(s))
	}
	// A wrong fix must not make it well, and the fault must still be recognisable.
	want, reason := s.Symptom, "the same symptom as before"
	want.Output = nil // of commands that were run then
	if own := s.WrongFixes[t.part].Symptom; own != nil {
		want, reason = *own, "its own symptom"
	}
	if compare(phase, earlier, wellness(s)) == nil {
		return outcome{Refuted, Resolves, "", failure(phase, "it to stay broken", "a healthy stage")}
	}
	return refute(ShowsOther+" than "+reason, want)
}

// refused says which step of a phase did not work: mostly the reason why nothing
// has changed.
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

// wellness is the signature of the healthy stage: every probe as it expects, whole
// answers, no error line.
func wellness(s scenario.Scenario) scenario.Signature {
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

// trouble is a trial that did not come to its end.
func trouble(seen trial.Observation, err error) outcome {
	return withBackendLogs(outcome{verdict: Inconclusive, reason: err.Error(), cause: Environment}, seen)
}

// notStarted is a trial whose configuration nginx does not start with: the scenario's
// mistake, unless the scenario is about a user that the image lacks.
func notStarted(t planned, seen trial.Observation) outcome {
	if user := t.Start.User; user != "" && strings.Contains(seen.Refused, fmt.Sprintf("getpwnam(%q) failed", user)) {
		return outcome{verdict: Skipped, reason: fmt.Sprintf("nginx's image has no user %q, whom the scenario is about", user)}
	}
	return withBackendLogs(outcome{verdict: Inconclusive, reason: fmt.Sprintf("trial %q: %s", t.Name, seen.Refused), cause: Scenario}, seen)
}

// withBackendLogs adds what ended backends said: mostly the cause of a control's failure.
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

// foreignAnswer finds an answer that this trial's processes did not give.
func foreignAnswer(seen trial.Observation) string {
	for _, phase := range seen.Phases {
		for _, a := range phase.Answers {
			if signed, ok := a.Client.Headers[protocol.TrialHeader]; ok && signed != seen.ID {
				return fmt.Sprintf(
					"%s: an answer of the trial %q came to the trial %q: a process outlived its trial",
					phase.Name,
					signed,
					seen.ID,
				)
			}
			if a.Access == nil && a.Client.Status != 0 {
				return fmt.Sprintf("%s: nginx has no record of an answer with status %d", phase.Name, a.Client.Status)
			}
		}
	}
	return ""
}

// look sums a phase up.
func look(p trial.PhaseSeen) Look {
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

// assemble puts the outcomes of a scenario's trials together.
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
				r.Symptom = look(seen[i].Phases[len(seen[i].Phases)-1])
			}
			// The healthy control decides over the broken one: it comes first.
			if controls.verdict == Verified {
				controls = o
			}
		default:
			r.Parts = append(r.Parts, part(s, t, seen[i], o))
			if (t.role == fix || t.role == wrongFix) && len(seen[i].Phases) > 0 {
				r.Symptom = cmp.Or(r.Symptom, look(seen[i].Phases[0]))
				if strings.HasPrefix(o.reason, controlFailed+notBefore) {
					missed, miss = missed+1, o
				} else {
					shown++
				}
			}
		}
	}
	// Missing once it is the lab's trouble; missing each time, the failure is not there.
	if controls.verdict == Verified && missed > 0 && shown == 0 {
		controls = outcome{Refuted, NotReproduced, "", miss.failure}
	}
	r.take(controls)
	for i := range r.Parts {
		p := &r.Parts[i]
		// Nothing is proven about a failure that is not there.
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

// take keeps the worst outcome.
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
		p.After = look(seen.Phases[n-1])
	}
	return p
}
