package output

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// WriteMarkdown writes the document as Markdown that a forge shows well.
func (d Document) WriteMarkdown(w io.Writer) error {
	_, err := io.WriteString(w, d.markdown()+"\n")
	return err
}

func (d Document) markdown() string {
	var blocks []string
	for _, block := range d {
		if text := block.markdown(); text != "" {
			blocks = append(blocks, text)
		}
	}
	return strings.Join(blocks, "\n\n")
}

func (t Text) markdown() string {
	var b strings.Builder
	for _, s := range t {
		switch s.Style {
		case Command:
			b.WriteString("`" + strings.ReplaceAll(OneLine(s.Text), "`", "'") + "`")
		case Strong:
			b.WriteString("**" + inline(s.Text) + "**")
		default:
			b.WriteString(spaced(s.Text, inline))
		}
	}
	return strings.TrimSpace(b.String())
}

// spaced keeps the blanks at the ends of a span, which part it from its neighbours.
func spaced(text string, escape func(string) string) string {
	inner := escape(text)
	if inner == "" {
		return strings.Repeat(" ", min(len(text), 1))
	}
	if strings.HasPrefix(text, " ") {
		inner = " " + inner
	}
	if strings.HasSuffix(text, " ") {
		inner += " "
	}
	return inner
}

func (h Heading) markdown() string {
	text := strings.Repeat("#", h.Level) + " " + h.Text.markdown()
	if h.About != "" {
		text += ": " + inline(h.About)
	}
	return text
}

func (p Paragraph) markdown() string { return literal(p.Text.markdown()) }

// literal keeps a paragraph from being taken for an item of a list or a line under it.
func literal(paragraph string) string {
	rest := strings.TrimLeft(paragraph, "0123456789")
	if rest == "" {
		return paragraph
	}
	switch digits := len(paragraph) - len(rest); {
	case digits == 0 && strings.ContainsAny(rest[:1], "-+="), digits > 0 && strings.ContainsAny(rest[:1], ".)"):
		return paragraph[:digits] + `\` + rest
	}
	return paragraph
}

func (q Quote) markdown() string { return "> " + q.Text.markdown() }

func (p Prose) markdown() string {
	var paragraphs []string
	for paragraph := range strings.SplitSeq(Clean(p.Text), "\n\n") {
		if text := inline(paragraph); text != "" {
			paragraphs = append(paragraphs, literal(text))
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

func (l List) markdown() string {
	between := "\n"
	var items []string
	for i, item := range l.Items {
		mark := "- "
		if l.Marks == Numbers {
			mark = fmt.Sprintf("%d. ", i+1)
		}
		text := mark + item.Text.markdown()
		for _, more := range item.More {
			between = "\n\n"
			text += "\n\n" + strings.Repeat(" ", len(mark)) + more.markdown()
		}
		items = append(items, text)
	}
	return strings.Join(items, between)
}

func (p Pairs) markdown() string { return p.list().markdown() }

// list is the pairs as a list, for forms in which no columns need to be aligned.
func (p Pairs) list() List {
	var l List
	for _, row := range p.Rows {
		item := Item{Text: Plain(row.Name + ": " + row.Value)}
		for _, more := range row.More {
			item.More = append(item.More, Plain(more))
		}
		l.Items = append(l.Items, item)
	}
	return l
}

func (t Table) markdown() string {
	var b strings.Builder
	row := func(cells []string) {
		b.WriteString("\n|")
		for _, cell := range cells {
			b.WriteString(" " + cell + " |")
		}
	}
	row(t.lowerColumns())
	b.WriteString("\n|" + strings.Repeat(" --- |", len(t.Columns)))
	for _, cells := range t.Rows {
		escaped := make([]string, len(cells))
		for i, cell := range cells {
			escaped[i] = inline(cell)
		}
		row(escaped)
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// lowerColumns are the names of the columns, which stand in capitals on a terminal only.
func (t Table) lowerColumns() []string {
	lower := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		lower[i] = strings.ToLower(column)
	}
	return lower
}

func (c Code) markdown() string { return fenced(Clean(c.Text)) }

func (l Log) markdown() string { return fenced(Clean(l.Text)) }

func (d Details) markdown() string {
	return "<details><summary>" + d.Summary.html() + "</summary>\n\n" + d.Blocks.markdown() + "\n\n</details>"
}

func (Gap) markdown() string { return "" }

// markup is what Markdown would take for more than text.
var markup = strings.NewReplacer("\\", `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "#", `\#`, "~", `\~`)

// inline is untrusted text inside a line of Markdown, in which HTML is alive.
func inline(s string) string { return html.EscapeString(markup.Replace(OneLine(s))) }

// fenced is text as a block; its fence is longer than any in the text.
func fenced(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + strings.TrimRight(text, "\n") + "\n" + fence
}
