package nginx

import "bytes"

// Line is one entry of the error log taken apart without a copy: its parts are slices
// of the text that it was read from. ParseErrorLog is for logs of the lab's own size;
// this is for those of others, gigabytes long, with what collectors put in front.
type Line struct {
	Text       []byte // the whole entry; of several lines if it is FastCGI's stderr
	Time       []byte // "2026/11/22 19:29:34", by the clock and zone of nginx's machine
	Level      []byte
	PID        []byte // decimal digits, as TID and Connection
	TID        []byte
	Connection []byte // none for what is about no connection
	Said       []byte // message and action: "connect() failed (111: …) while connecting to upstream"
	Message    []byte // without the action
	Action     []byte // "connecting to upstream"
	Context    []byte // from "client: " on
}

// Fields are the parts of a Line's context, quotes taken off; those that the line does
// not have are nil. Clients choose what stands in most of them.
type Fields struct{ Client, Server, Request, Subrequest, Upstream, Host, Referrer []byte }

const (
	stampLength = len("2006/01/02 15:04:05")
	// nginx cuts an entry here, NGX_MAX_ERROR_STR of its ngx_log.h.
	maxWritten = 2048
	// maxPrefix is how far behind the start of a line an entry is looked for: "nginx-1  | ",
	// "Nov 26 06:25:39 host nginx[123]: ", "2026-11-26T06:25:39.123456789Z stderr F ".
	maxPrefix = 160
	// maxSaid bounds what is looked at of a message that nginx did not write.
	maxSaid = 8 << 10
)

// StartsEntry reports whether the first line of text begins an entry of the error log,
// be it behind what a collector put in front.
func StartsEntry(text []byte) bool {
	line, _ := firstLine(text)
	return entryAt(line) >= 0
}

// entryAt is where an entry begins in a line; -1: nowhere.
func entryAt(line []byte) int {
	if stamped(line) {
		return 0
	}
	for i := 1; i < min(len(line)-stampLength-1, maxPrefix); i++ {
		if line[i+4] == '/' && line[i+20] == '[' && stamped(line[i:]) {
			return i
		}
	}
	return -1
}

// stamped reports whether text begins with "2026/11/22 19:29:34 [".
func stamped(text []byte) bool {
	if len(text) < stampLength+2 || text[stampLength] != ' ' || text[stampLength+1] != '[' {
		return false
	}
	for i, c := range []byte("0000/00/00 00:00:00") {
		if c == '0' && (text[i] < '0' || text[i] > '9') || c != '0' && text[i] != c {
			return false
		}
	}
	return true
}

// Next takes the first entry of text apart and returns what is behind it. It is false
// for a line that is no entry, which then is l.Text.
func Next(text []byte, l *Line) (rest []byte, isEntry bool) {
	line, rest := firstLine(text)
	if !l.read(line) {
		*l = Line{Text: line}
		return rest, false
	}
	if l.Context == nil && bytes.HasPrefix(l.Message, stderr) {
		length, most := len(line), maxWritten-len("\n")+entryAt(line)
		for len(rest) > 0 && length < most && !StartsEntry(rest) {
			more, behind := firstLine(rest)
			length, rest = len(text)-len(behind), behind
			if bytes.Contains(more, client) {
				break
			}
		}
		l.read(bytes.TrimRight(text[:length], "\r\n"))
	}
	return rest, true
}

var (
	stderr = []byte(`FastCGI sent in stderr: "`)
	client = []byte(", client: ")
)

