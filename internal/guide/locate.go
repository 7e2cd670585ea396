package guide

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Standing says whether a claim's statement is still in the guide as it was.
type Standing string

// The standings.
const (
	Stands  Standing = "stands"
	Moved   Standing = "moved"   // unchanged, on another line
	Changed Standing = "changed" // its fragment is there, in a statement that reads differently
	Gone    Standing = "gone"
)

// Found is where a claim stands now.
type Found struct {
	Standing  Standing
	Statement Statement // zero when it is gone
	Note      string    // what is to be said about it; "" when it stands
}

// Here reports whether the guide still says what the claim was made about.
func (f Found) Here() bool { return f.Standing == Stands || f.Standing == Moved }

// Find looks for a claim's statement. Of several that are the same or have its fragment,
// the nearest to the line where it was counts.
func (d Document) Find(c Claim) Found {
	near := func(a, b Statement) int {
		return cmp.Compare(abs(a.Line-c.At.Line), abs(b.Line-c.At.Line))
	}
	var same, alike []Statement
	fragment := normal(c.At.Fragment)
	for i := range d.Statements {
		s := &d.Statements[i]
		switch key := s.key(); {
		case key.fingerprint == c.At.Fingerprint:
			same = append(same, *s)
		case strings.Contains(key.normal, fragment):
			alike = append(alike, *s)
		}
	}
	switch {
	// Of two that were the same, the nearer one may be the one that reads differently now.
	case len(same) > 0 && (len(alike) == 0 || near(slices.MinFunc(same, near), slices.MinFunc(alike, near)) <= 0):
		s := slices.MinFunc(same, near)
		if s.Line != c.At.Line {
			return Found{Moved, s, fmt.Sprintf("%s has moved to line %d", c.ID, s.Line)}
		}
		return Found{Stands, s, ""}
	case len(alike) > 0:
		s := slices.MinFunc(alike, near)
		return Found{Changed, s, fmt.Sprintf("%s reads differently now, on line %d: see whether the claim still says the same, then `lab guide accept` it", c.ID, s.Line)}
	}
	return Found{Gone, Statement{}, fmt.Sprintf("%s no longer stands in the guide: it was on line %d", c.ID, c.At.Line)}
}

func abs(n int) int { return max(n, -n) }

// Fits counts the claims whose statements are in the guide, changed or not.
func (c Claims) Fits(d Document) int {
	n := 0
	for _, claim := range c.Claims {
		if d.Find(claim).Standing != Gone {
			n++
		}
	}
	return n
}
