package output

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes the document for a terminal. What stands below a heading is indented.
func (d Document) WriteText(w io.Writer, screen Screen) error {
	t := &textWriter{screen: screen}
	d.text(t)
	if t.err != nil {
		return t.err
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type textWriter struct {
	b      strings.Builder
	screen Screen
	indent string // "" in front of the first heading but the title
	err    error
}

func (t *textWriter) line(parts ...string) { t.b.WriteString(strings.Join(parts, "") + "\n") }

// inLine is clean text that stays in its line. Blanks stay: columns may be made of them.
func inLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, Clean(text))
}

func (t *textWriter) spans(text Text) string {
	var b strings.Builder
	for _, s := range text {
		switch s.Style {
		case Command:
			b.WriteString("`" + inLine(s.Text) + "`")
		case State:
			b.WriteString(Paint(inLine(s.Text), t.screen.Color))
		default:
			b.WriteString(inLine(s.Text))
		}
	}
	return b.String()
}

func (d Document) text(t *textWriter) {
	for _, block := range d {
		block.text(t)
	}
}

func (h Heading) text(t *textWriter) {
	if h.Level == 1 {
		t.line(t.spans(h.Text))
		return
	}
	t.indent = "  "
	name := t.spans(h.Text)
	if h.Capitals {
		name = strings.ToUpper(name)
	}
	t.line("\n", strings.TrimSpace(name+"  "+OneLine(h.About)))
}

func (p Paragraph) text(t *textWriter) { t.line(t.indent, t.spans(p.Text)) }

func (q Quote) text(t *textWriter) { t.line(t.indent, "> ", t.spans(q.Text)) }

func (p Prose) text(t *textWriter) { t.line(Indent(t.indent, Clean(p.Text))) }

func (l List) text(t *textWriter) {
	for i, item := range l.Items {
		mark := ""
		switch l.Marks {
		case Bullets:
			mark = "- "
		case Numbers:
			mark = fmt.Sprintf("%d. ", i+1)
		}
		t.line(t.indent, mark, t.spans(item.Text))
		for _, more := range item.More {
			t.line(t.indent, "  ", t.spans(more))
		}
	}
}

func (p Pairs) text(t *textWriter) {
	for _, row := range p.Rows {
		name := fmt.Sprintf("%-*s", p.Width, inLine(row.Name))
		t.line(t.indent, name, "  ", inLine(row.Value))
		for _, more := range row.More {
			t.line(t.indent, strings.Repeat(" ", len([]rune(name))), "  ", inLine(more))
		}
	}
}

func (g Table) text(t *textWriter) {
	if err := g.WriteTable(&t.b, t.screen); err != nil {
		t.err = err
	}
}

// Code is set apart further than the rest. A difference has its colours.
func (c Code) text(t *textWriter) {
	for line := range strings.SplitSeq(strings.TrimRight(Clean(c.Text), "\n"), "\n") {
		switch {
		case t.screen.Color && strings.HasPrefix(line, "+"):
			line = "\x1b[32m" + line + "\x1b[0m"
		case t.screen.Color && strings.HasPrefix(line, "-"):
			line = "\x1b[31m" + line + "\x1b[0m"
		}
		t.line(t.indent, "  ", line)
	}
}

func (l Log) text(t *textWriter) { t.line(Indent(t.indent, Clean(l.Text))) }

func (d Details) text(t *textWriter) {
	t.line(t.indent, t.spans(d.Summary))
	d.Blocks.text(t)
}

func (Gap) text(t *textWriter) { t.line() }