func firstLine(text []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(text, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// read takes an entry apart.
func (l *Line) read(text []byte) bool {
	at := entryAt(text)
	if at < 0 {
		return false
	}
	*l = Line{Text: text, Time: text[at : at+stampLength]}
	rest := text[at+stampLength+2:]
	var ok bool
	if l.Level, rest, ok = bytes.Cut(rest, []byte("] ")); !ok || len(l.Level) > 6 {
		return false
	}
	if l.PID, rest = digits(rest); len(l.PID) == 0 || len(rest) == 0 || rest[0] != '#' {
		return false
	}
	if l.TID, rest = digits(rest[1:]); len(l.TID) == 0 || !bytes.HasPrefix(rest, []byte(": ")) {
		return false
	}
	rest = rest[2:]
	if len(rest) > 0 && rest[0] == '*' {
		if number, behind := digits(rest[1:]); len(number) > 0 && len(behind) > 0 && behind[0] == ' ' {
			l.Connection, rest = number, behind[1:]
		}
	}
	l.split(rest)
	return true
}

func digits(text []byte) (number, rest []byte) {
	i := 0
	for i < len(text) && i < 18 && text[i] >= '0' && text[i] <= '9' {
		i++
	}
	return text[:i], text[i:]
}

// split parts what was said from its context.
func (l *Line) split(text []byte) {
	l.Said = text
	if at := contextAt(text); at >= 0 {
		l.Said, l.Context = text[:at], text[at+2:]
	}
	l.Said = l.Said[:min(len(l.Said), maxSaid)]
	l.Message = l.Said
	if at := actionAt(l.Said); at >= 0 {
		l.Message, l.Action = l.Said[:at], l.Said[at+len(whileSays):]
	}
}

// contextAt is where ", client: " or ", resolver: " stands with an address behind it,
// so that no text in a message is taken for it; -1: nowhere.
func contextAt(text []byte) int {
	for from := 0; ; {
		at := bytes.Index(text[from:], client)
		if at < 0 {
			return bytes.Index(text, []byte(", resolver: "))
		}
		at += from
		address, _, _ := bytes.Cut(text[at+len(client):], []byte(", "))
		if isAddress(address) {
			return at
		}
		from = at + len(client)
	}
}

func isAddress(text []byte) bool {
	if bytes.HasPrefix(text, []byte("unix:")) {
		return true
	}
	for _, c := range text {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') && c != '.' && c != ':' && c != '[' && c != ']' {
			return false
		}
	}
	return len(text) > 0
}

// Fields takes the line's context apart.
func (l *Line) Fields() Fields {
	var f Fields
	rest, ok := bytes.CutPrefix(l.Context, []byte("client: "))
	if !ok {
		return f
	}
	f.Client, rest, _ = bytes.Cut(rest, []byte(", "))
	if server, ok := bytes.CutPrefix(rest, []byte("server: ")); ok {
		f.Server, rest, _ = bytes.Cut(server, []byte(", "))
	}
	for _, field := range []struct {
		name  string
		value *[]byte
	}{
		{`request: "`, &f.Request}, {`subrequest: "`, &f.Subrequest}, {`upstream: "`, &f.Upstream},
		{`host: "`, &f.Host}, {`referrer: "`, &f.Referrer},
	} {
		if value, ok := bytes.CutPrefix(rest, []byte(field.name)); ok {
			*field.value, rest = quoted(value, field.name == `request: "`)
		}
	}
	return f
}

// following are what may stand behind a quoted field.
var following = [][]byte{
	[]byte(`, subrequest: "`), []byte(`, upstream: "`), []byte(`, host: "`), []byte(`, referrer: "`),
	[]byte(`, bytes from`), []byte(`, login: "`),
}

// quoted is a field up to the quote that closes it, and what is behind the comma then.
// nginx does not escape quotes: one counts at the line's end or before another field,
// and in a request line behind its version, too. A line that was cut has none.
func quoted(text []byte, request bool) (value, rest []byte) {
	if request {
		for from := 0; ; {
			at := bytes.Index(text[from:], []byte(" HTTP/"))
			if at < 0 {
				break
			}
			from += at + len(" HTTP/")
			if end := bytes.IndexByte(text[from:min(len(text), from+len("1.1"+`"`))], '"'); end > 0 {
				return text[:from+end], bytes.TrimPrefix(text[from+end+1:], []byte(", "))
			}
		}
	}
	for from := 0; ; {
		at := bytes.IndexByte(text[from:], '"')
		if at < 0 {
			return text, nil
		}
		at += from
		behind := text[at+1:]
		if len(behind) == 0 {
			return text[:at], nil
		}
		for _, field := range following {
			if bytes.HasPrefix(behind, field) {
				return text[:at], behind[2:]
			}
		}
		from = at + 1
	}
}
