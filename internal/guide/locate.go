package guide

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Standing says whether the statement of a claim is still in the guide as it was.
type Standing string

const (
	Stands  Standing = "stands"
	Moved   Standing = "moved"   // unchanged, but on another line
	Changed Standing = "changed" // its fragment is in a statement that has changed
	Gone    Standing = "gone"
)

// Found is where the statement of a claim is now.
type Found struct {
	Standing  Standing
	Statement Statement // the zero value if it is gone
	Note      string    // a message for the user; "" if the statement has not changed
}

// Here reports whether the guide still contains the statement of the claim.
func (f Found) Here() bool { return f.Standing == Stands || f.Standing == Moved }

// Find looks for a claim's statement. If several statements are the same or have the claim's
// fragment, it returns the one nearest to the line of the claim.
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
	// If two statements were the same, the nearer one may be the one that has changed.
	case len(same) > 0 && (len(alike) == 0 || near(slices.MinFunc(same, near), slices.MinFunc(alike, near)) <= 0):
		return here(c, slices.MinFunc(same, near))
	case len(alike) > 0:
		s := slices.MinFunc(alike, near)
		return Found{Changed, s, fmt.Sprintf("the statement of %s, now on line %d, is not the one that was accepted: compare "+
			"it with the claim, and then run `lab guide accept`", c.ID, s.Line)}
	}
	return gone(c)
}

// FindAll does what Find does for every claim. Claims about several statements with the same
// text are paired with those that are there, in order. If one is missing, the claims are
// paired so that the others move as little as possible.
func (d Document) FindAll(c Claims) []Found {
	found := make([]Found, len(c.Claims))
	was, is := map[string][]int{}, map[string][]int{} // the lines of the statements with each fingerprint
	for i := range d.Statements {
		key := d.Statements[i].key().fingerprint
		is[key] = append(is[key], i)
	}
	for i, claim := range c.Claims {
		found[i] = d.Find(claim)
		if key := claim.At.Fingerprint; found[i].Here() && !slices.Contains(was[key], claim.At.Line) {
			was[key] = append(was[key], claim.At.Line)
		}
	}
	for i, claim := range c.Claims {
		before, now := was[claim.At.Fingerprint], is[claim.At.Fingerprint]
		if !found[i].Here() || len(before) < 2 || len(before) < len(now) {
			continue
		}
		slices.Sort(before)
		at := slices.Index(d.nearest(before, now), claim.At.Line)
		if at < 0 {
			found[i] = gone(claim)
		} else {
			found[i] = here(claim, d.Statements[now[at]])
		}
	}
	return found
}

// nearest removes lines until there are as many as statements. It removes those whose removal
// leaves the others nearest to the statements.
func (d Document) nearest(lines, statements []int) []int {
	distance := func(lines []int) (sum int) {
		for i, at := range statements {
			sum += abs(lines[i] - d.Statements[at].Line)
		}
		return sum
	}
	for len(lines) > len(statements) {
		var best []int
		for i := range lines {
			if rest := slices.Delete(slices.Clone(lines), i, i+1); best == nil || distance(rest) < distance(best) {
				best = rest
			}
		}
		lines = best
	}
	return lines
}

func here(c Claim, s Statement) Found {
	if s.Line != c.At.Line {
		return Found{Moved, s, fmt.Sprintf("the statement of %s has moved to line %d", c.ID, s.Line)}
	}
	return Found{Stands, s, ""}
}

func gone(c Claim) Found {
	return Found{Gone, Statement{}, fmt.Sprintf("the statement of %s is no longer in the guide: it was on line %d", c.ID, c.At.Line)}
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
