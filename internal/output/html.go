package output

import (
	_ "embed"
	"fmt"
	"html"
	"io"
	"strings"
)

//go:embed page.html
var page string

// WriteHTML writes the document as one page that needs nothing else: no script, no style
// and no picture of another file.
func (d Document) WriteHTML(w io.Writer) error {
	title := ""
	for _, block := range d {
		if h, ok := block.(Heading); ok {
			title = escape(h.Text.String())
			break
		}
	}
	var b strings.Builder
	d.html(&b)
	_, err := strings.NewReplacer("{{title}}", title, "{{body}}", b.String()).WriteString(w, page)
	return err
}

func (d Document) html(b *strings.Builder) {
	for _, block := range d {
		block.html(b)
	}
}

// escape is untrusted text inside a line of HTML.
func escape(text string) string { return html.EscapeString(OneLine(text)) }

func (t Text) html() string {
	var b strings.Builder
	for _, s := range t {
		switch s.Style {
		case Command:
			b.WriteString("<code>" + escape(s.Text) + "</code>")
		case Strong:
			b.WriteString("<strong>" + escape(s.Text) + "</strong>")
		case State:
			fmt.Fprintf(&b, `<span class="%s">%s</span>`, escape(s.Text), escape(s.Text))
		default:
			b.WriteString(spaced(s.Text, escape))
		}
	}
	return strings.TrimSpace(b.String())
}

func (h Heading) html(b *strings.Builder) {
	id, about := "", ""
	if h.ID != "" {
		id = fmt.Sprintf(` id="%s"`, escape(h.ID))
	}
	if h.About != "" {
		about = ": " + escape(h.About)
	}
	fmt.Fprintf(b, "<h%d%s>%s%s</h%d>\n", h.Level, id, h.Text.html(), about, h.Level)
}

func (p Paragraph) html(b *strings.Builder) { fmt.Fprintf(b, "<p>%s</p>\n", p.Text.html()) }

func (q Quote) html(b *strings.Builder) {
	fmt.Fprintf(b, "<blockquote>%s</blockquote>\n", q.Text.html())
}

func (p Prose) html(b *strings.Builder) {
	for paragraph := range strings.SplitSeq(Clean(p.Text), "\n\n") {
		if text := escape(paragraph); text != "" {
			fmt.Fprintf(b, "<p>%s</p>\n", text)
		}
	}
}

func (l List) html(b *strings.Builder) {
	if len(l.Items) == 0 {
		return
	}
	tag := "ul"
	if l.Marks == Numbers {
		tag = "ol"
	}
	fmt.Fprintf(b, "<%s>\n", tag)
	for _, item := range l.Items {
		fmt.Fprintf(b, "<li>%s", item.Text.html())
		for _, more := range item.More {
			fmt.Fprintf(b, "<br>%s", more.html())
		}
		b.WriteString("</li>\n")
	}
	fmt.Fprintf(b, "</%s>\n", tag)
}

func (p Pairs) html(b *strings.Builder) {
	if len(p.Rows) == 0 {
		return
	}
	b.WriteString("<dl>\n")
	for _, row := range p.Rows {
		fmt.Fprintf(b, "<dt>%s</dt><dd>%s", escape(row.Name), escape(row.Value))
		for _, more := range row.More {
			fmt.Fprintf(b, "<br>%s", escape(more))
		}
		b.WriteString("</dd>\n")
	}
	b.WriteString("</dl>\n")
}

func (t Table) html(b *strings.Builder) {
	b.WriteString("<table>\n<tr>")
	for _, column := range t.lowerColumns() {
		fmt.Fprintf(b, "<th>%s</th>", escape(column))
	}
	b.WriteString("</tr>\n")
	for i, cells := range t.Rows {
		class := ""
		if t.Strong != nil && t.Strong(i) {
			class = ` class="head"`
		}
		fmt.Fprintf(b, "<tr%s>", class)
		for _, cell := range cells {
			class := ""
			if _, isState := colors[cell]; isState {
				class = fmt.Sprintf(` class="%s"`, cell)
			}
			fmt.Fprintf(b, "<td%s>%s</td>", class, escape(cell))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
}

func (c Code) html(b *strings.Builder) { preformatted(b, c.Text) }

func (l Log) html(b *strings.Builder) { preformatted(b, l.Text) }

func preformatted(b *strings.Builder, text string) {
	fmt.Fprintf(b, "<pre>%s</pre>\n", html.EscapeString(strings.TrimRight(Clean(text), "\n")))
}

func (d Details) html(b *strings.Builder) {
	fmt.Fprintf(b, "<details><summary>%s</summary>\n", d.Summary.html())
	d.Blocks.html(b)
	b.WriteString("</details>\n")
}

func (Gap) html(*strings.Builder) {}
