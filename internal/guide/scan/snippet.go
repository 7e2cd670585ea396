package scan

import (
	"regexp"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
)

// snippet is a part of nginx's configuration in a guide.
type snippet struct {
	statement guide.Statement
	offset    int    // of the text in the statement's
	text      string // as the guide has it
	shown     bool   // in a block of its own, and not inside a sentence
	name      bool   // it is only a directive's name, in a sentence
	excused   bool   // the guide itself says that it is wrong, or old

	tried    string // the text as it is given to nginx, mended after each mistake that was found
	findings []Finding
	filled   bool   // it has blanks to be filled in, which were left out
	passed   bool   // nginx takes what is left
	trouble  string // why nothing was decided
	trial    string
}

func (s *snippet) line(at int) int { return s.statement.LineAt(s.offset + at) }

// maxSnippet bounds a snippet, in bytes; maxSnippets how many of a guide are tried.
const (
	maxSnippet  = 64 << 10
	maxSnippets = 500
	// maxProse bounds a sentence in which snippets are looked for, and maxInline one of
	// these.
	maxProse  = 16 << 10
	maxInline = 2 << 10
)

var (
	// What says that a snippet is shown because it is wrong, or old.
	excuse = lazy.Regexp(
		`(?i)\b(wrong|bad|incorrect|mistake\w*|typos?|misspel\w*|deprecated|obsolete|removed|legacy|old(er)? (way|syntax|versions?|form)|no longer|won't|will not|(does|did) not (work|help)|(doesn't|didn't) (work|help)|do not use|don't use|confus\w+|semicolon is missing|(missing|forgot\w*) (a |the )?semicolon|do not do|don't do|do not write|don't write|never (use|write)|invalid|not allowed|refuses?|rejects?|before|prior to|until)\b`,
	)
	// Words of configuration languages that are not nginx's.
	otherLanguage = lazy.Regexp(
		`(?m)^\s*(apiVersion:|services:|FROM \S+|RUN |<\?php|import |def |#!/|const |var |func |upstream_\w+:|\[\w+\]\s*$)`,
	)
	inlineBlock  = lazy.Regexp(`\b(?:location(?:\s+(?:=|~\*?|\^~|@))?\s*\S+|server|upstream\s+[\w.-]+|http|events|if\s*\([^)]*\))\s*\{`)
	inlineSimple = lazy.Regexp(`[a-z][a-z0-9]*(?:_[a-z0-9]+)+\s[^;{}\n]{1,200};`)
	inlinePlain  = lazy.Regexp(
		`\b(?:listen\s+[\d\[*][^;{}\n]{0,60}|return\s+[1-5]\d\d[^;{}\n]{0,60}|ssl\s+(?:on|off)|http[23]\s+(?:on|off)|resolver\s+[\d\[][^;{}\n]{0,60}|keepalive\s+\d+\w*|gzip\s+(?:on|off)|root\s+/[^\s;{}]+|internal);`,
	)
	inlineUnit = lazy.Regexp(`\b([a-z]+(?:_[a-z]+)+(?:_timeout|_size|_interval|_timeframe))\s+(\d+[A-Za-z]+)\b`)
	words      = lazy.Regexp(`[A-Za-z]+`)
)

// shellOrOther reports whether a code block is in another language than nginx's.
func shellOrOther(lang string) bool {
	switch lang {
	case "",
		"nginx",
		"nginxconf",
		"conf",
		"config",
		"nginx.conf",
		"text",
		"txt",
		"plaintext",
		"plain",
		"none",
		"cfg",
		"apacheconf",
		"apache",
		"c",
		"perl",
		"default",
		"nohighlight":
		return false
	}
	return true
}

// snippetsOf finds the configuration in a statement.
func snippetsOf(all []guide.Statement, i int) []*snippet {
	s := all[i]
	if s.Kind == guide.Code {
		if shellOrOther(s.Lang) || len(s.Text) > maxSnippet || !readsAsConfig(s.Text, s.Lang) {
			return nil
		}
		one := &snippet{statement: s, text: s.Text, shown: true, excused: excused(s.Text, true)}
		if i > 0 && all[i-1].Kind != guide.Code && strings.HasSuffix(strings.TrimSpace(all[i-1].Text), ":") {
			one.excused = one.excused || excused(all[i-1].Text, false)
		}
		return []*snippet{one}
	}
	if s.Kind == guide.Log || s.Kind == guide.Heading || len(s.Text) > maxProse {
		return nil
	}
	var list []*snippet
	taken := 0
	add := func(start, end int) {
		if start >= taken && end-start <= maxSnippet {
			list = append(list, &snippet{statement: s, offset: start, text: s.Text[start:end], excused: excused(s.Text, false)})
			taken = end
		}
	}
	for at := 0; at < len(s.Text); {
		m := nearest(s.Text[at:])
		if m == nil {
			break
		}
		start, end := at+m[0], at+m[1]
		if s.Text[end-1] == '{' {
			length, closed := blockLength(s.Text[start:min(len(s.Text), start+maxInline)])
			if closed {
				add(start, start+length)
				at = start + length
				continue
			}
			at = end
			continue
		}
		if n := glued(s.Text[start:end]); n >= 0 {
			add(start+n, end)
			at = end
			continue
		}
		at = start + len(strings.Fields(s.Text[start:end])[0])
	}
	for _, m := range nameInProse().FindAllStringSubmatchIndex(s.Text, -1) {
		name := s.Text[m[2]:m[3]]
		if looksLikeOne(name) && len(name) >= leastName && !knownDirective(name) && !plural(name) && near(name) != "" &&
			!inside(list, m[2]) {
			list = append(
				list,
				&snippet{statement: s, offset: m[2], text: name + standInArgument, name: true, excused: excused(s.Text, false)},
			)
		}
	}
	for _, m := range inlineUnit().FindAllStringSubmatchIndex(s.Text, -1) {
		if knownDirective(s.Text[m[2]:m[3]]) && !strings.HasPrefix(s.Text[m[1]:], ";") {
			list = append(list, &snippet{statement: s, offset: m[0], text: s.Text[m[0]:m[1]] + ";", excused: excused(s.Text, false)})
		}
	}
	return list
}

