package nginx

import (
	"bytes"
	"encoding/json"
)

// Access is what one line of an access log tells, as far as its format has it. The
// parts are slices of the text in nginx's combined format, copies in JSON.
type Access struct {
	Client         []byte
	Time           [stampLength]byte // as in an error log: "2026/11/22 19:29:34"; zeros: none
	Request        []byte
	Status         []byte
	Bytes          []byte // of the body
	UpstreamStatus []byte // JSON with upstream_status only
	Completion     []byte // JSON with request_completion only
	PID            []byte // JSON with pid and connection only
	Connection     []byte
	HasCompletion  bool
}

// Read reads a line in the combined format, whatever stands behind it, or a JSON
// object with nginx's names of variables. It is false for any other line.
func (a *Access) Read(line []byte) bool {
	*a = Access{}
	if at := bytes.IndexByte(line, '{'); at >= 0 && at < maxPrefix && bytes.HasSuffix(bytes.TrimSpace(line), []byte("}")) {
		return a.readJSON(line[at:])
	}
	open := bytes.IndexByte(line, '[')
	if open < 0 {
		return false
	}
	before := bytes.Fields(line[:open])
	if len(before) < 3 {
		return false
	}
	a.Client = before[len(before)-3]
	stamp, rest, ok := bytes.Cut(line[open+1:], []byte("] \""))
	if !ok || !a.setTime(stamp) {
		return false
	}
	// nginx escapes quotes in an access log.
	if a.Request, rest, ok = bytes.Cut(rest, []byte("\" ")); !ok {
		return false
	}
	if a.Status, rest = digits(rest); len(a.Status) != 3 || len(rest) == 0 || rest[0] != ' ' {
		return false
	}
	a.Bytes, _ = digits(rest[1:])
	return true
}

var months = []byte("JanFebMarAprMayJunJulAugSepOctNovDec")

// setTime reads "22/Nov/2026:19:29:34 +0000" or "2026-11-22T19:29:34+00:00".
func (a *Access) setTime(text []byte) bool {
	copy(a.Time[:], "0000/00/00 ")
	switch {
	case len(text) >= len("22/Nov/2026:19:29:34") && text[2] == '/' && text[6] == '/' && text[11] == ':':
		month := bytes.Index(months, text[3:6])/3 + 1
		copy(a.Time[0:], text[7:11])
		a.Time[5], a.Time[6] = '0'+byte(month/10), '0'+byte(month%10)
		copy(a.Time[8:], text[0:2])
		copy(a.Time[11:], text[12:20])
	case len(text) >= len("2026-11-22T19:29:34") && text[4] == '-' && text[10] == 'T':
		copy(a.Time[0:], text[:4])
		copy(a.Time[5:], text[5:7])
		copy(a.Time[8:], text[8:10])
		copy(a.Time[11:], text[11:19])
	default:
		a.Time = [stampLength]byte{}
		return false
	}
	return true
}

func (a *Access) readJSON(line []byte) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil {
		return false
	}
	first := func(names ...string) []byte {
		for _, name := range names {
			var text string
			if raw, ok := fields[name]; ok {
				if json.Unmarshal(raw, &text) != nil {
					text = string(raw) // a number
				}
				return []byte(text)
			}
		}
		return nil
	}
	a.Client = first("remote_addr", "client", "client_ip", "remote_ip")
	a.Status = first("status")
	a.Request = first("request")
	if a.Request == nil {
		if uri := first("request_uri", "uri"); uri != nil {
			a.Request = bytes.Join([][]byte{first("request_method", "method"), uri, first("server_protocol", "protocol")}, []byte(" "))
		}
	}
	a.Bytes = first("body_bytes_sent", "bytes_sent")
	a.UpstreamStatus = first("upstream_status")
	a.Completion = first("request_completion")
	_, a.HasCompletion = fields["request_completion"]
	a.PID, a.Connection = first("pid"), first("connection")
	a.setTime(first("time_local", "time_iso8601", "time", "@timestamp", "timestamp"))
	return len(a.Status) == 3 && len(a.Request) > 0
}
