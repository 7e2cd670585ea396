package report

import (
	"fmt"
	"io"
	"strings"
)

// Grid is rows and columns, for a terminal or for a pipe.
type Grid struct {
	Columns []string
	Rows    [][]string
}

// Screen says what a terminal can show.
type Screen struct {
	Width int // in characters; 0 is without limit
	Color bool
}

// WritePlain writes a line per row, its cells separated by tabs, none of them empty:
// stable for awk and cut.
func (g Grid) WritePlain(w io.Writer) error {
	for _, cells := range g.Rows {
		line := make([]string, len(cells))
		for i, cell := range cells {
			line[i] = oneLine(cell)
			if line[i] == "" {
				line[i] = "-"
			}
		}
		if _, err := fmt.Fprintln(w, strings.Join(line, "\t")); err != nil {
			return err
		}
	}
	return nil
}
