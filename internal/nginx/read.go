package nginx

import (
	"errors"
	"fmt"
	"strings"
)

const (
	maxDepth      = 64
	maxDirectives = 200_000
)

// ReadConfig reads one file as nginx does (ngx_conf_read_token), and keeps where each
// directive stands, so that it can be changed to the byte. An error names the file and
// the line.
func ReadConfig(file, text string) ([]*Directive, error) {
	r := &reader{file: file, text: text, line: 1}
	all, err := r.block(nil, 0)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, r.line, err)
	}
	return all, nil
}

// ReadSnippet reads as much as there is of a part of a configuration, such as people put
// into a text: semicolons, quotes and braces may be missing. stray is where closing
// braces stand that close nothing.
func ReadSnippet(text string) (all []*Directive, stray []int) {
	r := &reader{text: text, line: 1, lenient: true}
	all, _ = r.block(nil, 0) // there are no errors for a lenient reader
	return all, r.stray
}

type reader struct {
	file, text string
	at, line   int
	count      int
	lenient    bool
	stray      []int
}

// cut says that a statement has no end of its own: a brace or the end of the text ends it.
const cut byte = 1

// block reads statements to the end of the text, or of the block around them.
func (r *reader) block(parent *Directive, depth int) ([]*Directive, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d blocks within each other", maxDepth)
	}
	var all []*Directive
	for {
		d := &Directive{File: r.file, Parent: parent, text: r.text}
		end, err := r.statement(d)
		if err != nil {
			return nil, err
		}
		switch {
		case end == 0 && parent != nil && !r.lenient:
			return nil, fmt.Errorf("unexpected end of file, expecting \"}\" for the block of line %d", parent.Line)
		case end == 0:
			return all, nil
		case end == '}' && parent != nil:
			parent.Ended = true
			return all, nil
		case end == '}' && r.lenient:
			r.stray = append(r.stray, r.at-1)
			continue
		case end == '}':
			return nil, errors.New("unexpected \"}\"")
		case end == '{':
			if err := r.inside(d, depth); err != nil {
				return nil, err
			}
		}
		if r.count++; r.count > maxDirectives && !r.lenient {
			return nil, fmt.Errorf("more than %d directives", maxDirectives)
		}
		all = append(all, d)
	}
}

// inside reads a block behind its opening brace.
func (r *reader) inside(d *Directive, depth int) (err error) {
	d.IsBlock, d.Body = true, r.at
	switch {
	case isLua(d.Name):
		err = r.lua(d)
	case depth < maxDepth || !r.lenient:
		d.Block, err = r.block(d, depth+1)
	}
	d.End = r.at
	return err
}

// statement reads words up to ; { or }, which it returns; 0 is the end of the text.
func (r *reader) statement(d *Directive) (byte, error) {
	for {
		r.blank()
		begun := len(d.Words) > 0
		if r.at >= len(r.text) {
			switch {
			case !begun:
				return 0, nil
			case r.lenient:
				d.End = r.at
				return cut, nil
			}
			return 0, errors.New("unexpected end of file, expecting \";\" or \"}\"")
		}
		switch c := r.text[r.at]; c {
		case ';', '{', '}':
			switch {
			case (c == '}') != begun:
				r.at++
				d.End, d.Ended = r.at, c == ';'
				return c, nil
			case !r.lenient:
				return 0, fmt.Errorf("unexpected %q", c)
			case c == '}':
				d.End = r.at
				return cut, nil
			}
			r.at++
			continue
		}
		if !begun {
			d.Start, d.Line = r.at, r.line
		}
		start := r.at
		word, err := r.word()
		if err != nil {
			return 0, err
		}
		d.Words = append(d.Words, Span{start, r.at})
		if begun {
			d.Args = append(d.Args, word)
		} else {
			d.Name = word
		}
	}
}

// blank skips white space and comments.
func (r *reader) blank() {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == '\n':
			r.line++
		case c == ' ' || c == '\t' || c == '\r':
		case c == '#':
			for r.at < len(r.text) && r.text[r.at] != '\n' {
				r.at++
			}
			continue
		default:
			return
		}
		r.at++
	}
}

// word reads one word; behind it stands what ended it. A quote counts at a word's start
// only.
func (r *reader) word() (string, error) {
	if c := r.text[r.at]; c == '"' || c == '\'' {
		return r.quoted(c)
	}
	start := r.at
	dollar, variable := false, false // behind a dollar sign; within ${…}
	for r.at < len(r.text) {
		c := r.text[r.at]
		switch {
		case c == '\\':
			r.escaped()
			dollar = false
			continue
		case c == '{' && dollar:
			variable = true
		case c == '}' && variable:
			variable = false
		case strings.IndexByte(" \t\r\n;{", c) >= 0, c == '}' && r.lenient:
			return unescape(r.text[start:r.at]), nil
		}
		dollar = c == '$'
		r.at++
	}
	return unescape(r.text[start:]), nil
}

// quoted reads a word between quotes.
func (r *reader) quoted(quote byte) (string, error) {
	r.at++
	start := r.at
	for r.at < len(r.text) {
		switch c := r.text[r.at]; c {
		case '\\':
			r.escaped()
			continue
		case '\n':
			r.line++
		case quote:
			word := unescape(r.text[start:r.at])
			r.at++
			if !r.lenient && r.at < len(r.text) && strings.IndexByte(" \t\r\n;{)", r.text[r.at]) < 0 {
				return "", fmt.Errorf("unexpected %q behind a quoted word", r.text[r.at])
			}
			return word, nil
		}
		r.at++
	}
	if !r.lenient {
		return "", errors.New("a quoted word that does not end")
	}
	return unescape(r.text[start:]), nil
}

// escaped skips a backslash and what is behind it.
func (r *reader) escaped() {
	r.at++
	if r.at < len(r.text) {
		if r.text[r.at] == '\n' {
			r.line++
		}
		r.at++
	}
}

var escapes = map[byte]byte{'"': '"', '\'': '\'', '\\': '\\', 't': '\t', 'r': '\r', 'n': '\n'}

// unescape replaces the escapes that nginx replaces: other backslashes are a regular
// expression's.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			if by, ok := escapes[s[i+1]]; ok {
				c = by
				i++
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

// isLua reports whether the block of a directive is in Lua.
func isLua(name string) bool { return strings.HasSuffix(name, "_by_lua_block") }

// lua skips a block in Lua: braces in its strings and comments do not count.
func (r *reader) lua(d *Directive) error {
	for depth := 1; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '\n':
			r.line++
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				r.at++
				d.Ended = true
				return nil
			}
		case strings.HasPrefix(r.text[r.at:], "--"):
			for r.at+1 < len(r.text) && r.text[r.at+1] != '\n' {
				r.at++
			}
		case c == '"' || c == '\'':
			for r.at++; r.at < len(r.text) && r.text[r.at] != c; r.at++ {
				if r.text[r.at] == '\\' {
					r.at++
				}
				if r.at < len(r.text) && r.text[r.at] == '\n' {
					r.line++
				}
			}
		}
	}
	r.at = min(r.at, len(r.text))
	if r.lenient {
		return nil
	}
	return fmt.Errorf("unexpected end of file in the block of line %d", d.Line)
}
