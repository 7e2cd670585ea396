package nginx

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Directive is one statement of a configuration, and where it stands in its text. Parts
// of the text are given by their first byte and the one behind their last.
type Directive struct {
	Name    string
	Args    []string // as nginx understands them: without quotes and escapes
	File    string   // as nginx names it
	Line    int      // of the name
	Parent  *Directive
	IsBlock bool
	Block   []*Directive // what stands inside, unless it is another language's

	Words      []Span // of the name and the arguments, with their quotes
	Start, End int    // of all of it, with its semicolon or braces
	Body       int    // where the inside of a block begins
	Ended      bool   // false: its semicolon or closing brace is missing

	text string // of the whole file
}

// Span is a part of a text.
type Span struct{ Start, End int }

// Is reports whether the directive has one of the names.
func (d *Directive) Is(names ...string) bool { return slices.Contains(names, d.Name) }

// Arg is an argument, "" where there is none.
func (d *Directive) Arg(i int) string {
	if i < len(d.Args) {
		return d.Args[i]
	}
	return ""
}

// Value is all arguments as one text.
func (d *Directive) Value() string { return strings.Join(d.Args, " ") }

// At is the file and line, for people.
func (d *Directive) At() string { return fmt.Sprintf("%s:%d", d.File, d.Line) }

// Column is where in its line the name begins, in characters, from 1.
func (d *Directive) Column() int {
	before := d.text[:d.Start]
	return 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}

// Head is the text of a directive, of a block up to its opening brace.
func (d *Directive) Head() string {
	if d.IsBlock {
		return d.text[d.Start:d.Body]
	}
	return d.text[d.Start:d.End]
}

// In returns the nearest block around the directive with one of the names, or nil.
func (d *Directive) In(names ...string) *Directive {
	for at := d.Parent; at != nil; at = at.Parent {
		if at.Is(names...) {
			return at
		}
	}
	return nil
}

// Walk visits directives, blocks before what is in them.
func Walk(list []*Directive, visit func(*Directive)) {
	for _, d := range list {
		visit(d)
		Walk(d.Block, visit)
	}
}
