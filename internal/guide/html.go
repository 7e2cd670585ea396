package guide

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// readHTML reads the text of a page. It looks only at tokens, so that it can read a page that
// is not well-formed.
func readHTML(text []byte) []block {
	r := &pageReader{line: 1}
	tokens := html.NewTokenizer(bytes.NewReader(text))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			r.flush()
			return r.blocks
		}
		raw := string(tokens.Raw())
		token := tokens.Token()
		switch kind {
		case html.TextToken:
			r.text(token.Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			r.start(token)
		case html.EndTagToken:
			r.end(token.DataAtom)
		}
		r.line += strings.Count(raw, "\n")
	}
}

type pageReader struct {
	line   int
	blocks []block
	open   block
	hidden int // the depth of elements that are not shown
	pre    int
	items  int
	row    bool
}

func (r *pageReader) start(t html.Token) {
	switch t.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Nav, atom.Noscript, atom.Template:
		r.hidden++
	case atom.Body:
		r.flush()
		r.hidden = 0 // the end tag of the head may be missing
	case atom.Pre:
		r.flush()
		r.pre++
		r.open = block{kind: Code, lang: language(t)}
	case atom.Code:
		if r.pre > 0 && r.open.lang == "" {
			r.open.lang = language(t)
		}
	case atom.Li:
		r.flush()
		r.items++
	case atom.Tr:
		r.flush()
		r.row = true
	case atom.Td, atom.Th:
		if len(r.open.lines) > 0 {
			r.open.lines[len(r.open.lines)-1].text += " | "
		}
	case atom.Br:
		if r.pre > 0 {
			r.open.add(r.line, "")
		} else if !r.row {
			r.flush()
		}
	default:
		if blockElement(t.DataAtom) && !r.row && r.pre == 0 {
			r.flush()
		}
	}
}

func (r *pageReader) end(a atom.Atom) {
	switch a {
	case atom.Script, atom.Style, atom.Head, atom.Nav, atom.Noscript, atom.Template:
		r.hidden = max(r.hidden-1, 0)
	case atom.Pre:
		r.flush()
		r.pre = max(r.pre-1, 0)
	case atom.Li:
		r.flush()
		r.items = max(r.items-1, 0)
	case atom.Tr:
		r.flush()
		r.row = false
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		r.open.kind = Heading
		r.flush()
	default:
		if blockElement(a) && !r.row && r.pre == 0 {
			r.flush()
		}
	}
}

func (r *pageReader) text(data string) {
	if r.hidden > 0 {
		return
	}
	for i, line := range strings.Split(strings.ReplaceAll(data, hardBlank, " "), "\n") {
		switch {
		case r.pre > 0 && (i > 0 || len(r.open.lines) == 0):
			r.open.add(r.line+i, line)
		case r.pre > 0:
			r.open.lines[len(r.open.lines)-1].text += line
		case len(r.open.lines) == 0:
			if strings.TrimSpace(line) != "" {
				r.open.add(r.line+i, strings.TrimLeft(line, " \t"))
			}
		case i > 0:
			r.open.add(r.line+i, strings.TrimSpace(line))
		default:
			r.open.lines[len(r.open.lines)-1].text += line
		}
	}
}

// flush ends the current block.
func (r *pageReader) flush() {
	b := r.open
	r.open = block{}
	if r.pre > 0 {
		r.open.kind, r.open.lang = Code, b.lang
	}
	switch {
	case b.kind == Heading || b.kind == Code:
	case r.row:
		b.kind = Row
	case r.items > 0:
		b.kind = Item
	default:
		b.kind = Sentence
	}
	if strings.TrimSpace(b.joined("")) != "" {
		r.blocks = append(r.blocks, b)
	}
}

func blockElement(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Aside, atom.Ul, atom.Ol, atom.Dl, atom.Dt,
		atom.Dd,
		atom.Table, atom.Thead, atom.Tbody, atom.Blockquote, atom.Figure, atom.Figcaption, atom.Hr, atom.Body, atom.Title,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return false
}

// language returns the language in class="language-nginx".
func language(t html.Token) string {
	for _, a := range t.Attr {
		if a.Key != "class" {
			continue
		}
		for class := range strings.FieldsSeq(a.Val) {
			for _, prefix := range []string{"language-", "lang-", "highlight-source-"} {
				if name, ok := strings.CutPrefix(class, prefix); ok {
					return strings.ToLower(name)
				}
			}
		}
	}
	return ""
}
