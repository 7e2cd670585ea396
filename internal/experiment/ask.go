package experiment

import (
	"cmp"
	"strings"

	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// Moment is what was seen at one moment of a scenario, after the controls before it have
// passed.
type Moment struct {
	Trial trial.Observation
	Phase trial.PhaseSeen
	Log   []nginx.Entry // the phase's entries, without those about requests of earlier phases
	// Resolved says whether a fix or a wrong fix made the stage healthy.
	Resolved bool
	Proven   bool // whether the fix, wrong fix or demonstration is verified
}

// At returns what was seen at one of the moments "healthy", "broken", "fix ID", "wrong fix ID"
// and "shows ID". If that cannot be said, why gives the reason. If skipped is true, the moment
// was not tried at all.
func (r Result) At(moment string) (m Moment, skipped bool, why string) {
	name, kind, last := moment, "", true
	switch {
	case moment == "broken":
		last = false
	case strings.HasPrefix(moment, "fix "):
		kind = kinds[fix]
	case strings.HasPrefix(moment, "wrong fix "):
		kind = kinds[wrongFix]
	case strings.HasPrefix(moment, "shows "):
		name, kind = strings.TrimPrefix(moment, "shows "), kinds[demonstration]
	}
	if r.Verdict == Skipped {
		return m, true, r.Reason
	}
	why = r.Reason
	for _, p := range r.Parts {
		if kind != "" && (p.Kind != kind || p.Trial != name) || kind == "" && moment != "broken" ||
			moment == "broken" && p.Kind == kinds[demonstration] {
			continue
		}
		if p.Verdict != Verified && p.Verdict != Refuted {
			why = p.Reason
			continue
		}
		resolved := p.Kind == kinds[fix] && p.Verdict == Verified || p.Kind == kinds[wrongFix] && strings.HasPrefix(p.Reason, Resolves)
		m, skipped, why := r.moment(p.Trial, last)
		m.Resolved, m.Proven = resolved, p.Verdict == Verified
		return m, skipped, why
	}
	if moment == "healthy" && r.Cause != Control && r.Cause != Scenario && r.Cause != Environment && r.Cause != Interrupted {
		return r.moment("healthy", true)
	}
	return m, false, cmp.Or(why, "nothing was seen of "+moment)
}

func (r Result) moment(trial string, last bool) (Moment, bool, string) {
	for _, t := range r.Trials {
		if t.Trial != trial || len(t.Phases) == 0 {
			continue
		}
		n := 0
		if last {
			n = len(t.Phases) - 1
		}
		earlier := map[connection]bool{}
		for _, p := range t.Phases[:n] {
			connections(p, earlier)
		}
		m := Moment{Trial: t, Phase: t.Phases[n]}
		for _, e := range m.Phase.Log {
			if !earlier[connection{e.PID, e.Connection}] {
				m.Log = append(m.Log, e)
			}
		}
		return m, false, ""
	}
	return Moment{}, false, "the trial " + trial + " was not run"
}

// Look summarizes the moment in a few words.
func (m Moment) Look() Look { return summarize(m.Phase) }

// Mismatch returns the first difference between the answers of a probe and what is expected.
// If probe is "", it looks at the answers of all probes. It returns nil if there is no
// difference.
func (m Moment) Mismatch(probe string, want scenario.Expect) *Failure {
	names := []string{}
	for _, a := range m.Phase.Answers {
		if probe == "" || a.Probe == probe {
			names = append(names, a.Probe)
		}
	}
	if len(names) == 0 {
		return failure(m.Phase, "an answer", "none")
	}
	for _, name := range names {
		if f := compareProbe(m.Phase, name, want); f != nil {
			return f
		}
	}
	return nil
}

// Contradicts does what Mismatch does, for everything else in a signature except the error
// log.
func (m Moment) Contradicts(want scenario.Signature) *Failure {
	if want.Check != nil {
		if f := compareCheck(m.Phase, *want.Check); f != nil {
			return f
		}
	}
	if f := compareBackendLog(m.Phase, want.BackendLog); f != nil {
		return f
	}
	if f := compareOOM(m.Phase, want.OOMKills); f != nil {
		return f
	}
	return compareOutput(m.Phase, want.Output)
}
