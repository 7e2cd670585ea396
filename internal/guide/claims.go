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

// Claims describes in lab's own words what a guide says, statement by statement, with the
// trials that decide each claim.
type Claims struct {
	File  string `yaml:"-" json:"file"`
	Guide string `yaml:"guide" json:"guide"` // what the guide is about
	// Rows says whether each row of the guide's tables that begins with the id of a scenario
	// is a claim too.
	Rows   bool    `yaml:"rows,omitempty" json:"rows,omitempty"`
	Claims []Claim `yaml:"claims" json:"claims"`
}

// Claim is one statement of a guide that can be checked. Its verdict is not stored anywhere:
// it follows from its cases.
type Claim struct {
	Line strict.Line `yaml:"-" json:"-"`
	ID   string      `yaml:"id" json:"id"`
	At   Place       `yaml:"at" json:"at"`
	Say  string      `yaml:"claim" json:"claim"`
	// Untestable says why no experiment can decide the claim: "frequency: …", "advice: …",
	// "opinion: …", "definition: …" or "outside: …". A claim has either this or cases.
	Untestable string `yaml:"untestable,omitempty" json:"untestable,omitempty"`
	Cases      []Case `yaml:"cases,omitempty" json:"cases,omitempty"`
	// Correct says what is true instead. It is shown if the trials contradict the claim.
	Correct string `yaml:"correct,omitempty" json:"correct,omitempty"`
}

// Place is where the statement of a claim is in its guide.
type Place struct {
	Line        int    `yaml:"line" json:"line"`
	Fragment    string `yaml:"fragment" json:"fragment"`       // a few words that only this statement contains
	Fingerprint string `yaml:"fingerprint" json:"fingerprint"` // see the function Fingerprint
}

// Case is a situation for which the claim predicts something.
type Case struct {
	Line     strict.Line `yaml:"-" json:"-"`
	When     string      `yaml:"when" json:"when"` // the condition, in words that can follow "when"
	Scenario string      `yaml:"scenario" json:"scenario"`
	// In is the moment of the scenario that the prediction is about: "healthy", "broken" (the
	// default), "fix ID", "wrong fix ID" or "shows ID". The last three mean what is seen after
	// that change.
	In     string `yaml:"in,omitempty" json:"in,omitempty"`
	Expect Expect `yaml:"expect" json:"expect"` // what the claim predicts, whether true or not
}

// Expect is what a claim predicts. Only the fields that are given are compared.
type Expect struct {
	scenario.Expect `yaml:",inline"`
	// Probe is the request whose answers are compared. Without it the answers of all probes
	// are compared.
	Probe string `yaml:"probe,omitempty" json:"probe,omitempty"`
	// Slowest is the least time that the slowest of the answers must take.
	Slowest protocol.Duration `yaml:"slowest,omitempty" json:"slowest,omitempty"`
	// Log has patterns, each of which must match a line in nginx's error log. Absent has
	// patterns that must match no line.
	Log    []scenario.LogPattern `yaml:"log,omitempty" json:"log,omitempty"`
	Absent []scenario.LogPattern `yaml:"absent,omitempty" json:"absent,omitempty"`
	// Silent says whether there is no line of level error or above. If it is false, there must
	// be one.
	Silent     *bool             `yaml:"silent,omitempty" json:"silent,omitempty"`
	BackendLog []strict.Regexp   `yaml:"backend_log,omitempty" json:"backend_log,omitempty"`
	OOMKills   int               `yaml:"oom_kills,omitempty" json:"oom_kills,omitempty"` // the least number of kills
	Output     []scenario.Output `yaml:"output,omitempty" json:"output,omitempty"`
	Check      *scenario.Check   `yaml:"check,omitempty" json:"check,omitempty"`
	// Config has patterns, each of which must match the configuration that nginx runs with.
	Config []strict.Regexp `yaml:"config,omitempty" json:"config,omitempty"`
	// Resolved says whether the fix or wrong fix makes the stage healthy.
	Resolved *bool `yaml:"resolved,omitempty" json:"resolved,omitempty"`
	// Proven says whether the catalogue's own verdict on the fix, the wrong fix or the
	// demonstration is "verified".
	Proven *bool `yaml:"proven,omitempty" json:"proven,omitempty"`
	// These three list directives that the fix or wrong fix changes, which are tried in all
	// subsets. Without the needed ones the failure is not resolved, the idle ones make no
	// difference, and the harmful ones undo what others achieve.
	Needed  []string `yaml:"needed,omitempty" json:"needed,omitempty"`
	Idle    []string `yaml:"idle,omitempty" json:"idle,omitempty"`
	Harmful []string `yaml:"harmful,omitempty" json:"harmful,omitempty"`

	shown string // the statuses in the row of a table
}

