// Package explain reads error logs of any size and explains their lines. What it says about
// causes and fixes comes from the signatures and the catalogue.
package explain

import (
	"bytes"
	"strconv"

	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/signature"
)

// These are the names of the cause if no signature matches.
const (
	Unknown = "unknown" // an entry of level error or above that matches no signature
	None    = "none"    // an entry of a lower level, or a line that is not an entry of an error log: as far as lab knows, nothing failed
)

// Entry is an entry of an error log, split into its parts. Missing parts are "" or 0.
// Everything except the time, the level and the numbers may contain text from strangers.
type Entry struct {
	Time       string `json:"time"` // as nginx writes it, in the time zone of the machine
	Level      string `json:"level"`
	PID        int64  `json:"pid"`
	TID        int64  `json:"tid"`
	Connection int64  `json:"connection"`
	Message    string `json:"message"`
	Errno      int    `json:"errno"` // 0 if the message has no error number
	Phase      string `json:"phase"` // what nginx was doing, such as "connecting to upstream"
	Client     string `json:"client"`
	Server     string `json:"server"`
	Request    string `json:"request"`
	Method     string `json:"method"`
	URI        string `json:"uri"`
	Version    string `json:"version"` // the version of HTTP, such as "1.1"
	Subrequest string `json:"subrequest"`
	Upstream   string `json:"upstream"`
	Host       string `json:"host"`
	Referrer   string `json:"referrer"`
	Raw        string `json:"raw"`
}

// Record is an entry with its cause. This is what -o jsonl writes.
type Record struct {
	Cause string   `json:"cause"` // the id of a signature, Unknown or None
	Also  []string `json:"also,omitempty"`
	Entry
}

// errno returns the number in "failed (111: …" or "timed out (110: …". It returns 0 if there
// is none.
func errno(message []byte) int {
	for _, before := range [][]byte{[]byte(" failed ("), []byte(" timed out (")} {
		if _, rest, ok := bytes.Cut(message, before); ok {
			if digits, _, ok := bytes.Cut(rest, []byte(": ")); ok && len(digits) <= len("9999") {
				return int(number(digits)) // the numbers of "SSL" are longer
			}
		}
	}
	return 0
}

// NewEntry makes an entry from the parts of a line.
func NewEntry(l *nginx.Line) Entry {
	f := l.Fields()
	e := Entry{
		Time: string(l.Time), Level: string(l.Level), PID: number(l.PID), TID: number(l.TID), Connection: number(l.Connection),
		Message: string(l.Message), Errno: errno(l.Message), Phase: string(l.Action), Client: string(f.Client), Server: string(f.Server),
		Request:    string(f.Request),
		Subrequest: string(f.Subrequest), Upstream: string(f.Upstream), Host: string(f.Host), Referrer: string(f.Referrer),
		Raw: string(l.Text),
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
	n, _ := strconv.ParseInt(string(digits), 10, 64) // 0 if they are not a number
	return n
}

// NewRecord makes the record of a line that matches the signatures in found.
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

// class returns the cause of a line that matches no signature.
func class(l *nginx.Line) string {
	if nginx.LevelAtLeast(string(l.Level), "error") {
		return Unknown
	}
	return None
}

// peer returns the address of an upstream without the path of the request, such as
// "http://127.0.0.1:3000".
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

// target returns a request without its query and its version, such as "GET /cart".
func target(request []byte) []byte {
	if end := bytes.IndexByte(request, '?'); end >= 0 {
		return request[:end]
	}
	if end := bytes.LastIndex(request, []byte(" HTTP/")); end >= 0 {
		return request[:end]
	}
	return request
}
