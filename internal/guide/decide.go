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

// Verdict is what a claim comes to.
type Verdict string

// The verdicts.
const (
	Holds        Verdict = "holds"
	Conditional  Verdict = "conditional"  // it holds in some of its cases and not in others
	Refuted      Verdict = "refuted"      // it holds in none of its cases
	Untestable   Verdict = "untestable"   // no experiment can decide it
	Inconclusive Verdict = "inconclusive" // the lab could not tell, or the guide says something else by now
)

// Decision is the verdict on a claim and what it rests on.
type Decision struct {
	Claim    Claim
	Found    Found
	Verdict  Verdict
	Reason   string
	Evidence []Evidence
	Skipped  bool // inconclusive for no other reason than that its scenarios were skipped
}

// Outcome is what one case says of its claim.
type Outcome string

// The outcomes.
const (
	Agrees    Outcome = "agrees"
	Disagrees Outcome = "disagrees"
	Undecided Outcome = "undecided" // the lab could not tell
	Untried   Outcome = "untried"   // its scenario was skipped
)

// Evidence is what was seen in one case.
type Evidence struct {
	Case     Case
	Outcome  Outcome
	Expected string // where it disagrees: what the claim predicts
	Seen     string // and what was there
	Reason   string // where nothing was decided
	Trial    string // the trial's unique id
	Status   string // as in experiment.Look
	Log      string // the line that matters, as nginx wrote it
	Subsets  *Ablation
}

// Decide decides every claim by what the plan's scenarios came to.
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

// weigh makes a verdict of the cases. Those that were not tried here decide nothing,
// but one that the lab had trouble with keeps a claim open, unless others have
// already shown both sides of it.
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
		d.Verdict, d.Reason, d.Skipped = Inconclusive, "none of its trials was run: "+untried[0].Reason, true
	}
	if len(agree)+len(disagree) > 0 && len(untried) > 0 {
		d.Reason += fmt.Sprintf(" (not tried: when %s, since %s)", whens(untried), untried[0].Reason)
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
		texts = append(texts, fmt.Sprintf("%s (%s, not %s)", e.Case.When, e.Seen, e.Expected))
	}
	return strings.Join(texts, "; when ")
}

// ask puts a case to what was seen.
func (p Plan) ask(c Case, results map[string]experiment.Result) Evidence {
	e := Evidence{Case: c}
	r, ran := results[c.Scenario]
	if !ran {
		e.Outcome, e.Reason = Untried, "its scenario was not run"
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

// asker is whose answer a failure is about, which goes without saying here.
var asker = lazy.Regexp(`^probe "[^"]*" to see `)

// contradiction finds the first thing that is not as predicted; expected is "" when
// everything is.
func contradiction(m experiment.Moment, want Expect) (expected, seen string) {
	if want.answers() || want.Probe != "" {
		if f := m.Mismatch(want.Probe, want.Expect); f != nil {
			return asker().ReplaceAllString(f.Expected, ""), f.Seen
		}
	}
	if took := slowest(m, want.Probe); took < want.Slowest {
		return fmt.Sprintf("an answer that takes %s or more", want.Slowest), fmt.Sprintf("%s for the slowest", took)
	}
	if f := m.Contradicts(scenario.Signature{Check: want.Check, BackendLog: want.BackendLog, OOMKills: want.OOMKills, Output: want.Output}); f != nil {
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

// slowest is how long the slowest answer of a probe took, or of all where none is named.
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

// fits matches the message, which the catalogue's expressions are about, or the whole
// entry with the fields behind it.
func fits(p scenario.LogPattern, entry nginx.Entry) bool {
	return slices.Contains(p.Level, entry.Level) && (p.Match.MatchString(entry.Message) || p.Match.MatchString(entry.Raw))
}

// worst is the first error line, with what nginx was doing: two timeouts differ in that alone.
func worst(m experiment.Moment) string {
	for _, entry := range m.Log {
		if entry.AtLeast("error") {
			return "[" + entry.Level + "] " + entry.Message
		}
	}
	return none
}

// relevant is the line that a prediction is about, or else the first error line.
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

// answers reports whether something is said about the answers.
func (e Expect) answers() bool {
	x := e.Expect
	return x.Status != 0 || len(x.Statuses) > 0 || x.Body != "" || x.From != "" || x.Complete != nil || x.Bytes != nil ||
		x.Recorded != 0 || x.AtLeast != 0 || x.AtMost != 0
}

func (e Expect) empty() bool {
	return !e.answers() && len(e.Log)+len(e.Absent)+len(e.BackendLog)+len(e.Output)+len(e.Config)+e.OOMKills == 0 &&
		e.Slowest == 0 && e.Silent == nil && e.Check == nil && e.Resolved == nil && e.Proven == nil && !e.Ablates()
}
