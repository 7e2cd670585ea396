package output

import (
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// gap is between two columns.
const gap = 2

// WriteTable writes an aligned table; its last column is cut to the screen's width.
func (g Grid) WriteTable(w io.Writer, screen Screen) error {
	rows := make([][]string, len(g.Rows))
	for i, cells := range g.Rows {
		rows[i] = make([]string, len(cells))
		for j, cell := range cells {
			rows[i][j] = g.cell(i, j, cell, screen)
		}
	}
	noWrap := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{Global: tw.AlignLeft},
		Padding:    tw.CellPadding{Global: tw.Padding{Right: strings.Repeat(" ", gap), Overwrite: true}},
	}
	var b strings.Builder
	table := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithConfig(tablewriter.Config{Header: noWrap, Row: noWrap, Behavior: tw.Behavior{TrimSpace: tw.Off}}),
	)
	if len(g.Columns) > 0 {
		table.Header(g.Columns)
	}
	if err := table.Bulk(rows); err != nil {
		return err
	}
	if err := table.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// cell prepares one cell. Indentation is the table's own and survives the cleaning.
func (g Grid) cell(row, column int, text string, screen Screen) string {
	indentation := text[:len(text)-len(strings.TrimLeft(text, " "))]
	text = indentation + OneLine(text)
	if column == len(g.Columns)-1 && screen.Width > 0 {
		text = Cut(text, max(screen.Width-g.before(column)-1, 20))
	}
	return Paint(text, screen.Color)
}

// before is the width of the columns left of a column.
func (g Grid) before(column int) int {
	total := 0
	for j := range column {
		widest := len([]rune(g.Columns[j]))
		for _, cells := range g.Rows {
			widest = max(widest, len([]rune(cells[j])))
		}
		total += widest + gap
	}
	return total
}
