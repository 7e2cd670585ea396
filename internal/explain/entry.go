// Package explain reads error logs of any size and says what their lines mean. What it
// says of causes and fixes is the signatures' and the catalogue's.
package explain

import (
	"bytes"
	"strconv"

	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/signature"
)

// What an entry's cause is called when it has none.
const (
	Unknown = "unknown" // level error or worse, and no signature fits
	None    = "none"    // below that, or no error-log entry at all: nothing that failed, as far as is known
)

// Entry is one entry of an error log in its parts; those that it lacks are "" or 0.
// Everything but time, level and numbers may be a stranger's text.
type Entry struct {
	Time       string `json:"time"` // as nginx writes it, in the zone of its machine
	Level      string `json:"level"`
	PID        int64  `json:"pid"`
	TID        int64  `json:"tid"`
	Connection int64  `json:"connection"`
	Message    string `json:"message"`
	Errno      int    `json:"errno"` // 0: the message has none
	Phase      string `json:"phase"` // what nginx was doing: "connecting to upstream"
	Client     string `json:"client"`
	Server     string `json:"server"`
	Request    string `json:"request"`
	Method     string `json:"method"`
	URI        string `json:"uri"`
	Version    string `json:"version"` // of HTTP: "1.1"
	Subrequest string `json:"subrequest"`
	Upstream   string `json:"upstream"`
	Host       string `json:"host"`
	Referrer   string `json:"referrer"`
	Raw        string `json:"raw"`
}

// Record is an entry with its cause: what -o jsonl writes.
type Record struct {
	Cause string   `json:"cause"` // a signature's id, Unknown or None
	Also  []string `json:"also,omitempty"`
	Entry
}

// errno is the number in "failed (111: …" and "timed out (110: …"; 0: there is none.
func errno(message []byte) int {
	for _, before := range [][]byte{[]byte(" failed ("), []byte(" timed out (")} {
		if _, rest, ok := bytes.Cut(message, before); ok {
			if digits, _, ok := bytes.Cut(rest, []byte(": ")); ok && len(digits) <= len("9999") {
				return int(number(digits)) // none of "SSL"
			}
		}
	}
	return 0
}

// NewEntry makes an entry of a line's parts.
func NewEntry(l *nginx.Line) Entry {
	f := l.Fields()
	e := Entry{
		Time: string(l.Time), Level: string(l.Level), PID: number(l.PID), TID: number(l.TID), Connection: number(l.Connection),
		Message: string(l.Message), Errno: errno(l.Message), Phase: string(l.Action), Client: string(f.Client), Server: string(f.Server), Request: string(f.Request),
		Subrequest: string(f.Subrequest), Upstream: string(f.Upstream), Host: string(f.Host), Referrer: string(f.Referrer), Raw: string(l.Text),
	}
	method, rest, ok := bytes.Cut(f.Request, []byte(" "))
	if !ok {
		return e
	}
	e.Method = string(method)
	e.URI = string(rest)
	if at := bytes.LastIndex(rest, []byte(" HTTP/")); at >= 0 {
		e.URI, e.Version = string(rest[:at]), string(rest[at+len(" HTTP/"):])
	}
	return e
}

func number(digits []byte) int64 {
	n, _ := strconv.ParseInt(string(digits), 10, 64) // 0 where they are no number
	return n
}

// NewRecord says what a line is. found are the signatures that it fits.
func NewRecord(l *nginx.Line, found []*signature.Signature) Record {
	r := Record{Cause: class(l), Entry: NewEntry(l)}
	for i, s := range found {
		if i == 0 {
			r.Cause = s.ID
		} else {
			r.Also = append(r.Also, s.ID)
		}
	}
	return r
}

// class is what a line is that no signature fits.
func class(l *nginx.Line) string {
	if nginx.LevelAtLeast(string(l.Level), "error") {
		return Unknown
	}
	return None
}

// peer is an upstream's address, without the request's part: "http://127.0.0.1:3000".
func peer(upstream []byte) []byte {
	at := bytes.Index(upstream, []byte("://"))
	if at < 0 {
		return upstream
	}
	at += len("://")
	rest := upstream[at:]
	if path, ok := bytes.CutPrefix(rest, []byte("unix:")); ok {
		if end := bytes.IndexByte(path, ':'); end >= 0 {
			return upstream[:len(upstream)-len(path)+end]
		}
		return upstream
	}
	if end := bytes.IndexByte(rest, '/'); end >= 0 {
		return upstream[:at+end]
	}
	return upstream
}

// target is a request without its query and version: "GET /cart".
func target(request []byte) []byte {
	if end := bytes.IndexByte(request, '?'); end >= 0 {
		return request[:end]
	}
	if end := bytes.LastIndex(request, []byte(" HTTP/")); end >= 0 {
		return request[:end]
	}
	return request
}
