package guide

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
)

// Columns are the columns of a table of scenarios in a guide. A row whose first cell is the id
// of a scenario is a claim: that the failure shows in this way, and that these fixes resolve
// it.
var Columns = []string{"scenario", "what is wrong", "status", "error log", "what fixes it"}

// Shown are the columns for scenarios that demonstrate something instead of a failure.
var Shown = []string{"scenario", "what is true", "what shows it"}

// noLine stands in the row of a failure for which nginx logs no line.
const noLine = "nothing"

// Cells returns the cells of a scenario under Columns or Shown. line is what nginx logged,
// such as "[error] …", or "" if it logged nothing.
func Cells(s scenario.Scenario, line string) []string {
	if line == "" {
		line = noLine
	}
	var says []string
	for _, f := range s.Fixes {
		says = append(says, strings.TrimSuffix(f.Say, "."))
	}
	for _, d := range s.Demonstrates {
		says = append(says, strings.TrimSuffix(d.Say, "."))
	}
	title, all := strings.TrimSuffix(s.Title, "."), strings.Join(says, "; ")
	if s.Broken == nil {
		return []string{s.ID, title, all}
	}
	return []string{s.ID, title, statuses(s), line, all}
}

// statuses returns the statuses that the probes of a broken scenario get, according to the
// scenario itself.
func statuses(s scenario.Scenario) string {
	var list []string
	for _, p := range s.Symptom.Probes {
		all := p.Statuses
		if p.Status != 0 {
			all = append(slices.Clone(all), p.Status)
		}
		for _, status := range all {
			text := fmt.Sprintf("%03d", status)
			if p.Complete != nil && !*p.Complete {
				text += " cut"
			}
			list = append(list, text)
		}
	}
	slices.Sort(list)
	if list = slices.Compact(list); len(list) == 0 {
		return "no answer"
	}
	return strings.Join(list, ", ")
}

// rowClaims makes a claim of every row about a scenario in a guide's tables.
func rowClaims(d Document, catalogue []scenario.Scenario) []Claim {
	var claims []Claim
	for _, st := range d.Statements {
		if st.Kind != Row {
			continue
		}
		cells := strings.Split(st.Text, " | ")
		i := slices.IndexFunc(catalogue, func(s scenario.Scenario) bool { return s.ID == cells[0] })
		if i < 0 {
			continue
		}
		s := catalogue[i]
		line := ""
		if len(cells) == len(Columns) && cells[3] != noLine {
			line = cells[3]
		}
		claims = append(claims, Claim{
			ID: "row-" + s.ID, Say: s.Title,
			At:    Place{Line: st.Line, Fragment: s.ID + " | ", Fingerprint: Fingerprint(strings.Join(Cells(s, line), " | "))},
			Cases: rowCases(s, line),
		})
	}
	return claims
}

func rowCases(s scenario.Scenario, line string) []Case {
	proven := true
	var cases []Case
	if s.Broken != nil {
		c := Case{When: "it is broken", Scenario: s.ID, Expect: Expect{shown: statuses(s)}}
		silent := line == ""
		if c.Expect.Silent = &silent; !silent {
			c.Expect.Log = []scenario.LogPattern{patternOf(s, line)}
		}
		cases = append(cases, c)
	}
	for _, f := range s.Fixes {
		cases = append(cases, Case{When: "it is fixed by " + f.ID, Scenario: s.ID, In: "fix " + f.ID, Expect: Expect{Proven: &proven}})
	}
	for _, f := range s.Demonstrates {
		cases = append(cases, Case{When: f.ID, Scenario: s.ID, In: "shows " + f.ID, Expect: Expect{Proven: &proven}})
	}
	return cases
}

// patternOf returns the scenario's own pattern for a line, because other builds of nginx use
// other words. If no pattern matches, it returns a pattern for the line itself.
func patternOf(s scenario.Scenario, line string) scenario.LogPattern {
	level, message, _ := strings.Cut(strings.TrimPrefix(line, "["), "] ")
	for _, p := range s.Symptom.Log {
		if slices.Contains(p.Level, level) && p.Match.MatchString(message) {
			return p
		}
	}
	return scenario.LogPattern{Level: scenario.Levels{level}, Match: strict.Quote(message)}
}

// shows reports whether the statuses of a look are those in a row.
func shows(cell, look string) bool {
	numbers := func(text string) []string {
		var list []string
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ' ' }) {
			if n, err := strconv.Atoi(word); err == nil {
				list = append(list, fmt.Sprintf("%03d", n))
			}
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	return slices.Equal(numbers(cell), numbers(look))
}
