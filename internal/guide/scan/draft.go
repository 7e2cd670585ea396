package scan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/guide"
)

// maxDrafted is how many claims a draft has.
const maxDrafted = 500

// Draft is a claims file for what was not decided. It cannot be used as it is: each
// claim is left to be written by somebody who has read the statement.
func (s *Scan) Draft(findings []Finding) string {
	decided := map[int]bool{}
	suggested := map[int][]string{}
	for _, f := range findings {
		if f.Verdict != guide.Inconclusive {
			decided[f.Line] = true
		}
		for _, id := range f.Suggests {
			if !slices.Contains(suggested[f.Line], id) {
				suggested[f.Line] = append(suggested[f.Line], id)
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# A draft by `lab guide scan`. Of each statement write into claim: what it says, in your\n"+
		"# own words, and give the cases that decide it, or say why none can (untestable:).\n"+
		"guide: %s\nclaims:\n", strconv.Quote(s.Document.Name))
	n := 0
	fragments := s.Document.Fragments()
	for _, statement := range s.Document.Statements {
		if !statement.Checkable() || s.settled(statement, decided) {
			continue
		}
		fragment := fragments.Of(statement)
		if fragment == "" || n == maxDrafted {
			continue
		}
		n++
		fmt.Fprintf(
			&b,
			"  - id: D%d\n    at: {line: %d, fragment: %s, fingerprint: %q}\n    claim: \"\" # what this says, in your own words\n",
			n,
			statement.Line,
			strconv.Quote(fragment),
			guide.Fingerprint(statement.Text),
		)
		var ids []string
		for line := statement.Line; line <= statement.End; line++ {
			ids = append(ids, suggested[line]...)
		}
		ids = append(ids, s.likely(statement)...)
		if len(ids) == 0 {
			b.WriteString("    cases: []\n")
			continue
		}
		b.WriteString("    cases:\n")
		for _, id := range ids[:min(len(ids), mostRun)] {
			fmt.Fprintf(
				&b,
				"      - when: \"\" # the condition\n        scenario: %s\n        in: broken\n        expect: {%s}\n",
				id,
				s.expect(statement),
			)
		}
	}
	if n == 0 {
		b.WriteString("  []\n")
	}
	return b.String()
}

// settled reports whether something in a statement was decided.
func (s *Scan) settled(statement guide.Statement, decided map[int]bool) bool {
	for line := statement.Line; line <= statement.End; line++ {
		if decided[line] {
			return true
		}
	}
	return false
}

// likely is scenarios whose failure a statement names.
func (s *Scan) likely(statement guide.Statement) []string {
	var ids []string
	for _, m := range failuresIn(statement.Text) {
		for _, p := range picked(s.all.fitting(&sample{message: m})) {
			ids = append(ids, p.scenario.ID)
		}
	}
	return ids
}

// expect is what a statement may predict.
func (s *Scan) expect(statement guide.Statement) string {
	if list := statusesIn(statement.Text); len(list) == 1 {
		return fmt.Sprintf("status: %d", list[0])
	}
	return ""
}
