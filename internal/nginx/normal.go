package nginx

import "bytes"

// Parts are the parts of a message that Normal replaces, since they differ from one
// request, machine, C library or OpenSSL to the next.
type Parts uint

const (
	Target     Parts = 1 << iota // connect() to ADDRESS failed: becomes "connect() to * failed"
	ErrorText                    // "(111: Connection refused)" becomes "(111)"
	OpenSSL                      // "(SSL: error:0A000438:…)" becomes "(SSL)"
	Quoted                       // what stands between quotes, which clients may choose, becomes "…"
	ExcessRate                   // "excess: 1.960" becomes "excess"
	Numbers                      // all become N, but for the error numbers that ErrorText leaves
)

func (p Parts) has(part Parts) bool { return p&part != 0 }

// Normal is a message with some of its parts replaced, and one blank where there are
// several.
func Normal(message string, replaced Parts) string {
	return string(AppendNormal(nil, []byte(message), replaced))
}

// AppendNormal is Normal for those who read many messages: it appends to a slice.
func AppendNormal(to, message []byte, replaced Parts) []byte {
	blank, empty := false, true
	for len(message) > 0 {
		if bytes.IndexByte(blanks, message[0]) >= 0 {
			blank, message = !empty, message[1:]
			continue
		}
		if blank {
			to = append(to, ' ')
		}
		blank, empty = false, false
		by, length := replaced.at(message)
		if length == 0 {
			by, length = message[:1], 1
		}
		to, message = append(to, by...), message[length:]
	}
	return to
}

var (
	blanks        = []byte(" \t\r\n\v\f")
	anyQuoted     = []byte(`"…"`)
	anyUnended    = []byte(`"…`)
	anyNumber     = []byte("N")
	anySSL        = []byte("(SSL)")
	anyTarget     = []byte("() to * failed")
	excessSays    = []byte("excess: ")
	sslSays       = []byte("(SSL: ")
	targetSays    = []byte("() to ")
	failedSays    = []byte(" failed")
	excessWithout = excessSays[:len("excess")]
)

// at is what replaces the part that a text begins with, and how long that is; 0: it begins
// with none.
func (p Parts) at(text []byte) (by []byte, length int) {
	switch c := text[0]; {
	case c == '"' && p.has(Quoted):
		end := bytes.IndexByte(text[1:], '"')
		if end < 0 { // nginx cuts long messages
			return anyUnended, len(text)
		}
		return anyQuoted, end + 2
	case c == '(':
		return p.atParenthesis(text)
	case c == 'e' && p.has(ExcessRate) && bytes.HasPrefix(text, excessSays):
		if n := numberLength(text[len(excessSays):]); n > 0 {
			return excessWithout, len(excessSays) + n
		}
	case isDigit(c) && p.has(Numbers):
		return anyNumber, numberLength(text)
	}
	return nil, 0
}

func (p Parts) atParenthesis(text []byte) (by []byte, length int) {
	text = text[:min(len(text), maxWritten)] // many that do not end would take the square of their number
	end := bytes.IndexByte(text, ')') + 1
	if end == 0 {
		return nil, 0
	}
	switch {
	case p.has(Target) && bytes.HasPrefix(text, targetSays):
		address, behind, _ := bytes.Cut(text[len(targetSays):], []byte(" "))
		if bytes.HasPrefix(behind, failedSays[1:]) {
			return anyTarget, len(targetSays) + len(address) + len(failedSays)
		}
	case p.has(OpenSSL) && bytes.HasPrefix(text, sslSays):
		// "(SSL: error:… (x):SSL alert number 80)": a reason may have parentheses.
		if more := bytes.IndexByte(text[end:], ')') + 1; more > 0 && text[end] == ':' {
			end += more
		}
		return anySSL, end
	case p.has(ErrorText):
		n := 1
		for isDigit(text[n]) {
			n++
		}
		if n > 1 && (text[n] == ':' || text[n] == ')') {
			return append(text[:n:n], ')'), end
		}
	}
	return nil, 0
}

// numberLength is how much of a text is a number, or several with dots between them.
func numberLength(text []byte) int {
	i := 0
	for i < len(text) && (isDigit(text[i]) || i > 0 && text[i] == '.' && i+1 < len(text) && isDigit(text[i+1])) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// SplitAction parts what nginx said from what it was doing then, which stands behind
// " while ". The action is "" where the message says nothing of it.
func SplitAction(said string) (message, action string) {
	if at := actionAt([]byte(said)); at >= 0 {
		return said[:at], said[at+len(whileSays):]
	}
	return said, ""
}

var whileSays = []byte(" while ")

// actionAt is where " while …" stands in what nginx said; -1: nowhere.
func actionAt(said []byte) int {
	at := bytes.LastIndex(said, whileSays)
	if at < 0 || !isAction(said[at+len(whileSays):]) {
		return -1
	}
	return at
}

func isAction(text []byte) bool {
	for _, c := range text {
		if (c|0x20 < 'a' || c|0x20 > 'z') && c != ' ' && c != '/' && !isDigit(c) {
			return false
		}
	}
	return len(text) > 0
}
