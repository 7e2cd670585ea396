// Package guide reads troubleshooting guides and claims about them, and decides the claims by
// what trials have seen. It runs no trial.
package guide

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
)

// Kind is the kind of text that a statement is in its guide.
type Kind string

const (
	Heading  Kind = "heading"
	Sentence Kind = "sentence"
	Item     Kind = "item" // a sentence of a list item
	Row      Kind = "row"  // a row of a table, with its cells joined by " | "
	Log      Kind = "log"  // a sample of nginx's error log
	Code     Kind = "code" // a block: configuration or commands
)

// Statement is one thing that a guide says.
type Statement struct {
	Line int    `json:"line"` // the line on which it begins, from 1
	End  int    `json:"end"`  // the line on which it ends
	Kind Kind   `json:"kind"`
	Lang string `json:"lang,omitempty"` // the language of a code block, if the guide names one
	Text string `json:"text"`           // the text as a reader sees it, without markup; for code, its lines

	keys   keys
	breaks []lineBreak // where further lines of the guide begin in the text
}

// lineBreak is a position in a statement's text at which a line of the guide begins.
type lineBreak struct{ at, line int }

// LineAt returns the line of the guide at a position in the text.
func (s Statement) LineAt(at int) int {
	line := s.Line
	for _, b := range s.breaks {
		if b.at <= at {
			line = b.line
		}
	}
	return line
}

// Parts splits the text into the lines of the guide.
func (s Statement) Parts() []string {
	var list []string
	from := 0
	for _, b := range s.breaks {
		list, from = append(list, s.Text[from:b.at]), b.at
	}
	return append(list, s.Text[from:])
}

// Document is a guide: its statements in order.
type Document struct {
	Name       string // the name of the file; "-" is standard input
	Lines      int
	Statements []Statement
}

// MaxDocument is the most bytes of a guide. Books are smaller.
const MaxDocument = 4 << 20

// Read reads a guide. It may be HTML, Markdown, or plain text with some marks of Markdown or
// of a wiki. The suffix of the name decides which it is; if the suffix says nothing, the text
// decides.
func Read(name string, text []byte) (Document, error) {
	switch {
	case len(text) > MaxDocument:
		return Document{}, fmt.Errorf("reading the guide %q: it has more than %d bytes: name a single page", name, MaxDocument)
	case !utf8.Valid(text) || bytes.ContainsRune(text, 0):
		return Document{}, fmt.Errorf("reading the guide %q: it is not UTF-8: save it as text, Markdown or HTML in UTF-8", name)
	case len(bytes.TrimSpace(text)) == 0:
		return Document{}, fmt.Errorf("reading the guide %q: it is empty", name)
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	text = bytes.ReplaceAll(text, []byte(hardBlank), []byte(" "))
	var blocks []block
	switch format(name, text) {
	case "html":
		blocks = readHTML(text)
	case "markdown":
		blocks = readMarkdown(text)
	default:
		blocks = readText(text)
	}
	d := Document{Name: name, Lines: bytes.Count(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) + 1}
	for _, b := range blocks {
		d.Statements = append(d.Statements, b.statements()...)
	}
	if len(d.Statements) == 0 {
		return d, fmt.Errorf("reading the guide %q: %w", name, errNoText)
	}
	return d, nil
}

// hardBlank is the non-breaking space, which web pages use even in configurations. nginx does
// not accept it as white space.
const hardBlank = "\u00a0"

var errNoText = errors.New("there is no text in it")

var htmlStart = lazy.Regexp(`(?i)^\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body|article|div|p|h1)\b`)

func format(name string, text []byte) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm", ".xhtml":
		return "html"
	case ".md", ".markdown", ".mdx":
		return "markdown"
	case ".txt", ".text", ".wiki":
		return "text"
	}
	switch {
	case htmlStart().Match(text):
		return "html"
	case bytes.Contains(text, []byte("\n```")) || bytes.HasPrefix(text, []byte("# ")) || bytes.Contains(text, []byte("\n## ")):
		return "markdown"
	}
	return "text"
}

// block is a paragraph, a list item, a table row or a code block, line by line.
type block struct {
	kind  Kind
	lang  string
	lines []textLine
}

type textLine struct {
	number int
	text   string
}

