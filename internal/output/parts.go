package output

import (
	"fmt"
	"io"
	"slices"
)

// Parts is what a product is made of. Each part gives some forms; one that is nil gives
// none.
type Parts struct {
	Grid     func() Grid       // table, plain, name
	Value    func() any        // json, yaml
	Page     func() Document   // markdown, html
	Lab      string            // lab's version, which SARIF wants
	Findings func() []Finding  // sarif, github
	Suites   func() TestSuites // junit

	// Text replaces the grid's table and plain lines.
	Text func(w io.Writer, screen Screen) error
	// Read is text, Markdown and HTML of one document, in place of Text and Page.
	Read func() Document
	// Details is what a person is told besides the grid: below a table on stdout, beside
	// plain lines on stderr.
	Details func(w io.Writer, screen Screen) error
}

// Forms are the forms that the parts give.
func (p Parts) Forms() []Form {
	var forms []Form
	add := func(name string, write func(io.Writer, Screen) error) {
		forms = append(forms, Form{Name: name, Write: write})
	}
	if p.Read != nil {
		p.Page = p.Read
		p.Text = func(w io.Writer, s Screen) error { return p.Read().WriteText(w, s) }
	}
	table, plain := p.Text, p.Text
	if p.Text == nil && p.Grid != nil {
		table = func(w io.Writer, s Screen) error { return p.Grid().WriteTable(w, s) }
		plain = func(w io.Writer, _ Screen) error { return p.Grid().WritePlain(w) }
	}
	if table != nil {
		add(TableForm, p.below(table))
		add(PlainForm, plain)
	}
	if p.Value != nil {
		add("json", func(w io.Writer, _ Screen) error { return WriteJSON(w, p.Value()) })
		add("yaml", func(w io.Writer, _ Screen) error { return WriteYAML(w, p.Value()) })
	}
	if p.Grid != nil {
		add(NameForm, func(w io.Writer, _ Screen) error { return p.Grid().WriteNames(w) })
	}
	if p.Page != nil {
		add("markdown", func(w io.Writer, _ Screen) error { return p.Page().WriteMarkdown(w) })
		add("html", func(w io.Writer, _ Screen) error { return p.Page().WriteHTML(w) })
	}
	if p.Findings != nil {
		add("sarif", func(w io.Writer, _ Screen) error { return writeSARIF(w, p.Lab, p.Findings()) })
		add("github", func(w io.Writer, _ Screen) error { return writeGitHub(w, p.Findings()) })
	}
	if p.Suites != nil {
		add("junit", func(w io.Writer, _ Screen) error { return p.Suites().Write(w) })
	}
	if p.Details != nil {
		forms = WithBeside(forms, func(w io.Writer) error { return p.Details(w, Screen{}) }, PlainForm)
	}
	return forms
}

// below writes the details below a table.
func (p Parts) below(table func(io.Writer, Screen) error) func(io.Writer, Screen) error {
	if p.Details == nil {
		return table
	}
	return func(w io.Writer, s Screen) error {
		if err := table(w, s); err != nil {
			return err
		}
		return p.Details(w, s)
	}
}

// WithBeside lets forms write more to stderr: the named ones, or all but the table, which
// has it below.
func WithBeside(forms []Form, beside func(io.Writer) error, names ...string) []Form {
	for i, form := range forms {
		if slices.Contains(names, form.Name) || len(names) == 0 && form.Name != TableForm {
			forms[i].Beside = beside
		}
	}
	return forms
}

// Replaced writes one of the forms in another way.
func Replaced(forms []Form, name string, write func(w io.Writer, screen Screen) error) []Form {
	for i := range forms {
		if forms[i].Name == name {
			forms[i].Write = write
		}
	}
	return forms
}

// Listing is the product of a command that lists things.
type Listing struct {
	Title  string
	Grid   Grid
	Fields map[string]any // of JSON and YAML, besides the schema's version
	Whole  bool           // the last column is not cut to the width of a terminal
	Empty  string         // what a person is told where there are no rows; "" is the empty table
}

// Forms are the forms of a listing.
func (l Listing) Forms() []Form {
	parts := Parts{Grid: func() Grid { return l.Grid }, Value: func() any { return l.value() }, Page: l.page}
	forms := parts.Forms()
	for i, form := range forms {
		if ForPrograms(form.Name) || form.Name == NameForm {
			continue
		}
		forms[i].Write = func(w io.Writer, s Screen) error {
			if l.Empty != "" && len(l.Grid.Rows) == 0 {
				_, err := fmt.Fprintln(w, Clean(l.Empty))
				return err
			}
			if l.Whole {
				s.Width = 0
			}
			return form.Write(w, s)
		}
	}
	return forms
}

func (l Listing) value() any {
	fields := map[string]any{"schemaVersion": SchemaVersion}
	for name, value := range l.Fields {
		fields[name] = value
	}
	return fields
}

func (l Listing) page() Document {
	page := Document{Heading{Level: 1, Text: Plain(l.Title)}}
	if l.Empty != "" && len(l.Grid.Rows) == 0 {
		return append(page, Paragraph{Plain(l.Empty)})
	}
	if len(l.Grid.Columns) == 0 {
		var names []string
		for _, cells := range l.Grid.Rows {
			names = append(names, cells[0])
		}
		return append(page, Items(names...))
	}
	return append(page, Table{Grid: l.Grid})
}
