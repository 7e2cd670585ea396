// Package strict reads YAML files that people write, and reports every mistake with its line.
// It does not know what the files are about.
package strict

import (
	"fmt"
	"sort"
	"strings"
)

// Mistake is one thing that is wrong in a file: where it is, and what to do about it.
type Mistake struct {
	File string `json:"file"`
	Line int    `json:"line"` // counts from 1; 0 means the file as a whole
	Text string `json:"text"`
}

func (m Mistake) String() string {
	if m.Line == 0 {
		return m.File + ": " + m.Text
	}
	return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Text)
}

// Mistakes lists everything that is wrong with the files that were read, so that an author can
// correct all of it in one go.
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

// OrNil returns the sorted mistakes as an error, or nil if there are none. Without it an empty
// list would become an error that is not nil.
func (m Mistakes) OrNil() error {
	if len(m) == 0 {
		return nil
	}
	return m.sorted()
}
