package guide

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/strict"
)

var (
	atField          = lazy.Regexp(`(?m)^[ -]*at:`) // what stands before it is a person's
	lineField        = lazy.Regexp(`\bline: *\d+`)
	fingerprintField = lazy.Regexp(`\bfingerprint: *["']?[0-9a-f]*["']?`)
)

// Accept writes into the text of a claims file where the named claims stand in the guide
// now, and how their statements read; of all claims where none is named. A person has
// looked at them: it is how a changed guide gets its claims back.
func Accept(d Document, c Claims, text string, ids []string) (string, error) {
	lines := strings.Split(text, "\n")
	var mistakes strict.Mistakes
	wrong := func(claim Claim, format string, args ...any) {
		mistakes = append(mistakes, strict.Mistake{File: c.File, Line: int(claim.Line), Text: claim.ID + ": " + fmt.Sprintf(format, args...)})
	}
	for i, claim := range c.Claims {
		if len(ids) > 0 && !slices.Contains(ids, claim.ID) {
			continue
		}
		found := d.withFragment(claim)
		switch {
		case len(found) == 0:
			wrong(claim, "no statement of %q has the fragment %q", d.Name, claim.At.Fragment)
			continue
		case len(found) > 1:
			wrong(claim, "the fragment %q stands on lines %d and %d of %q: take words that only one statement has", claim.At.Fragment, found[0].Line, found[1].Line, d.Name)
			continue
		}
		end := len(lines)
		if i+1 < len(c.Claims) {
			end = int(c.Claims[i+1].Line) - 1
		}
		all := strings.Join(lines[claim.Line-1:end], "\n")
		start := 0
		if at := atField().FindStringIndex(all); at != nil {
			start = at[0]
		}
		part := all[start:]
		if !lineField().MatchString(part) || !fingerprintField().MatchString(part) {
			wrong(claim, "at has no line and fingerprint to fill in: write at: {line: 1, fragment: …, fingerprint: 000000000000}")
			continue
		}
		part = first(lineField(), part, fmt.Sprintf("line: %d", found[0].Line))
		part = first(fingerprintField(), part, fmt.Sprintf("fingerprint: %q", Fingerprint(found[0].Text)))
		copy(lines[claim.Line-1:end], strings.Split(all[:start]+part, "\n"))
	}
	return strings.Join(lines, "\n"), mistakes.OrNil()
}

// withFragment returns the statements that have a claim's fragment, of the same wording
// the nearest to the claim's line; one that is nothing but the fragment is the one that
// is meant.
func (d Document) withFragment(c Claim) []Statement {
	var list []Statement
	fragment := normal(c.At.Fragment)
	for i := range d.Statements {
		s := &d.Statements[i]
		if !strings.Contains(s.key().normal, fragment) {
			continue
		}
		twin := slices.IndexFunc(list, func(o Statement) bool { return o.key().fingerprint == s.key().fingerprint })
		switch {
		case twin < 0:
			list = append(list, *s)
		case abs(s.Line-c.At.Line) < abs(list[twin].Line-c.At.Line):
			list[twin] = *s
		}
	}
	for i := range list {
		if list[i].key().normal == fragment {
			return list[i : i+1]
		}
	}
	return list
}

func first(pattern *regexp.Regexp, text, replacement string) string {
	at := pattern.FindStringIndex(text)
	return text[:at[0]] + replacement + text[at[1]:]
}
