package guide

import (
	"slices"
	"sort"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	gmtext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/gatewaylab/lab/internal/lazy"
)

// readMarkdown reads CommonMark with tables. It does not use goldmark's own extension for
// tables, because that comes with others, which delay the start of every command of lab by
// half a millisecond.
func readMarkdown(source []byte) []block {
	m := &markdown{source: source, starts: []int{0}}
	for i, b := range source {
		if b == '\n' {
			m.starts = append(m.starts, i+1)
		}
	}
	commonMark := parser.NewParser(parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithInlineParsers(parser.DefaultInlineParsers()...),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...))
	root := commonMark.Parse(gmtext.NewReader(source))
	_ = ast.Walk(root, m.visit)
	return m.blocks
}

type markdown struct {
	source []byte
	starts []int // where the lines begin
	blocks []block
	items  int // the depth of nested lists
}

func (m *markdown) line(offset int) int {
	return sort.Search(len(m.starts), func(i int) bool { return m.starts[i] > offset })
}

func (m *markdown) visit(n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		if n.Kind() == ast.KindListItem {
			m.items--
		}
		return ast.WalkContinue, nil
	}
	switch n := n.(type) {
	case *ast.ListItem:
		m.items++
	case *ast.Heading:
		return m.prose(n, Heading)
	case *ast.Paragraph, *ast.TextBlock:
		if m.items > 0 {
			return m.prose(n, Item)
		}
		return m.prose(n, Sentence)
	case *ast.FencedCodeBlock:
		return m.code(n, string(n.Language(m.source)))
	case *ast.CodeBlock:
		return m.code(n, "")
	case *ast.HTMLBlock:
		return m.html(n)
	}
	return ast.WalkContinue, nil
}

// delimiter matches the row below the head of a table.
var delimiter = lazy.Regexp(`^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$`)

// prose reads the text of a block and keeps the lines of the source. In CommonMark a table is
// a paragraph. Its head is left out, and each line below it is a row.
func (m *markdown) prose(n ast.Node, kind Kind) (ast.WalkStatus, error) {
	b := block{kind: kind}
	m.inline(n, &b)
	head := slices.IndexFunc(b.lines, func(l textLine) bool { return strings.Contains(l.text, "|") && delimiter().MatchString(l.text) })
	rows := b.lines[len(b.lines):]
	if head > 0 {
		b.lines, rows = b.lines[:head-1], b.lines[head+1:]
	}
	for i := range b.lines {
		b.lines[i].text = strings.ReplaceAll(b.lines[i].text, bar, "|")
	}
	if len(b.lines) > 0 {
		m.blocks = append(m.blocks, b)
	}
	for _, row := range rows {
		m.blocks = append(m.blocks, block{kind: Row, lines: []textLine{{row.number, markdownCells(row.text)}}})
	}
	return ast.WalkSkipChildren, nil
}

// bar stands for a | that does not separate cells. Guides contain no NUL.
const bar = "\x00"

var bars = strings.NewReplacer(`\|`, bar, "&#124;", bar, "&vert;", bar)

// markdownCells joins the cells of a row with " | ".
func markdownCells(line string) string {
	line = strings.TrimSpace(strings.ReplaceAll(line, `\|`, bar))
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	list := strings.Split(line, "|")
	for i, cell := range list {
		list[i] = strings.TrimSpace(cell)
	}
	return strings.ReplaceAll(strings.Join(list, " | "), bar, "|")
}

// inline adds the text below a node, without its markup.
func (m *markdown) inline(n ast.Node, b *block) {
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			text := n.Segment.Value(m.source)
			if n.Parent().Kind() != ast.KindCodeSpan {
				text = []byte(bars.Replace(string(text)))
				text = util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(text)))
			}
			m.add(b, m.line(n.Segment.Start), string(text))
			if n.SoftLineBreak() || n.HardLineBreak() {
				m.add(b, m.line(n.Segment.Stop)+1, "")
			}
		case *ast.String:
			m.add(b, 0, string(n.Value))
		case *ast.AutoLink:
			m.add(b, 0, string(n.URL(m.source)))
		case *ast.RawHTML:
			if strings.HasPrefix(string(n.Segments.Value(m.source)), "<br") {
				m.add(b, 0, " ")
			}
		}
		return ast.WalkContinue, nil
	})
}

// add adds a text to a line of the block. Line 0 means the last line.
func (m *markdown) add(b *block, line int, text string) {
	last := len(b.lines) - 1
	if last >= 0 && (line == 0 || b.lines[last].number >= line) {
		b.lines[last].text += text
		return
	}
	b.add(line, text)
}

// html reads the parts of the guide that are HTML.
func (m *markdown) html(n *ast.HTMLBlock) (ast.WalkStatus, error) {
	if n.Lines().Len() == 0 {
		return ast.WalkSkipChildren, nil
	}
	start, end := n.Lines().At(0).Start, n.Lines().At(n.Lines().Len()-1).Stop
	if n.HasClosure() {
		end = max(end, n.ClosureLine.Stop)
	}
	for _, b := range readHTML(m.source[start:end]) {
		for i := range b.lines {
			b.lines[i].number += m.line(start) - 1
		}
		m.blocks = append(m.blocks, b)
	}
	return ast.WalkSkipChildren, nil
}

func (m *markdown) code(n ast.Node, lang string) (ast.WalkStatus, error) {
	b := block{kind: Code, lang: strings.ToLower(lang)}
	for i := range n.Lines().Len() {
		segment := n.Lines().At(i)
		b.add(m.line(segment.Start), strings.TrimRight(string(segment.Value(m.source)), "\n"))
	}
	if len(b.lines) > 0 {
		m.blocks = append(m.blocks, b)
	}
	return ast.WalkSkipChildren, nil
}
