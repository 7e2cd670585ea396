package output

import "strings"

// Document is a page for a person. One description gives text for a terminal, Markdown and
// HTML.
//
// Its parts may hold text that nobody has checked: each form takes out of it what a
// terminal, Markdown or a browser would obey.
type Document []Block

// Block is one part of a document.
type Block interface {
	markdown() string
	html(b *strings.Builder)
	text(t *textWriter)
}

// Text is what stands in one line or paragraph.
type Text []Span

// Span is a part of a text that looks the same from end to end.
type Span struct {
	Text  string
	Style Style
}

// Style is how a span looks.
type Style int

// The styles.
const (
	Normal  Style = iota
	Command       // what can be typed into a shell
	Strong
	State // a verdict, which has a colour
)

// Plain is a text without any style.
func Plain(text string) Text { return Text{{Text: text}} }

// Spans joins texts.
func Spans(texts ...Text) Text {
	var all Text
	for _, text := range texts {
		all = append(all, text...)
	}
	return all
}

// Styled is a text of one style.
func Styled(style Style, text string) Text { return Text{{text, style}} }

// String is the text without its styles.
func (t Text) String() string {
	var b strings.Builder
	for _, s := range t {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Heading begins a part of the document. Level 1 is the title.
type Heading struct {
	Level int
	Text  Text
	About string // completes it: "BROKEN  what is changed", "## Broken: what is changed"
	ID    string // in HTML; "" for none
	// Capitals writes the heading in capitals in text, which has no other way to let it
	// stand out.
	Capitals bool
}

// Section is a heading of level 2 in capitals.
func Section(text, about string) Heading {
	return Heading{Level: 2, Text: Plain(text), About: about, Capitals: true}
}

// H is a heading without any style.
func H(level int, text string) Heading { return Heading{Level: level, Text: Plain(text)} }

// Paragraph is a paragraph.
type Paragraph struct{ Text Text }

// P is a paragraph without any style.
func P(text string) Paragraph { return Paragraph{Plain(text)} }

// Quote is a paragraph in somebody else's words.
type Quote struct{ Text Text }

// Prose is text of several paragraphs; a terminal gets its line breaks.
type Prose struct{ Text string }

// List is items, one below the other.
type List struct {
	Marks Marks
	Items []Item
}

// Marks is what stands in front of the items of a list in text; other forms have marks of
// their own.
type Marks int

// The marks.
const (
	NoMarks Marks = iota
	Bullets
	Numbers
)

// Item is an item of a list.
type Item struct {
	Text Text
	More []Text // paragraphs below it
}

// Items makes a list of plain texts.
func Items(texts ...string) List {
	var l List
	for _, text := range texts {
		l.Items = append(l.Items, Item{Text: Plain(text)})
	}
	return l
}

// Pairs is names with their values.
type Pairs struct {
	Width int // of the names in text
	Rows  []Pair
}

// Pair is a name with its value.
type Pair struct {
	Name, Value string
	More        []string // lines below the value
}

// Table is a table.
type Table struct {
	Grid
	Strong func(row int) bool // rows that stand out in HTML; nil: none
}

// Code is a file or a difference between files.
type Code struct{ Text string }

// Log is what a program has written.
type Log struct{ Text string }

// Details is blocks that a reader of HTML unfolds.
type Details struct {
	Summary Text
	Blocks  Document
}

// Gap is an empty line in text, and nothing in other forms.
type Gap struct{}
