package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gatewaylab/lab/internal/engine"
)

// open opens a log, gzipped or not. On a terminal progress is shown while it is read.
func (e explaining) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(e.in), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, usage("explain: opening %q: %w", name, pathCause(err))
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("a folder: name the logs in it")
	}
	if err != nil {
		f.Close()
		return nil, usage("explain: opening %q: %w", name, pathCause(err))
	}
	log := &watched{File: f, total: info.Size(), progress: &progress{out: e.console}}
	buffered := bufio.NewReader(log)
	magic, _ := buffered.Peek(2) // an empty log has none
	if string(magic) != "\x1f\x8b" {
		return logReader{buffered, log}, nil
	}
	unpacked, err := gzip.NewReader(buffered)
	if err != nil {
		f.Close()
		return nil, usage("explain: unpacking %q: %w", name, err)
	}
	return logReader{unpacked, log}, nil
}

// logReader reads a file through what unpacks it.
type logReader struct {
	io.Reader
	io.Closer
}

// watched is a file whose reading is shown.
type watched struct {
	*os.File
	done, total int64
	progress    *progress
}

func (w *watched) Read(buffer []byte) (int, error) {
	n, err := w.File.Read(buffer)
	w.done += int64(n)
	if w.progress.out.errTerminal && w.total > 0 {
		w.progress.Bytes(engine.Progress{What: "reading " + w.Name(), Done: min(w.done, w.total), Total: w.total})
	}
	return n, err
}

func (w *watched) Close() error {
	w.progress.Done()
	return w.File.Close()
}

// each calls read with every log, one after another.
func (e explaining) each(names []string, read func(name string, in io.Reader) error) error {
	for _, name := range names {
		in, err := e.open(name)
		if err != nil {
			return err
		}
		err = read(name, in)
		in.Close()
		if err != nil {
			return fmt.Errorf("explain: reading %q: %w", name, err)
		}
	}
	return nil
}