func (b *block) add(number int, text string) { b.lines = append(b.lines, textLine{number, text}) }

// sample matches the start of a log line as guides print it, where the time may be missing.
var sample = lazy.Regexp(`^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )?\[(` + nginx.LevelWords + `)\] `)

// statements splits a block into statements: prose into sentences, and code into samples of
// the log and the lines between them.
func (b block) statements() []Statement {
	switch b.kind {
	case Code:
		return b.code()
	case Row, Heading, Log:
		for i := range b.lines { // spaces around cells are only layout
			b.lines[i].text = strings.Join(strings.Fields(b.lines[i].text), " ")
		}
		text := b.joined(" ")
		if strings.Trim(text, " |-=#:") == "" {
			return nil
		}
		return []Statement{b.part(b.starts(), 0, text)}
	}
	var list []Statement
	text, starts := b.joined(" "), b.starts()
	begin := 0
	for _, end := range append(ends(text), len(text)) {
		part := text[begin:end]
		lead := len(part) - len(strings.TrimLeft(part, " -–—*•"))
		if part = strings.TrimSpace(part[lead:]); strings.Trim(part, ".,;:!?-–—|") != "" {
			s := b.part(starts, begin+lead, part)
			if sample().MatchString(part) {
				s.Kind = Log
			}
			list = append(list, s)
		}
		begin = end
	}
	return list
}

func (b block) joined(by string) string {
	var texts []string
	for _, l := range b.lines {
		texts = append(texts, l.text)
	}
	return strings.Join(texts, by)
}

// starts returns the positions at which the lines begin in the joined text.
func (b block) starts() []int {
	at, list := 0, make([]int, len(b.lines))
	for i, l := range b.lines {
		list[i] = at
		at += len(l.text) + 1
	}
	return list
}

// part makes a statement from a part of the joined text, with the lines that it spans.
func (b block) part(starts []int, from int, text string) Statement {
	at := func(position int) int { return max(sort.SearchInts(starts, position+1)-1, 0) }
	first, last := at(from), at(from+len(text)-1)
	s := Statement{Line: b.lines[first].number, End: b.lines[last].number, Kind: b.kind, Lang: b.lang, Text: text}
	for i := first + 1; i <= last; i++ {
		s.breaks = append(s.breaks, lineBreak{starts[i] - from, b.lines[i].number})
	}
	return s
}

// code makes a statement of each sample of the log, and one of all lines between two samples.
func (b block) code() []Statement {
	var list []Statement
	text, starts := b.joined("\n"), b.starts()
	begin := -1 // the first line that is not in a statement yet
	flush := func(end int) {
		if begin >= 0 {
			if part := strings.TrimRight(text[starts[begin]:end], "\n "); part != "" {
				list = append(list, b.part(starts, starts[begin], part))
			}
			begin = -1
		}
	}
	for i, l := range b.lines {
		switch trimmed := strings.TrimSpace(l.text); {
		case trimmed == "":
		case sample().MatchString(trimmed):
			flush(starts[i])
			list = append(list, Statement{Line: l.number, End: l.number, Kind: Log, Text: trimmed})
		case begin < 0:
			begin = i
		}
	}
	flush(len(text))
	return list
}

// A sentence ends where a mark is followed by white space and by the beginning of another
// sentence.
var sentenceEnd = lazy.Regexp("[.!?][\"'”’)`]*\\s+(?:[-–—•] )?[\"'“‘(`*]*[A-Z0-9]")

// Dots after these abbreviations do not end a sentence.
var abbreviation = lazy.Regexp(`(?i)\b(e\.g|i\.e|vs|cf|approx|no|fig|etc)\.$`)

// longest is more than the length of the longest abbreviation.
const longest = 16

// ends returns the positions at which sentences end, except for the last one.
func ends(text string) []int {
	if sample().MatchString(text) {
		return nil
	}
	var list []int
	for begin := 0; ; {
		m := sentenceEnd().FindStringIndex(text[begin:])
		if m == nil {
			return list
		}
		at := begin + m[0] + 1
		for at < len(text) && strings.ContainsRune("\"')`", rune(text[at])) {
			at++
		}
		if !abbreviation().MatchString(text[max(0, begin+m[0]-longest) : begin+m[0]+1]) {
			list = append(list, at)
		}
		begin = at
	}
}