// nameInProse is a word that may be a directive's name.
var nameInProse = lazy.Regexp(`(?:^|[\s"'(\x60*])([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?:$|[\s"'),.;:\x60*])`)

// standInArgument makes a directive of a name that stands in a sentence.
const standInArgument = " lab;"

// leastName is the length from which on a name is not another word by chance.
const leastName = 10

func plural(name string) bool {
	return strings.HasSuffix(name, "s") && knownDirective(strings.TrimSuffix(name, "s"))
}

// inside reports whether a position is in one of the snippets.
func inside(list []*snippet, at int) bool {
	return slices.ContainsFunc(list, func(s *snippet) bool { return at >= s.offset && at < s.offset+len(s.text) })
}

// nearest is the first snippet's beginning in a text.
func nearest(text string) []int {
	var best []int
	for _, find := range []*regexp.Regexp{inlineBlock(), inlineSimple(), inlinePlain()} {
		if m := find.FindStringIndex(text); m != nil && (best == nil || m[0] < best[0]) {
			best = m
		}
	}
	return best
}

// glued is where a directive begins in a text of a sentence that ends with a semicolon:
// blanks around it may be lost, and other words stand in front. -1: there is none.
func glued(text string) int {
	name, args, _ := strings.Cut(text, " ")
	if english().MatchString(args) {
		return -1
	}
	name = strings.TrimSpace(name)
	if !strings.Contains(name, "_") && !strings.HasPrefix(name, "listen") {
		return 0 // inlinePlain has looked at it
	}
	for i := range name {
		if name[i] == '_' {
			break
		}
		if knownDirective(name[i:]) {
			return i
		}
	}
	if looksLikeOne(name) && len(words().FindAllString(args, -1)) <= 4 {
		return 0
	}
	return -1
}

// english is words that are no arguments.
var english = lazy.Regexp(
	`(?i)(?:^|\s)(?:the|a|an|of|is|are|was|to|and|or|with|for|this|that|it|be|can|because|which|will|should|directives?|sets?|has|have|you|your|we|i|but|not|so|as|at|by|from|then|than|if|when|[-–—])(?:[\s,]|$)`,
)

// blockLength is how long the block is that a text begins with.
func blockLength(text string) (int, bool) {
	list, _ := nginx.ReadSnippet(text)
	if len(list) == 0 || !list[0].IsBlock || !list[0].Ended {
		return 0, false
	}
	return list[0].End, true
}

func excused(text string, comments bool) bool {
	if !comments {
		return excuse().MatchString(text)
	}
	for line := range strings.SplitSeq(text, "\n") {
		if _, comment, found := strings.Cut(line, "#"); found && excuse().MatchString(comment) {
			return true
		}
	}
	return false
}

// readsAsConfig reports whether a block's text is nginx's configuration: where the guide
// does not say so, most of its lines must begin with a directive or a brace, and one end
// as a directive does.
func readsAsConfig(text, lang string) bool {
	if strings.HasPrefix(lang, "nginx") {
		return true
	}
	if otherLanguage().MatchString(text) {
		return false
	}
	lines, directives, ended := 0, 0, 0
	for line := range strings.SplitSeq(text, "\n") {
		line, _, _ = strings.Cut(line, " #")
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || strings.Trim(line, ".…") == "" {
			continue
		}
		lines++
		name := strings.TrimRight(strings.Fields(line)[0], ";{")
		if knownDirective(name) || looksLikeOne(name) || line[0] == '}' {
			directives++
		}
		if strings.HasSuffix(line, ";") || strings.HasSuffix(line, "{") || strings.HasSuffix(line, "}") {
			ended++
		}
	}
	return lines > 0 && directives*10 >= lines*7 && ended*2 >= lines
}
