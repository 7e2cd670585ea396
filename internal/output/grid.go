package output

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
	var b strings.Builder
	for _, cells := range g.Rows {
		line := make([]string, len(cells))
		for i, cell := range cells {
			line[i] = OneLine(cell)
			if line[i] == "" {
				line[i] = "-"
			}
		}
		fmt.Fprintln(&b, strings.Join(line, "\t"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteNames writes the name of each row, which is its first cell.
func (g Grid) WriteNames(w io.Writer) error {
	var b strings.Builder
	for _, cells := range g.Rows {
		fmt.Fprintln(&b, Clean(cells[0]))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
