package scan

import "strings"

// directive is one of a configuration, with its place in the text. The library that
// reads whole configurations keeps lines only, and stops at what is wrong.
type directive struct {
	name       string
	args       []string
	words      []span // of the name and the arguments
	block      []directive
	isBlock    bool
	start, end int  // of all of it
	body       int  // where a block's inside begins
	ended      bool // by its ; or }
}

// span is a part of a text.
type span struct{ start, end int }

// maxDepth bounds blocks inside blocks.
const maxDepth = 32

// configReader reads as much as there is.
type configReader struct {
	text string
	at   int
	// stray is where a } stands that closes nothing; -1: nowhere.
	stray int
}

// readConfig reads a configuration or a part of one.
func readConfig(text string) (list []directive, stray int) {
	r := &configReader{text: text, stray: -1}
	for r.at < len(text) {
		list = append(list, r.list(0)...)
		if r.at < len(text) { // at a } that closes nothing
			if r.stray < 0 {
				r.stray = r.at
			}
			r.at++
		}
	}
	return list, r.stray
}

// list reads directives up to the end of the block.
func (r *configReader) list(depth int) []directive {
	var all []directive
	for {
		r.blanks()
		if r.at >= len(r.text) || r.text[r.at] == '}' {
			return all
		}
		if c := r.text[r.at]; c == ';' || c == '{' {
			r.at++
			continue
		}
		d := directive{start: r.at}
		for {
			r.blanks()
			if r.at >= len(r.text) {
				break
			}
			c := r.text[r.at]
			if c == ';' {
				r.at++
				d.ended = true
				break
			}
			if c == '}' {
				break
			}
			if c == '{' {
				r.at++
				d.isBlock, d.body = true, r.at
				if raw(d.name) {
					r.skipRaw()
				} else if depth < maxDepth {
					d.block = r.list(depth + 1)
				}
				if r.at < len(r.text) && r.text[r.at] == '}' {
					r.at++
					d.ended = true
				}
				break
			}
			begin := r.at
			word := r.word()
			d.words = append(d.words, span{begin, r.at})
			if d.name == "" {
				d.name = word
			} else {
				d.args = append(d.args, word)
			}
		}
		d.end = r.at
		all = append(all, d)
	}
}

// raw reports whether a block holds another language than nginx's.
func raw(name string) bool { return strings.HasSuffix(name, "_by_lua_block") }

func (r *configReader) skipRaw() {
	for depth := 0; r.at < len(r.text); r.at++ {
		switch r.text[r.at] {
		case '{':
			depth++
		case '}':
			if depth == 0 {
				return
			}
			depth--
		}
	}
}

func (r *configReader) blanks() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		case '#':
			for r.at < len(r.text) && r.text[r.at] != '\n' {
				r.at++
			}
		default:
			return
		}
	}
}

// word reads one argument, without its quotes.
func (r *configReader) word() string {
	var b strings.Builder
	if c := r.text[r.at]; c == '"' || c == '\'' {
		r.at++
		for r.at < len(r.text) && r.text[r.at] != c {
			if r.text[r.at] == '\\' && r.at+1 < len(r.text) {
				r.at++
			}
			b.WriteByte(r.text[r.at])
			r.at++
		}
		r.at = min(r.at+1, len(r.text))
		return b.String()
	}
	for r.at < len(r.text) {
		c := r.text[r.at]
		switch {
		case c == '\\' && r.at+1 < len(r.text):
			b.WriteByte(c)
			r.at++
			b.WriteByte(r.text[r.at])
			r.at++
			continue
		case c == '$' && r.at+1 < len(r.text) && r.text[r.at+1] == '{':
			end := strings.IndexByte(r.text[r.at:], '}')
			if end < 0 {
				end = len(r.text) - r.at - 1
			}
			b.WriteString(r.text[r.at : r.at+end+1])
			r.at += end + 1
			continue
		case strings.IndexByte(" \t\r\n;{}", c) >= 0:
			return b.String()
		}
		b.WriteByte(c)
		r.at++
	}
	return b.String()
}

// each visits directives and those inside them.
func each(list []directive, visit func(d directive, inside []directive)) {
	for _, d := range list {
		visit(d, list)
		each(d.block, visit)
	}
}

// lineOf is the line of a position, from 0.
func lineOf(text string, at int) int { return strings.Count(text[:min(at, len(text))], "\n") }

// blank replaces a part of a text by blanks, and keeps its lines.
func blank(text string, start, end int) string {
	return text[:start] + strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, text[start:end]) + text[end:]
}
