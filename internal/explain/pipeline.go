package explain

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/gatewaylab/lab/internal/nginx"
)

// chunkSize is how much of a log is processed at a time. It is also the length of the longest
// line that is read as one line.
const chunkSize = 1 << 20

// part is a piece of a log on its way through a pipeline.
type part struct {
	buffer []byte // belongs to this part and is reused
	text   []byte // complete lines
	out    []byte // the result of the work
	done   chan struct{}
}

// pipeline reads complete lines from in and lets several workers process them at the same
// time. Each call of work gets the number of its worker. pipeline writes the results in the
// order of the input. If the source gives little data at a time, that data is processed at
// once.
func pipeline(ctx context.Context, in io.Reader, workers int, work func(worker int, text, out []byte) []byte,
	write func([]byte) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	free := make(chan *part, 3*workers)
	for range cap(free) {
		free <- &part{buffer: make([]byte, 0, chunkSize)}
	}
	todo, ordered := make(chan *part, cap(free)), make(chan *part, cap(free))
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for p := range todo {
				p.out = work(worker, p.text, p.out[:0])
				close(p.done)
			}
		})
	}
	group.Go(func() {
		for p := range ordered {
			<-p.done
			if err := write(p.out); err != nil {
				stop(err)
			}
			free <- p
		}
	})
	err := split(ctx, in, free, func(p *part) {
		p.done = make(chan struct{})
		todo <- p
		ordered <- p
	})
	close(todo)
	close(ordered)
	group.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// split reads into free parts, and hands on each part with complete lines.
func split(ctx context.Context, in io.Reader, free <-chan *part, hand func(*part)) error {
	var rest []byte // the beginning of an incomplete line
	for {
		var p *part
		select {
		case <-ctx.Done():
			return nil
		case p = <-free:
		}
		p.buffer = append(p.buffer[:0], rest...)
		n, err := in.Read(p.buffer[len(p.buffer):cap(p.buffer)])
		p.buffer = p.buffer[:len(p.buffer)+n]
		if err != nil {
			if len(p.buffer) > 0 {
				p.text = p.buffer
				hand(p)
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		at := cut(p.buffer)
		if at == 0 && len(p.buffer) == cap(p.buffer) {
			at = len(p.buffer) // longer than any line that nginx writes: split the line
		}
		p.text = p.buffer[:at]
		rest = append(rest[:0], p.buffer[at:]...)
		hand(p)
	}
}

// maxTries is how many lines before the last one are examined.
const maxTries = 64

// cut returns the position at which a text can be cut. If possible that is before an entry, so
// that an entry of several lines stays in one piece; otherwise it is after a line. If a source
// stops at the end of a line, it may send nothing more for a long time.
func cut(text []byte) int {
	last := bytes.LastIndexByte(text, '\n') + 1
	if last == len(text) && last < cap(text) {
		return last
	}
	for at, tries := last, 0; at > 0 && tries < maxTries; tries++ {
		if nginx.StartsEntry(text[at:]) {
			return at
		}
		at = bytes.LastIndexByte(text[:at-1], '\n') + 1
	}
	return last
}
