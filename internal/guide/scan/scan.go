// Package scan finds in a guide what can be checked without anybody's claims, and
// decides it by trials and by tables of versions. It starts nothing itself.
package scan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/scenario"
)

// Kind says what a finding is about.
type Kind string

// The kinds.
const (
	LogLine   Kind = "log-line" // nginx writes it, or does not
	Level     Kind = "level"    // of a log line
	Action    Kind = "action"   // what nginx says it was doing ("while …")
	Fields    Kind = "fields"   // behind the message: client, server, request, …
	Errno     Kind = "errno"    // a number and its text
	OpenSSL   Kind = "openssl"  // an error text of OpenSSL
	Status    Kind = "status"   // said to go with a log line or a cause
	Snippet   Kind = "snippet"  // of nginx's configuration
	Unknown   Kind = "unknown-directive"
	Misplaced Kind = "misplaced-directive"
	Duplicate Kind = "duplicate-directive"
	Obsolete  Kind = "obsolete-directive"
	Newer     Kind = "newer-directive" // than this nginx
	Arguments Kind = "arguments"       // of a directive: too many or too few
	Value     Kind = "value"           // of a directive: not one that it takes
	Syntax    Kind = "syntax"          // a missing semicolon or brace
	Command   Kind = "command"
)

// Finding is the verdict on one thing that a guide says.
type Finding struct {
	Line     int
	Kind     Kind
	Verdict  guide.Verdict // guide.Inconclusive: not decided, Reason says why
	Text     string        // the guide's own
	Reason   string
	Correct  string // what is right instead, as nginx wrote it where it did
	Source   string // of a verdict by a table
	Evidence []Evidence
	Suggests []string // scenarios that may decide it, where nothing did
}

// Evidence is what a trial saw.
type Evidence struct {
	Scenario string
	Trial    string // its unique id
	Status   string
	Log      string // the line, as nginx wrote it
}

// Scan is what looks checkable in a guide, and the trials that may decide it.
type Scan struct {
	Document  guide.Document
	Scenarios []scenario.Scenario // to be run, cut down to their symptoms

	all      patterns
	samples  []*sample
	causes   []cause
	snippets []*snippet
	commands []Finding
	texts    []Finding // decided by tables alone
	nginx    protocol.NginxInfo
	guesses  int
}

// maxSamples is how many log lines of a guide are looked at.
const maxSamples = 2000

// New looks for what is checkable, and picks the scenarios of the catalogue that may
// decide it.
func New(d guide.Document, catalogue []scenario.Scenario) *Scan {
	s := &Scan{Document: d, all: patternsOf(catalogue)}
	wanted := map[string]bool{}
	for i, statement := range d.Statements {
		for _, one := range samplesOf(statement) {
			if len(s.samples) == maxSamples {
				break
			}
			one.candidates = s.all.fitting(one)
			one.run = picked(one.candidates)
			for _, p := range one.run {
				wanted[p.scenario.ID] = true
			}
			s.samples = append(s.samples, one)
		}
		s.texts = append(s.texts, errnosIn(statement)...)
		if len(s.snippets) <= maxSnippets {
			s.snippets = append(s.snippets, snippetsOf(d.Statements, i)...)
		}
		s.commands = append(s.commands, commandsIn(statement)...)
	}
	s.causes = causesOf(d.Statements, s.samples, s.all)
	for _, c := range s.causes {
		for _, p := range picked(c.patterns) {
			wanted[p.scenario.ID] = true
		}
	}
	for _, one := range catalogue {
		if wanted[one.ID] {
			s.Scenarios = append(s.Scenarios, symptomOnly(one))
		}
	}
	return s
}

// symptomOnly is a scenario with no more than it takes to see its symptom: the control,
// and one fix, whose trial begins with the symptom.
func symptomOnly(s scenario.Scenario) scenario.Scenario {
	if s.Broken != nil && len(s.Fixes) > 0 {
		s.Fixes, s.WrongFixes, s.Demonstrates = s.Fixes[:1], nil, nil
	}
	return s
}

// Decide says what the trials and the tables come to, in the order of the guide.
func (s *Scan) Decide(results []experiment.Result, nginx protocol.NginxInfo) []Finding {
	s.nginx = nginx
	byID := map[string]experiment.Result{}
	for _, r := range results {
		if _, known := byID[r.ID]; !known {
			byID[r.ID] = r
		}
	}
	list := slices.Concat(s.texts, s.commands)
	for _, one := range s.samples {
		list = append(list, s.decideSample(one, byID)...)
	}
	for _, one := range s.causes {
		list = append(list, s.decideCause(one, byID)...)
	}
	for _, one := range s.snippets {
		list = append(list, s.decideSnippet(one)...)
	}
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), strings.Compare(string(a.Kind), string(b.Kind)))
	})
	return slices.CompactFunc(list, func(a, b Finding) bool {
		return a.Line == b.Line && a.Kind == b.Kind && a.Verdict == b.Verdict && a.Text == b.Text && a.Reason == b.Reason
	})
}
