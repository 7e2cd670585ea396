// Package deployment reads a user's nginx configuration as it stands on a server: its
// files, what they say, what a lab must stand in for and what must differ in a lab. It
// runs nothing.
package deployment

import (
	"fmt"
	"strings"
)

// Directive is one statement of a configuration, and where it stands.
type Directive struct {
	Name   string
	Args   []string
	File   string // as nginx names it
	Line   int    // of its first word
	Block  []*Directive
	Parent *Directive // the block that it takes effect in, over files; nil: none

	braces     bool
	start, end int // of the text, from its first word to behind its ; or {
	close      int // of a block: its }
}

// Is reports whether the directive has one of the names.
func (d *Directive) Is(names ...string) bool {
	for _, name := range names {
		if d.Name == name {
			return true
		}
	}
	return false
}

// Arg is an argument, "" where there is none.
func (d *Directive) Arg(i int) string {
	if i < len(d.Args) {
		return d.Args[i]
	}
	return ""
}

// Value is all arguments, as one text.
func (d *Directive) Value() string { return strings.Join(d.Args, " ") }

// At is where it stands, for people.
func (d *Directive) At() string { return fmt.Sprintf("%s:%d", d.File, d.Line) }

// In returns the nearest block around it with one of the names, or nil.
func (d *Directive) In(names ...string) *Directive {
	for at := d.Parent; at != nil; at = at.Parent {
		if at.Is(names...) {
			return at
		}
	}
	return nil
}

const (
	maxDepth      = 64
	maxDirectives = 200_000
)

// Read reads one file as nginx does (ngx_conf_read_token), and keeps where each
// statement stands: what is changed in it can then be changed to the byte.
func Read(file, text string) ([]*Directive, error) {
	r := &reader{file: file, text: text, line: 1}
	all, err := r.block(nil, 0)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, r.line, err)
	}
	return all, nil
}

type reader struct {
	file, text string
	at, line   int
	count      int
}

// block reads statements to the end of the text, or of the block around them.
func (r *reader) block(parent *Directive, depth int) ([]*Directive, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d blocks within each other", maxDepth)
	}
	var all []*Directive
	for {
		d := &Directive{File: r.file, Parent: parent}
		end, err := r.statement(d)
		if err != nil {
			return nil, err
		}
		switch end {
		case 0:
			if parent != nil {
				return nil, fmt.Errorf("unexpected end of file, expecting \"}\" for the block of line %d", parent.Line)
			}
			return all, nil
		case '}':
			if parent == nil {
				return nil, fmt.Errorf("unexpected \"}\"")
			}
			parent.close = r.at - 1
			return all, nil
		case '{':
			d.braces = true
			if strings.HasSuffix(d.Name, "_by_lua_block") {
				if err := r.lua(d); err != nil {
					return nil, err
				}
				break
			}
			if d.Block, err = r.block(d, depth+1); err != nil {
				return nil, err
			}
		}
		if r.count++; r.count > maxDirectives {
			return nil, fmt.Errorf("more than %d directives", maxDirectives)
		}
		all = append(all, d)
	}
}

// statement reads words up to ; { or }, which it returns; 0 is the end of the text.
func (r *reader) statement(d *Directive) (byte, error) {
	for {
		r.blank()
		if r.at >= len(r.text) {
			if d.end != 0 {
				return 0, fmt.Errorf("unexpected end of file, expecting \";\" or \"}\"")
			}
			return 0, nil
		}
		switch c := r.text[r.at]; c {
		case ';', '{', '}':
			r.at++
			if (c == '}') != (d.end == 0) {
				return 0, fmt.Errorf("unexpected %q", c)
			}
			d.end = r.at
			return c, nil
		}
		if d.end == 0 {
			d.start, d.Line = r.at, r.line
		}
		word, err := r.word()
		if err != nil {
			return 0, err
		}
		if d.end == 0 {
			d.Name = word
		} else {
			d.Args = append(d.Args, word)
		}
		d.end = r.at
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
// only, and a brace behind a dollar sign belongs to a variable.
func (r *reader) word() (string, error) {
	quote := r.text[r.at]
	quoted := quote == '"' || quote == '\''
	if quoted {
		r.at++
	}
	start := r.at
	variable := false
	for ; r.at < len(r.text); r.at++ {
		c := r.text[r.at]
		if c == '\n' {
			r.line++
		}
		switch {
		case c == '\\':
			r.at++
			if r.at < len(r.text) && r.text[r.at] == '\n' {
				r.line++
			}
			variable = false
			continue
		case quoted && c == quote:
			word := unescape(r.text[start:r.at])
			r.at++
			if r.at < len(r.text) && !strings.ContainsRune(" \t\r\n;{)", rune(r.text[r.at])) {
				return "", fmt.Errorf("unexpected %q behind a quoted word", r.text[r.at])
			}
			return word, nil
		case quoted:
			continue
		case c == '{' && variable:
			variable = false
			continue
		case strings.IndexByte(" \t\r\n;{", c) >= 0:
			if c == '\n' {
				r.line-- // it is read again
			}
			return unescape(r.text[start:r.at]), nil
		}
		variable = c == '$'
	}
	if quoted {
		return "", fmt.Errorf("a quoted word that does not end")
	}
	return unescape(r.text[start:min(r.at, len(r.text))]), nil
}

// unescape turns what nginx turns: other backslashes are an expression's.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case '"', '\'', '\\':
				i++
			case 't':
				b.WriteByte('\t')
				i++
				continue
			case 'r':
				b.WriteByte('\r')
				i++
				continue
			case 'n':
				b.WriteByte('\n')
				i++
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// lua skips a block of another language: to its brace, strings and comments heeded.
func (r *reader) lua(d *Directive) error {
	for depth := 1; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '\n':
			r.line++
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				d.close = r.at
				r.at++
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
				} else if r.text[r.at] == '\n' {
					r.line++
				}
			}
		}
	}
	return fmt.Errorf("unexpected end of file in the block of line %d", d.Line)
}
