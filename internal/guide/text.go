package guide

import (
	"strings"
	"unicode"

	"github.com/gatewaylab/lab/internal/lazy"
)

// These match the marks of plain text, Markdown and wikis at the beginning of a line.
var (
	fence = lazy.Regexp("^\\s*(?:```+|~~~+|\\{code[^}]*\\}|\\{noformat\\}|" +
		"</?(?:pre|source|syntaxhighlight|nowiki)\\b[^>]*>)\\s*([A-Za-z]*)\\s*$")
	item     = lazy.Regexp(`^\s*(?:[-+•]|[*#]{2,6}|\*|\d{1,2}[.)])\s+`)
	heading  = lazy.Regexp(`^\s*(?:#{1,6}\s+|h[1-6]\.\s+|(?:={1,6})\s*[^=]+=+\s*$)`)
	rule     = lazy.Regexp(`^\s*(?:\|?[\s|:=*_-]*-{2,}[\s|:=*_-]*|\{\|.*|\|[-}].*)$`)
	command  = lazy.Regexp(`^\s*(?:[$>]\s+)?[a-z][a-z0-9_./-]*(?:\s+[^\sA-Z]|$)`)
	runs     = lazy.Regexp(`^(?:sudo|systemctl|journalctl|tail|ss|netstat|curl|docker) `)
	wikiMark = lazy.Regexp(`'''?|</?(?:code|tt|b|i|em|strong|nowiki)>`)
)

// readText reads plain text line by line. It joins lines that were broken within a sentence.
// Other lines become statements of their own even if there is no empty line between them.
func readText(text []byte) []block {
	var blocks []block
	var code *block
	open := false // whether the next line may continue the last block
	lines := strings.Split(string(text), "\n")
	var bare block // configuration without a fence
	until := 0     // the line at which it ends
	for i, line := range lines {
		number := i + 1
		if m := fence().FindStringSubmatch(line); m != nil {
			if code != nil {
				blocks, code = append(blocks, *code), nil
			} else {
				code = &block{kind: Code, lang: fenceLanguage(line, m[1])}
			}
			open = false
			continue
		}
		if code != nil {
			code.add(number, line)
			continue
		}
		if n := configLines(lines[i:]); i >= until && n > 0 {
			bare = block{kind: Code, lang: "nginx"}
			until = i + n
		}
		if i < until {
			bare.add(number, line)
			if i == until-1 {
				blocks, open = append(blocks, bare), false
			}
			continue
		}
		trimmed := strings.TrimSpace(wikiMark().ReplaceAllString(line, ""))
		kind, rest := Sentence, trimmed
		switch {
		case trimmed == "" || rule().MatchString(line):
			open = false
			continue
		case sample().MatchString(trimmed):
			kind = Log
		case strings.HasPrefix(trimmed, "|"), strings.HasPrefix(trimmed, "!") && strings.Contains(trimmed, "!!"):
			kind, rest = Row, cells(trimmed)
		case strings.HasPrefix(trimmed, "# ") && i+1 < len(lines) && command().MatchString(lines[i+1]):
			// This is a comment above a command, as in a shell script.
			kind, rest = Item, strings.TrimSpace(item().ReplaceAllString(strings.TrimLeft(trimmed, "# "), ""))
		case heading().MatchString(line):
			kind, rest = Heading, strings.Trim(heading().ReplaceAllString(strings.TrimRight(line, "= "), ""), " =#")
			if rest == "" {
				rest = strings.Trim(trimmed, " =#")
			}
		case item().MatchString(line):
			kind, rest = Item, strings.TrimSpace(item().ReplaceAllString(line, ""))
		case open && continues(blocks[len(blocks)-1], trimmed):
			blocks[len(blocks)-1].add(number, trimmed)
			continue
		}
		blocks = append(blocks, block{kind: kind, lines: []textLine{{number, rest}}})
		open = (kind == Sentence || kind == Item) && !strings.HasPrefix(trimmed, "# ")
	}
	if code != nil {
		blocks = append(blocks, *code)
	}
	return blocks
}

var (
	tagLanguage = lazy.Regexp(`(?i)(?:\blang(?:uage)?=["']?|\{code:)([A-Za-z][\w-]*)(?:[^\w=-]|$)`)
	configBlock = lazy.Regexp(`^\s*(?:server|http|events|stream|location\s[^{}]+|upstream\s+[\w.-]+|map\s+\S+\s+\S+|` +
		`if\s*\(.*\))\s*\{\s*(?:#.*)?$`)
	configLine = lazy.Regexp(`^\s*[a-z][a-z0-9]*(?:_[a-z0-9]+)+\s+[^;{}]+;\s*(?:#.*)?$`)
)

// maxBare is the most lines of configuration without a fence.
const maxBare = 400

// configLines returns how many of the first lines are nginx configuration without a fence:
// either a block up to its closing brace, or directives on consecutive lines.
func configLines(lines []string) int {
	if configBlock().MatchString(lines[0]) {
		depth := 0
		for i, line := range lines[:min(len(lines), maxBare)] {
			line, _, _ = strings.Cut(line, "#")
			if depth += strings.Count(line, "{") - strings.Count(line, "}"); depth <= 0 {
				return i + 1
			}
		}
		return 0
	}
	n := 0
	for n < min(len(lines), maxBare) && configLine().MatchString(lines[n]) {
		n++
	}
	if n < 2 {
		return 0
	}
	return n
}

// fenceLanguage returns the language of a fence, as in ```nginx, {code:nginx} or
// <syntaxhighlight lang="nginx">.
func fenceLanguage(line, plain string) string {
	if m := tagLanguage().FindStringSubmatch(line); m != nil {
		plain = m[1]
	}
	return strings.ToLower(plain)
}

// continues reports whether a line continues the last sentence of a block.
func continues(b block, line string) bool {
	last := strings.TrimRight(b.lines[len(b.lines)-1].text, " ")
	first := []rune(line)[0]
	return last != "" && !runs().MatchString(line) && !strings.ContainsAny(last[len(last)-1:], ".!?:") && !strings.HasPrefix(last, "#") &&
		(unicode.IsLower(first) || unicode.IsDigit(first) || strings.ContainsRune("/`(\"'", first))
}

func cells(line string) string {
	var list []string
	line = strings.ReplaceAll(strings.ReplaceAll(line, "||", "|"), "!!", "|")
	for cell := range strings.SplitSeq(strings.Trim(line, "|!"), "|") {
		list = append(list, strings.TrimSpace(cell))
	}
	return strings.Join(list, " | ")
}
