package guide

import (
	"regexp"
	"strings"
	"unicode"
)

// The marks of plain text, Markdown and wikis at the beginning of a line.
var (
	fence    = regexp.MustCompile("^\\s*(?:```+|~~~+|\\{code[^}]*\\}|\\{noformat\\}|</?(?:pre|source|syntaxhighlight|nowiki)\\b[^>]*>)\\s*([A-Za-z]*)\\s*$")
	item     = regexp.MustCompile(`^\s*(?:[-*+•]|\d{1,2}[.)])\s+`)
	heading  = regexp.MustCompile(`^\s*(?:#{1,6}\s+|h[1-6]\.\s+|(?:={1,6})\s*[^=]+=+\s*$)`)
	rule     = regexp.MustCompile(`^\s*(?:\|?[\s|:=*_-]*-{2,}[\s|:=*_-]*|\{\|.*|\|[-}].*)$`)
	wikiMark = regexp.MustCompile(`'''?|</?(?:code|tt|b|i|em|strong|nowiki)>`)
)

// readText reads plain text, line by line: lines that were broken within a sentence
// are joined, others are statements of their own even without a blank line between.
func readText(text []byte) []block {
	var blocks []block
	var code *block
	open := false // whether the next line may go on with the last block
	for i, line := range strings.Split(string(text), "\n") {
		number := i + 1
		if m := fence.FindStringSubmatch(line); m != nil {
			if code != nil {
				blocks, code = append(blocks, *code), nil
			} else {
				code = &block{kind: Code, lang: strings.ToLower(m[1])}
			}
			open = false
			continue
		}
		if code != nil {
			code.add(number, line)
			continue
		}
		trimmed := strings.TrimSpace(wikiMark.ReplaceAllString(line, ""))
		kind, rest := Sentence, trimmed
		switch {
		case trimmed == "" || rule.MatchString(line):
			open = false
			continue
		case sample.MatchString(trimmed):
			kind = Log
		case strings.HasPrefix(trimmed, "|"):
			kind, rest = Row, cells(trimmed)
		case heading.MatchString(line):
			kind, rest = Heading, strings.Trim(heading.ReplaceAllString(strings.TrimRight(line, "= "), ""), " =#")
			if rest == "" {
				rest = strings.Trim(trimmed, " =#")
			}
		case item.MatchString(line):
			kind, rest = Item, strings.TrimSpace(item.ReplaceAllString(line, ""))
		case open && continues(blocks[len(blocks)-1], trimmed):
			blocks[len(blocks)-1].add(number, trimmed)
			continue
		}
		blocks = append(blocks, block{kind: kind, lines: []textLine{{number, rest}}})
		open = kind == Sentence || kind == Item
	}
	if code != nil {
		blocks = append(blocks, *code)
	}
	return blocks
}

// continues reports whether a line goes on with a block's last sentence.
func continues(b block, line string) bool {
	last := strings.TrimRight(b.lines[len(b.lines)-1].text, " ")
	first := []rune(line)[0]
	return last != "" && !strings.ContainsAny(last[len(last)-1:], ".!?:") && !strings.HasPrefix(last, "#") &&
		(unicode.IsLower(first) || unicode.IsDigit(first) || strings.ContainsRune("/`(\"'", first))
}

func cells(line string) string {
	var list []string
	for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
		list = append(list, strings.TrimSpace(cell))
	}
	return strings.Join(list, " | ")
}
