package guide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
)

// Claims is what a guide says, statement by statement, in lab's own words, with the
// trials that decide each.
type Claims struct {
	File  string `yaml:"-" json:"file"`
	Guide string `yaml:"guide" json:"guide"` // what it is about
	// Rows: the rows of the guide's tables that begin with a scenario's id are claims too.
	Rows   bool    `yaml:"rows,omitempty" json:"rows,omitempty"`
	Claims []Claim `yaml:"claims" json:"claims"`
}

// Claim is one checkable statement of a guide. Its verdict follows from its cases and
// stands nowhere.
type Claim struct {
	Line strict.Line `yaml:"-" json:"-"`
	ID   string      `yaml:"id" json:"id"`
	At   Place       `yaml:"at" json:"at"`
	Say  string      `yaml:"claim" json:"claim"`
	// Untestable says why no experiment can decide it: "frequency: …", "advice: …",
	// "opinion: …", "definition: …", "outside: …". A claim has this or cases.
	Untestable string `yaml:"untestable,omitempty" json:"untestable,omitempty"`
	Cases      []Case `yaml:"cases,omitempty" json:"cases,omitempty"`
	// Correct is what is true instead, shown when the trials do not bear the claim out.
	Correct string `yaml:"correct,omitempty" json:"correct,omitempty"`
}

// Place is where a claim stands in its guide.
type Place struct {
	Line        int    `yaml:"line" json:"line"`
	Fragment    string `yaml:"fragment" json:"fragment"`       // a few words of the statement that no other has
	Fingerprint string `yaml:"fingerprint" json:"fingerprint"` // see Fingerprint
}

// Case is a situation in which the claim says what must be seen.
type Case struct {
	Line     strict.Line `yaml:"-" json:"-"`
	When     string      `yaml:"when" json:"when"` // the condition, in words that go on after "when"
	Scenario string      `yaml:"scenario" json:"scenario"`
	// In is the moment of the scenario that is looked at: "healthy", "broken" (which is
	// what no word means), "fix ID", "wrong fix ID" or "shows ID": what is seen after that.
	In     string `yaml:"in,omitempty" json:"in,omitempty"`
	Expect Expect `yaml:"expect" json:"expect"` // what the claim says of it, true or not
}

// Expect is what a claim predicts. What is not named is not compared.
type Expect struct {
	scenario.Expect `yaml:",inline"`
	// Probe is the request whose answers are meant; without it every one.
	Probe string `yaml:"probe,omitempty" json:"probe,omitempty"`
	// Slowest is the least time that the slowest of the answers takes.
	Slowest protocol.Duration `yaml:"slowest,omitempty" json:"slowest,omitempty"`
	// Log: for each of these there is a line in nginx's error log. Absent: for none.
	Log        []scenario.LogPattern `yaml:"log,omitempty" json:"log,omitempty"`
	Absent     []scenario.LogPattern `yaml:"absent,omitempty" json:"absent,omitempty"`
	Silent     *bool                 `yaml:"silent,omitempty" json:"silent,omitempty"` // no line of level error or worse; false: there is one
	BackendLog []strict.Regexp       `yaml:"backend_log,omitempty" json:"backend_log,omitempty"`
	OOMKills   int                   `yaml:"oom_kills,omitempty" json:"oom_kills,omitempty"` // at the least
	Output     []scenario.Output     `yaml:"output,omitempty" json:"output,omitempty"`
	Check      *scenario.Check       `yaml:"check,omitempty" json:"check,omitempty"`
	// Config: what nginx runs with matches each of these.
	Config []strict.Regexp `yaml:"config,omitempty" json:"config,omitempty"`
	// Resolved is whether the fix or wrong fix makes it healthy.
	Resolved *bool `yaml:"resolved,omitempty" json:"resolved,omitempty"`
	// Proven is whether the catalogue's own verdict on the fix, the wrong fix or what is
	// shown is "verified".
	Proven *bool `yaml:"proven,omitempty" json:"proven,omitempty"`
	// Of the directives that the fix or wrong fix changes, tried in all subsets: those
	// without which it does not resolve the failure, those that make no difference, and
	// those that undo it.
	Needed  []string `yaml:"needed,omitempty" json:"needed,omitempty"`
	Idle    []string `yaml:"idle,omitempty" json:"idle,omitempty"`
	Harmful []string `yaml:"harmful,omitempty" json:"harmful,omitempty"`

	shown string // the statuses of a table's row
}

// Ablates reports whether the prediction is about single directives.
func (e Expect) Ablates() bool { return len(e.Needed)+len(e.Idle)+len(e.Harmful) > 0 }

// maxClaims bounds the names and values of a claims file.
const maxClaims = 40_000

var (
	claimID     = lazy.Regexp(`^[A-Za-z][A-Za-z0-9._-]{0,63}$`)
	fingerprint = lazy.Regexp(`^[0-9a-f]{12}$`)
	reason      = lazy.Regexp(`^(frequency|advice|opinion|definition|outside|navigation): .`)
)

// Load reads a claims file and checks it against the catalogue. The error is a
// strict.Mistakes with everything that is wrong in it.
func Load(file, text string, catalogue []scenario.Scenario) (Claims, error) {
	c := Claims{File: file}
	l := loader{file: file, catalogue: map[string]scenario.Scenario{}, mistakes: strict.Decode(file, text, maxClaims, &c)}
	for _, s := range catalogue {
		l.catalogue[s.ID] = s
		l.ids = append(l.ids, s.ID)
	}
	if len(l.mistakes) == 0 {
		l.check(c)
	}
	return c, l.mistakes.OrNil()
}