// Ablates reports whether the prediction is about single directives.
func (e Expect) Ablates() bool { return len(e.Needed)+len(e.Idle)+len(e.Harmful) > 0 }

// maxClaims is the most names and values in a claims file.
const maxClaims = 40_000

var (
	claimID     = lazy.Regexp(`^[A-Za-z][A-Za-z0-9._-]{0,63}$`)
	fingerprint = lazy.Regexp(`^[0-9a-f]{12}$`)
	reason      = lazy.Regexp(`^(frequency|advice|opinion|definition|outside|navigation): .`)
)

// Load reads a claims file and checks it against the catalogue. If the error is of type
// strict.Mistakes, it lists everything that is wrong.
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
		l.wrong(1, "the file has no claims: `lab guide scan GUIDE --draft FILE` writes a draft")
	}
	first := map[string]strict.Line{}
	for _, claim := range c.Claims {
		at, id := claim.Line, claim.ID
		if before, again := first[id]; again {
			l.wrong(at, "the id %q appears twice; the first one is on line %d", id, before)
		}
		first[id] = at
		if !claimID().MatchString(id) {
			l.wrong(at, "%q cannot be an id: write a letter followed by letters, digits, dots or hyphens, as in C12", id)
		}
		if strings.TrimSpace(claim.Say) == "" {
			l.wrong(at, "%s: claim is missing: write what the guide says in your own words", id)
		}
		if claim.At.Fragment == "" || claim.At.Line < 1 || !fingerprint().MatchString(claim.At.Fingerprint) {
			l.wrong(at, "%s: at must have line, fragment and fingerprint: write the fragment, and `lab guide accept GUIDE "+
				"--claims %s %s` fills in the other two", id, l.file, id)
		}
		switch {
		case claim.Untestable != "" && len(claim.Cases) > 0:
			l.wrong(at, "%s: a claim must not have both untestable and cases: remove one of them", id)
		case claim.Untestable == "" && len(claim.Cases) == 0:
			l.wrong(at, "%s: nothing decides this claim: add cases, or say in untestable why no experiment can decide it", id)
		case claim.Untestable != "" && !reason().MatchString(claim.Untestable):
			l.wrong(at, "%s: untestable must begin with the kind of the statement, which is frequency, advice, opinion, "+
				"definition, outside (of nginx) or navigation, as in \"frequency: …\"", id)
		}
		for _, one := range claim.Cases {
			l.checkCase(id, one)
		}
	}
}

func (l *loader) checkCase(id string, c Case) {
	if c.When == "" {
		l.wrong(c.Line, "%s: when is missing: write the condition in words, as in \"when: nothing listens on the port\"", id)
	}
	s, ok := l.catalogue[c.Scenario]
	if !ok {
		l.wrong(c.Line, "%s: there is no scenario %q%s", id, c.Scenario, strict.Suggest(c.Scenario, l.ids))
		return
	}
	moments := Moments(s)
	if in := c.Moment(); !slices.Contains(moments, in) {
		l.wrong(c.Line, "%s: the scenario %q has no moment %q%s; its moments are %s", id, c.Scenario, in, strict.Suggest(in, moments),
			strings.Join(moments, ", "))
	}
	fixed := strings.HasPrefix(c.Moment(), "fix ") || strings.HasPrefix(c.Moment(), "wrong fix ")
	if (c.Expect.Resolved != nil || c.Expect.Ablates()) && !fixed {
		l.wrong(c.Line, "%s: resolved, needed, idle and harmful are about a fix: name the fix with in: fix ID or in: wrong fix ID", id)
	}
	if c.Expect.Proven != nil && !fixed && !strings.HasPrefix(c.Moment(), "shows ") {
		l.wrong(c.Line, "%s: proven is about a fix, a wrong fix or a demonstration: name it with in: fix ID, in: wrong fix "+
			"ID or in: shows ID", id)
	}
	if c.Expect.Probe != "" {
		if _, ok := s.Healthy.Probes[c.Expect.Probe]; !ok {
			l.wrong(c.Line, "%s: the scenario %q has no probe %q", id, c.Scenario, c.Expect.Probe)
		}
	}
	rest := c.Expect
	rest.Needed, rest.Idle, rest.Harmful = nil, nil, nil
	if c.Expect.Ablates() && !rest.empty() {
		l.wrong(c.Line, "%s: needed, idle and harmful are about separate trials: put other expectations into another case", id)
	}
	if c.Expect.empty() {
		l.wrong(c.Line, "%s: expect is empty: write what the claim predicts in this case", id)
	}
}

// Moments lists the moments of a scenario that a case can be about.
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

// Moment returns the moment of the scenario that a case is about.
func (c Case) Moment() string {
	if c.In == "" {
		return "broken"
	}
	return c.In
}

// Scenarios returns the sorted ids of the scenarios that decide the claims.
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
