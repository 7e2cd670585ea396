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
	atField          = lazy.Regexp(`(?m)^[ -]*at:`) // the text before it was written by a person
	lineField        = lazy.Regexp(`\bline: *\d+`)
	fingerprintField = lazy.Regexp(`\bfingerprint: *["']?[0-9a-f]*["']?`)
)

// Accept updates the text of a claims file: for the named claims it writes the line on which
// the statement is now, and the fingerprint of its present text. If no claim is named, it
// updates all claims. The user has compared the claims with the statements; this is how a
// changed guide becomes valid again.
func Accept(d Document, c Claims, text string, ids []string) (string, error) {
	lines := strings.Split(text, "\n")
	var mistakes strict.Mistakes
	wrong := func(claim Claim, format string, args ...any) {
		mistakes = append(mistakes, strict.Mistake{File: c.File, Line: int(claim.Line),
			Text: claim.ID + ": " + fmt.Sprintf(format, args...)})
	}
	for i, claim := range c.Claims {
		if len(ids) > 0 && !slices.Contains(ids, claim.ID) {
			continue
		}
		found := d.withFragment(claim)
		switch {
		case len(found) == 0:
			wrong(claim, "no statement in %q contains the fragment %q", d.Name, claim.At.Fragment)
			continue
		case len(found) > 1:
			wrong(claim, "the fragment %q is on lines %d and %d of %q: choose words that only one statement contains", claim.At.Fragment,
				found[0].Line, found[1].Line, d.Name)
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
			wrong(claim, "at has no line and no fingerprint that lab could fill in: write at: {line: 1, fragment: …, "+
				"fingerprint: 000000000000}")
			continue
		}
		part = first(lineField(), part, fmt.Sprintf("line: %d", found[0].Line))
		part = first(fingerprintField(), part, fmt.Sprintf("fingerprint: %q", Fingerprint(found[0].Text)))
		copy(lines[claim.Line-1:end], strings.Split(all[:start]+part, "\n"))
	}
	return strings.Join(lines, "\n"), mistakes.OrNil()
}

// withFragment returns the statements that contain a claim's fragment. Of statements with the
// same text it returns only the one nearest to the claim's line. If a statement consists of
// the fragment alone, it returns only that statement.
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
