package report

import (
	"strconv"

	"github.com/gatewaylab/lab/internal/explain"
	"github.com/gatewaylab/lab/internal/output"
)

// AppendRecord appends a record as one line of JSON: what encoding/json makes of it, in
// a fraction of the time, since there is one for each line of a log.
func AppendRecord(out []byte, r explain.Record) []byte {
	out = output.AppendText(append(out, `{"cause":`...), r.Cause)
	if len(r.Also) > 0 {
		out = append(out, `,"also":[`...)
		for i, id := range r.Also {
			if i > 0 {
				out = append(out, ',')
			}
			out = output.AppendText(out, id)
		}
		out = append(out, ']')
	}
	text := func(name, value string) {
		out = output.AppendText(append(append(append(out, `,"`...), name...), `":`...), value)
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
