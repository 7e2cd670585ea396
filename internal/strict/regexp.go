package strict

import (
	"regexp"
	"strings"
)

// Regexp is a regular expression (RE2) that is compiled when the file is read.
type Regexp struct{ *regexp.Regexp }

// Quote returns an expression that matches the text literally, except that any amount of white
// space may stand between its words.
func Quote(text string) Regexp {
	words := strings.Fields(regexp.QuoteMeta(text))
	return Regexp{regexp.MustCompile(strings.Join(words, `\s+`))}
}

// UnmarshalText compiles the expression. An empty text gives no expression.
func (r *Regexp) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		r.Regexp = nil
		return nil
	}
	r.Regexp, err = regexp.Compile(string(text))
	return err
}

// MarshalText returns the source of the expression.
func (r Regexp) MarshalText() ([]byte, error) {
	if r.Regexp == nil {
		return nil, nil
	}
	return []byte(r.String()), nil
}

// IsZero reports whether there is no expression.
func (r Regexp) IsZero() bool { return r.Regexp == nil }
