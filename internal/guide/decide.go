package guide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
)

// Verdict is the result for a claim.
type Verdict string

const (
	Holds        Verdict = "holds"
	Conditional  Verdict = "conditional"  // the claim holds in some of its cases and not in others
	Refuted      Verdict = "refuted"      // the claim holds in none of its cases
	Untestable   Verdict = "untestable"   // no experiment can decide it
	Inconclusive Verdict = "inconclusive" // lab could not tell, or the guide no longer says this
)

// Decision is the verdict on a claim and what it is based on.
type Decision struct {
	Claim    Claim
	Found    Found
	Verdict  Verdict
	Reason   string
	Evidence []Evidence
	Skipped  bool // inconclusive only because its scenarios were skipped
}

// Outcome is what one case says about its claim.
type Outcome string

const (
	Agrees    Outcome = "agrees"
	Disagrees Outcome = "disagrees"
	Undecided Outcome = "undecided" // lab could not tell
	Untried   Outcome = "untried"   // its scenario was skipped
)

// Evidence is what was seen in one case.
type Evidence struct {
	Case     Case
	Outcome  Outcome
	Expected string // if the case disagrees: what the claim predicts
	Seen     string // if the case disagrees: what was seen
	Reason   string // if nothing was decided: the reason
	Trial    string // the unique id of the trial
	Status   string // the same as in experiment.Look
	Log      string // the line that matters, as nginx wrote it
	Subsets  *Ablation
}

// Decide decides every claim by the results of the plan's scenarios.
func (p Plan) Decide(d Document, results []experiment.Result) []Decision {
	byID := map[string]experiment.Result{}
	for _, r := range results {
		if _, known := byID[r.ID]; !known {
			byID[r.ID] = r
		}
	}
	var decisions []Decision
	found := d.FindAll(p.Claims)
	for i, claim := range p.Claims.Claims {
		decisions = append(decisions, p.decide(claim, found[i], byID))
	}
	return decisions
}

func (p Plan) decide(claim Claim, found Found, results map[string]experiment.Result) Decision {
	d := Decision{Claim: claim, Found: found}
	for _, one := range claim.Cases {
		d.Evidence = append(d.Evidence, p.ask(one, results))
	}
	switch {
	case !found.Here():
		d.Verdict, d.Reason = Inconclusive, found.Note
	case claim.Untestable != "":
		d.Verdict, d.Reason = Untestable, claim.Untestable
	default:
		d.weigh()
	}
	return d
}

// weigh makes a verdict of the cases. Cases that were not tried here decide nothing. A case
// that lab could not decide keeps the claim open, unless other cases have already shown that
// the claim holds in some cases and not in others.
func (d *Decision) weigh() {
	of := func(o Outcome) []Evidence {
		return slices.DeleteFunc(slices.Clone(d.Evidence), func(e Evidence) bool { return e.Outcome != o })
	}
	agree, disagree, undecided, untried := of(Agrees), of(Disagrees), of(Undecided), of(Untried)
	switch {
	case len(agree) > 0 && len(disagree) > 0:
		d.Verdict = Conditional
		d.Reason = fmt.Sprintf("holds when %s; does not when %s", whens(agree), contradictions(disagree))
	case len(undecided) > 0:
		d.Verdict = Inconclusive
		d.Reason = fmt.Sprintf("%s %q: %s", undecided[0].Case.Moment(), undecided[0].Case.Scenario, undecided[0].Reason)
	case len(disagree) > 0:
		d.Verdict, d.Reason = Refuted, "when "+contradictions(disagree)
	case len(agree) > 0:
		d.Verdict, d.Reason = Holds, "when "+whens(agree)
	default:
		d.Verdict, d.Reason, d.Skipped = Inconclusive, "none of its trials was run:  "+untried[0].Reason, true
	}
	if len(agree)+len(disagree) > 0 && len(untried) > 0 {
		d.Reason += fmt.Sprintf(" (not tried: when %s, because %s)", whens(untried), untried[0].Reason)
	}
}

func whens(list []Evidence) string {
	var texts []string
	for _, e := range list {
		if !slices.Contains(texts, e.Case.When) {
			texts = append(texts, e.Case.When)
		}
	}
	return strings.Join(texts, "; when ")
}

func contradictions(list []Evidence) string {
	var texts []string
	for _, e := range list {
		texts = append(texts, fmt.Sprintf("%s (%s; the claim predicts %s)", e.Case.When, e.Seen, e.Expected))
	}
	return strings.Join(texts, "; when ")
}

// ask decides a case by what was seen.
func (p Plan) ask(c Case, results map[string]experiment.Result) Evidence {
	e := Evidence{Case: c}
	r, ran := results[c.Scenario]
	if !ran {
		e.Outcome, e.Reason = Untried, "the scenario was not run"
		return e
	}
	if c.Expect.Ablates() {
		return p.askSubsets(e, results)
	}
	m, skipped, why := r.At(c.Moment())
	switch {
	case skipped:
		e.Outcome, e.Reason = Untried, why
		return e
	case why != "":
		e.Outcome, e.Reason = Undecided, why
		return e
	}
	look := m.Look()
	e.Trial, e.Status, e.Log = m.Trial.ID, look.Status, relevant(m, c.Expect.Log)
	e.Outcome = Agrees
	if e.Expected, e.Seen = contradiction(m, c.Expect); e.Expected != "" {
		e.Outcome = Disagrees
	}
	return e
}

