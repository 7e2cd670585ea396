package explain

import (
	"context"
	"io"

	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/signature"
)

// Records writes a record for each entry of a log, in order. form appends a record to the
// output. A line that is not an entry gets the cause None, and its text in the field raw.
// Empty lines are left out.
func (b *Book) Records(ctx context.Context, in io.Reader, workers int, form func(out []byte, r Record) []byte,
	write func([]byte) error) error {
	memories := make([]*signature.Memory, workers)
	for i := range memories {
		memories[i] = b.set.Memory()
	}
	return pipeline(ctx, in, workers, func(worker int, text, out []byte) []byte {
		return records(memories[worker], text, out, form)
	}, write)
}

func records(memory *signature.Memory, text, out []byte, form func([]byte, Record) []byte) []byte {
	var l nginx.Line
	for len(text) > 0 {
		rest, ok := nginx.Next(text, &l)
		text = rest
		switch {
		case ok:
			out = form(out, NewRecord(&l, memory.Match(&l)))
		case len(l.Text) > 0:
			out = form(out, Record{Cause: None, Entry: Entry{Raw: string(l.Text)}})
		}
	}
	return out
}
