package scan

import (
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
)

// sample is an error-log line, or a part of one, as a guide shows it.
type sample struct {
	statement guide.Statement
	line      int
	text      string // as the guide has it
	level     string // "" where it is left out
	message   string // without action and fields
	action    string // "connecting to upstream"; "" where it is left out
	fields    string // from "client: " on
	whole     bool   // it begins as a log line does
	fragment  bool   // it is no more than a number and its text

	candidates []pattern // what the catalogue has for it
	run        []pattern // those of them that are run
}

var (
	// A log line's beginning: time, level, process, connection, of which guides leave some
	// out.
	prefix = lazy.Regexp(`(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )?\[(` + nginx.LevelWords + `)\] (?:\d+#\d+: )?(?:\*\d+ )?`)
	// Messages of nginx's that stand in prose.
	message = lazy.Regexp(
		`(?:connect|recv|readv|send|writev|sendfile|bind|socket|SSL_do_handshake|SSL_read|SSL_write)\(\)(?: to \S+)? failed \((?:SSL: [^)]*|\d+: [^)]*)\)` +
			`|upstream timed out \(\d+: [^)]*\)` +
			`|upstream prematurely closed connection` +
			`|upstream sent (?:too big header|no valid HTTP/1\.\d header|invalid header)` +
			`|upstream SSL certificate (?:verify error: \(\d+:[^)]*\)|does not match "[^"]*")` +
			`|peer closed connection in SSL handshake` +
			`|no live upstreams` +
			`|\d+ worker_connections are not enough` +
			`|limiting (?:requests, excess: \d+\.\d+|connections) by zone "[^"]*"`,
	)
	pair  = lazy.Regexp(`\(\d{1,3}: [A-Z][A-Za-z/ ]+\)`)
	while = lazy.Regexp(`^ while ([A-Za-z][A-Za-z0-9/ ]*)`)
	tail  = lazy.Regexp(`[\s,.;:…]+$`)
)

// maxSample bounds a sample; nginx itself cuts its lines at 2048 bytes.
const maxSample = 4096

// samplesOf finds the log lines in a statement.
func samplesOf(s guide.Statement) []*sample {
	if s.Kind == guide.Heading {
		return nil
	}
	var list []*sample
	text := s.Text
	taken := 0 // up to here it is part of a sample
	for _, m := range prefix().FindAllStringSubmatchIndex(text, -1) {
		if m[0] < taken {
			continue
		}
		rest := text[m[1]:min(len(text), m[1]+maxSample)]
		if m[0] > 0 {
			rest = untilQuote(rest, text[m[0]-1])
		}
		if end := strings.IndexByte(rest, '\n'); end >= 0 {
			rest = rest[:end]
		}
		if s.Kind == guide.Row {
			rest, _, _ = strings.Cut(rest, " | ")
		}
		if next := prefix().FindStringIndex(rest); next != nil {
			rest = rest[:next[0]]
		}
		one := &sample{
			statement: s,
			line:      s.LineAt(m[0]),
			text:      strings.TrimSpace(text[m[0]:m[1]] + rest),
			level:     text[m[2]:m[3]],
			whole:     true,
		}
		one.split(rest)
		// In prose more words may follow.
		if known := longestAction(one.action); known != "" && s.Kind != guide.Log && one.fields == "" {
			one.action = known
		}
		if one.message != "" {
			list = append(list, one)
			taken = m[1] + len(rest)
		}
	}
	for _, m := range message().FindAllStringIndex(text, -1) {
		if m[0] < taken {
			continue
		}
		one := &sample{statement: s, line: s.LineAt(m[0]), text: text[m[0]:m[1]], message: text[m[0]:m[1]]}
		if a := while().FindStringSubmatch(text[m[1]:]); a != nil {
			one.action = longestAction(a[1])
			if one.action != "" {
				one.text += " while " + one.action
			}
		}
		list, taken = append(list, one), m[1]
	}
	for _, m := range opensslError().FindAllStringIndex(text, -1) {
		if !slices.ContainsFunc(list, func(o *sample) bool { return strings.Contains(o.text, text[m[0]:m[1]]) }) {
			list = append(
				list,
				&sample{
					statement: s,
					line:      s.LineAt(m[0]),
					text:      text[m[0]:m[1]],
					message:   "SSL_do_handshake() failed (SSL: " + text[m[0]:m[1]] + ")",
				},
			)
		}
	}
	for _, m := range pair().FindAllStringIndex(text, -1) {
		at := func(o *sample) bool { return strings.Contains(o.text, text[m[0]:m[1]]) }
		if numberOf(text[m[0]+strings.IndexByte(text[m[0]:], ' ')+1:m[1]]) > 0 && !slices.ContainsFunc(list, at) {
			list = append(
				list,
				&sample{statement: s, line: s.LineAt(m[0]), text: text[m[0]:m[1]], message: text[m[0]:m[1]], fragment: true},
			)
		}
	}
	return list
}

// untilQuote cuts a text at the quote that closes the one before it.
func untilQuote(text string, open byte) string {
	switch open {
	case '"', '\'', '`':
		// A field's own quotes stand after a blank and end before a comma.
		for i := range len(text) {
			if text[i] == open && (open != '"' || strings.Count(text[:i], `"`)%2 == 0) {
				return text[:i]
			}
		}
	}
	return text
}

// split takes a whole line apart.
func (s *sample) split(text string) {
	if at := strings.Index(text, ", client: "); at >= 0 {
		text, s.fields = text[:at], text[at+2:]
	}
	text = tail().ReplaceAllString(strings.TrimSpace(text), "")
	s.message, s.action = nginx.SplitAction(text)
}

// longestAction is the longest action of nginx's that a text begins with.
func longestAction(text string) string {
	best := ""
	for _, a := range known().Actions {
		if strings.HasPrefix(text+" ", a+" ") && len(a) > len(best) {
			best = a
		}
	}
	return best
}
