package report

import (
	"encoding/json"
	"strconv"

	"github.com/gatewaylab/lab/internal/explain"
)

// AppendRecord appends a record as one line of JSON: what encoding/json makes of it, in
// a fraction of the time, since there is one for each line of a log.
func AppendRecord(out []byte, r explain.Record) []byte {
	out = appendText(append(out, `{"cause":`...), r.Cause)
	if len(r.Also) > 0 {
		out = append(out, `,"also":[`...)
		for i, id := range r.Also {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendText(out, id)
		}
		out = append(out, ']')
	}
	text := func(name, value string) {
		out = appendText(append(append(append(out, `,"`...), name...), `":`...), value)
	}
	number := func(name string, value int64) {
		out = strconv.AppendInt(append(append(append(out, `,"`...), name...), `":`...), value, 10)
	}
	text("time", r.Time)
	text("level", r.Level)
	number("pid", r.PID)
	number("tid", r.TID)
	number("connection", r.Connection)
	text("message", r.Message)
	number("errno", int64(r.Errno))
	text("phase", r.Phase)
	text("client", r.Client)
	text("server", r.Server)
	text("request", r.Request)
	text("method", r.Method)
	text("uri", r.URI)
	text("version", r.Version)
	text("subrequest", r.Subrequest)
	text("upstream", r.Upstream)
	text("host", r.Host)
	text("referrer", r.Referrer)
	text("raw", r.Raw)
	return append(out, "}\n"...)
}

// appendText appends a string of JSON. Quotes are frequent in logs, and all else that
// is not plain is left to encoding/json.
func appendText(out []byte, s string) []byte {
	begin := len(out)
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			out = append(out, '\\', '"')
		case c < ' ' || c >= 0x7f || c == '\\' || c == '<' || c == '>' || c == '&':
			quoted, err := json.Marshal(s)
			if err != nil {
				return append(out[:begin], `""`...) // a string; there is nothing to fail
			}
			return append(out[:begin], spellOut(string(quoted))...)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