type loader struct {
	file      string
	catalogue map[string]scenario.Scenario
	ids       []string
	mistakes  strict.Mistakes
}

func (l *loader) wrong(line strict.Line, format string, args ...any) {
	l.mistakes = append(l.mistakes, strict.Mistake{File: l.file, Line: int(line), Text: fmt.Sprintf(format, args...)})
}

func (l *loader) check(c Claims) {
	if len(c.Claims) == 0 {
		l.wrong(1, "no claims: `lab guide scan` drafts some")
	}
	first := map[string]strict.Line{}
	for _, claim := range c.Claims {
		at, id := claim.Line, claim.ID
		if before, again := first[id]; again {
			l.wrong(at, "the id %q appears twice; the first one is on line %d", id, before)
		}
		first[id] = at
		if !claimID().MatchString(id) {
			l.wrong(at, "the id %q is none: a letter, then letters, digits, dots or dashes, as in C12", id)
		}
		if strings.TrimSpace(claim.Say) == "" {
			l.wrong(at, "%s: claim is missing: what the guide says, in your own words", id)
		}
		if claim.At.Fragment == "" || claim.At.Line < 1 || !fingerprint().MatchString(claim.At.Fingerprint) {
			l.wrong(at, "%s: at needs line, fragment and fingerprint; `lab guide accept GUIDE --claims %s %s` writes line and fingerprint once the fragment is there", id, l.file, id)
		}
		switch {
		case claim.Untestable != "" && len(claim.Cases) > 0:
			l.wrong(at, "%s: either untestable or cases: an experiment decides it or none can", id)
		case claim.Untestable == "" && len(claim.Cases) == 0:
			l.wrong(at, "%s: nothing decides it: give cases, or say why it is untestable", id)
		case claim.Untestable != "" && !reason().MatchString(claim.Untestable):
			l.wrong(at, "%s: untestable begins with what kind of statement it is: frequency, advice, opinion, definition, outside (of nginx) or navigation, as in \"frequency: …\"", id)
		}
		for _, one := range claim.Cases {
			l.checkCase(id, one)
		}
	}
}

func (l *loader) checkCase(id string, c Case) {
	if c.When == "" {
		l.wrong(c.Line, "%s: when is missing: the condition in words, as in \"when: nothing listens on the port\"", id)
	}
	s, ok := l.catalogue[c.Scenario]
	if !ok {
		l.wrong(c.Line, "%s: no scenario %q%s", id, c.Scenario, strict.Suggest(c.Scenario, l.ids))
		return
	}
	moments := Moments(s)
	if in := c.Moment(); !slices.Contains(moments, in) {
		l.wrong(c.Line, "%s: the scenario %q has no %q%s; it has %s", id, c.Scenario, in, strict.Suggest(in, moments), strings.Join(moments, ", "))
	}
	fixed := strings.HasPrefix(c.Moment(), "fix ") || strings.HasPrefix(c.Moment(), "wrong fix ")
	if (c.Expect.Resolved != nil || c.Expect.Ablates()) && !fixed {
		l.wrong(c.Line, "%s: resolved, needed, idle and harmful are about a fix: name one with in: fix ID or in: wrong fix ID", id)
	}
	if c.Expect.Proven != nil && !fixed && !strings.HasPrefix(c.Moment(), "shows ") {
		l.wrong(c.Line, "%s: proven is about a fix, a wrong fix or what is shown: name it with in: fix ID, in: wrong fix ID or in: shows ID", id)
	}
	if c.Expect.Probe != "" {
		if _, ok := s.Healthy.Probes[c.Expect.Probe]; !ok {
			l.wrong(c.Line, "%s: the scenario %q has no probe %q", id, c.Scenario, c.Expect.Probe)
		}
	}
	rest := c.Expect
	rest.Needed, rest.Idle, rest.Harmful = nil, nil, nil
	if c.Expect.Ablates() && !rest.empty() {
		l.wrong(c.Line, "%s: needed, idle and harmful are about trials of their own: give what else is expected a case of its own", id)
	}
	if c.Expect.empty() {
		l.wrong(c.Line, "%s: expect is empty: say what the claim predicts here", id)
	}
}

// Moments lists what a case can look at in a scenario.
func Moments(s scenario.Scenario) []string {
	list := []string{"healthy"}
	if s.Broken != nil {
		list = append(list, "broken")
	}
	for _, f := range s.Fixes {
		list = append(list, "fix "+f.ID)
	}
	for _, f := range s.WrongFixes {
		list = append(list, "wrong fix "+f.ID)
	}
	for _, d := range s.Demonstrates {
		list = append(list, "shows "+d.ID)
	}
	return list
}

// Moment is the moment of its scenario that a case looks at.
func (c Case) Moment() string {
	if c.In == "" {
		return "broken"
	}
	return c.In
}

// Scenarios are the ids of those that decide the claims, sorted.
func (c Claims) Scenarios() []string {
	var ids []string
	for _, claim := range c.Claims {
		for _, one := range claim.Cases {
			ids = append(ids, one.Scenario)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
