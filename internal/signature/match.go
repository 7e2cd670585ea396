package signature

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/nginx"
)

// filter is a signature with a text that every matching line contains. Looking for this text
// shows for most lines that they do not match, and takes a small part of the time that the
// expression takes.
type filter struct {
	signature *Signature
	match     *regexp.Regexp
	while     [][]byte
	literal   []byte
	begins    bool // whether the message begins with the literal
}

func newFilter(s *Signature) filter {
	f := filter{signature: s, match: s.Match.Regexp}
	for _, w := range s.While {
		f.while = append(f.while, []byte(w))
	}
	if tree, err := syntax.Parse(s.Match.String(), syntax.Perl); err == nil {
		text, begins := literal(tree.Simplify())
		f.literal, f.begins = []byte(text), begins
	}
	return f
}

// literal returns the longest text that everything which matches an expression contains.
// begins says whether the text is at the beginning.
func literal(tree *syntax.Regexp) (text string, begins bool) {
	switch {
	case tree.Op == syntax.OpLiteral && tree.Flags&syntax.FoldCase == 0:
		return string(tree.Rune), false
	case tree.Op == syntax.OpCapture:
		text, _ := literal(tree.Sub[0])
		return text, false
	case tree.Op != syntax.OpConcat:
		return "", false
	}
	for i, sub := range tree.Sub {
		found, _ := literal(sub)
		if len(found) > len(text) {
			text, begins = found, i == 1 && tree.Sub[0].Op == syntax.OpBeginText
		}
	}
	return text, begins
}

// matches reports whether a line matches. If fragment is true and the line does not say what
// nginx was doing, that part is not compared.
func (f *filter) matches(l *nginx.Line, fragment bool) bool {
	if f.begins && !bytes.HasPrefix(l.Message, f.literal) || !f.begins && !bytes.Contains(l.Message, f.literal) {
		return false
	}
	if len(f.while) > 0 && !(fragment && len(l.Action) == 0) && !slices.ContainsFunc(f.while,
		func(w []byte) bool { return bytes.Equal(w, l.Action) }) {
		return false
	}
	return f.match.Match(l.Message)
}

// Match returns the signatures that match a line. It returns none if the line is unknown.
func (set *Set) Match(l *nginx.Line) []*Signature { return set.match(l, false) }

// MatchFragment does what Match does for a part that was copied from a line. Without " while
// …" the part may match more signatures than the complete line.
func (set *Set) MatchFragment(l *nginx.Line) []*Signature { return set.match(l, true) }

func (set *Set) match(l *nginx.Line, fragment bool) []*Signature {
	var found, general []*Signature
	for i := range set.filters {
		f := &set.filters[i]
		switch {
		case f.signature.General && (len(found) > 0 || len(general) > 0):
		case !f.matches(l, fragment):
		case f.signature.General:
			general = append(general, f.signature)
		default:
			found = append(found, f.signature)
		}
	}
	if len(found) == 0 {
		return general
	}
	return found
}

// MatchMessage does what Match does for a message: the part of a line between the number of
// the connection and ", client: ".
func (set *Set) MatchMessage(said string) []*Signature {
	const start = "2000/01/01 00:00:00 [error] 1#1: *1 "
	var l nginx.Line
	if _, ok := nginx.Next([]byte(start+strings.ReplaceAll(said, "\n", " ")), &l); !ok {
		return nil
	}
	return set.Match(&l)
}

// Memory matches lines as a Set does, and remembers the results, because a log repeats the
// same messages many times. Only one goroutine may use it.
type Memory struct {
	set   *Set
	known map[string][]*Signature
}

const (
	maxKnown = 4096
	maxKey   = 512 // in bytes; longer messages are different each time
)

// Memory returns an empty memory.
func (set *Set) Memory() *Memory { return &Memory{set, map[string][]*Signature{}} }

func (m *Memory) Match(l *nginx.Line) []*Signature {
	if len(l.Said) > maxKey {
		return m.set.Match(l)
	}
	if found, ok := m.known[string(l.Said)]; ok {
		return found
	}
	if len(m.known) == maxKnown {
		clear(m.known)
	}
	found := m.set.Match(l)
	m.known[string(l.Said)] = found
	return found
}