// asker matches the beginning of a failure that names the probe, which is known here.
var asker = lazy.Regexp(`^probe "[^"]*" to see `)

// contradiction returns the first thing that is not as predicted. If everything is, expected
// is "".
func contradiction(m experiment.Moment, want Expect) (expected, seen string) {
	if want.answers() || want.Probe != "" {
		if f := m.Mismatch(want.Probe, want.Expect); f != nil {
			return asker().ReplaceAllString(f.Expected, ""), f.Seen
		}
	}
	if took := slowest(m, want.Probe); took < want.Slowest {
		return fmt.Sprintf("an answer that takes %s or more", want.Slowest), fmt.Sprintf("%s for the slowest", took)
	}
	if f := m.Contradicts(scenario.Signature{Check: want.Check, BackendLog: want.BackendLog, OOMKills: want.OOMKills,
		Output: want.Output}); f != nil {
		return f.Expected, f.Seen
	}
	for _, pattern := range want.Log {
		if !written(m, pattern) {
			return "a line " + describe(pattern), worst(m)
		}
	}
	for _, pattern := range want.Absent {
		if written(m, pattern) {
			return "no line " + describe(pattern), "one"
		}
	}
	if want.Silent != nil {
		if line := worst(m); *want.Silent != (line == none) {
			if *want.Silent {
				return "no error line", line
			}
			return "an error line", none
		}
	}
	for _, pattern := range want.Config {
		if !pattern.MatchString(m.Phase.Config) {
			return fmt.Sprintf("a configuration with %q", pattern), "another"
		}
	}
	if want.Resolved != nil && *want.Resolved != m.Resolved {
		words := map[bool]string{true: "a healthy stage", false: "a stage that is still broken"}
		return words[*want.Resolved], words[m.Resolved] + " (" + m.Look().Status + ")"
	}
	if want.Proven != nil && *want.Proven != m.Proven {
		words := map[bool]string{true: "proven", false: "not proven"}
		return words[*want.Proven], words[m.Proven] + " (" + m.Look().Status + ")"
	}
	if want.shown != "" && !shows(want.shown, m.Look().Status) {
		return "status " + want.shown, m.Look().Status
	}
	return "", ""
}

// slowest returns how long the slowest answer of a probe took. If probe is "", all probes
// count.
func slowest(m experiment.Moment, probe string) protocol.Duration {
	var longest protocol.Duration
	for _, a := range m.Phase.Answers {
		if probe == "" || a.Probe == probe {
			longest = max(longest, a.Client.Took)
		}
	}
	return longest
}

const none = "no error line"

func describe(p scenario.LogPattern) string {
	return fmt.Sprintf("[%s] %s", strings.Join(p.Level, "|"), p.Match)
}

func written(m experiment.Moment, p scenario.LogPattern) bool {
	for _, entry := range m.Log {
		if fits(p, entry) {
			return true
		}
	}
	return false
}

// fits reports whether an entry matches. The expressions of the catalogue are about the
// message; others may match the whole entry with the fields after the message.
func fits(p scenario.LogPattern, entry nginx.Entry) bool {
	return slices.Contains(p.Level, entry.Level) && (p.Match.MatchString(entry.Message) || p.Match.MatchString(entry.Raw))
}

// worst returns the first error line, together with what nginx was doing, because that is the
// only difference between two timeouts.
func worst(m experiment.Moment) string {
	for _, entry := range m.Log {
		if entry.AtLeast("error") {
			return "[" + entry.Level + "] " + entry.Message
		}
	}
	return none
}

// relevant returns the line that a prediction is about, or else the first error line.
func relevant(m experiment.Moment, patterns []scenario.LogPattern) string {
	for _, p := range patterns {
		for _, entry := range m.Log {
			if fits(p, entry) {
				return entry.Raw
			}
		}
	}
	for _, entry := range m.Log {
		if entry.AtLeast("error") {
			return entry.Raw
		}
	}
	return ""
}

// answers reports whether the prediction says something about the answers.
func (e Expect) answers() bool {
	x := e.Expect
	return x.Status != 0 || len(x.Statuses) > 0 || x.Body != "" || x.From != "" || x.Complete != nil || x.Bytes != nil ||
		x.Recorded != 0 || x.AtLeast != 0 || x.AtMost != 0
}

func (e Expect) empty() bool {
	return !e.answers() && len(e.Log)+len(e.Absent)+len(e.BackendLog)+len(e.Output)+len(e.Config)+e.OOMKills == 0 &&
		e.Slowest == 0 && e.Silent == nil && e.Check == nil && e.Resolved == nil && e.Proven == nil && !e.Ablates()
}
