// Package strict reads YAML files that people write, and reports every mistake at its
// line. It knows nothing of what the files are about.
package strict

import (
	"fmt"
	"sort"
	"strings"
)

// Mistake is one thing wrong in a file, where it stands and what to do about it.
type Mistake struct {
	File string `json:"file"`
	Line int    `json:"line"` // 1-based; 0 when it is about the file as a whole
	Text string `json:"text"`
}

func (m Mistake) String() string {
	if m.Line == 0 {
		return m.File + ": " + m.Text
	}
	return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Text)
}

// Mistakes is everything wrong with the files that were read, so that an
// author mends a file once.
type Mistakes []Mistake

func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, one := range m {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

func (m Mistakes) sorted() Mistakes {
	sort.SliceStable(m, func(i, j int) bool {
		if m[i].File != m[j].File {
			return m[i].File < m[j].File
		}
		if m[i].Line != m[j].Line {
			return m[i].Line < m[j].Line
		}
		return m[i].Text < m[j].Text // some were found in the order of a map
	})
	return m
}

// OrNil is the mistakes, sorted, as an error: an empty list must not become a
// non-nil one.
func (m Mistakes) OrNil() error {
	if len(m) == 0 {
		return nil
	}
	return m.sorted()
}
