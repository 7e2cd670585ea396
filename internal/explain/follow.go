package explain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// Follow writes records of what is added to a log from now on. When ctx is done, Follow
// returns the cause of ctx. If the log is truncated, Follow reads it from its beginning. If
// another file takes its place, as in a rotation, Follow reads the old file to its end and
// then the new one.
func (b *Book) Follow(ctx context.Context, path string, every time.Duration, form func(out []byte, r Record) []byte,
	write func([]byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	t := tail{path: path, file: f}
	defer func() { t.file.Close() }()
	if t.at, err = f.Seek(0, io.SeekEnd); err != nil {
		return fmt.Errorf("finding the end of %q: %w", path, err)
	}
	memory := b.set.Memory()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		text, err := t.more()
		if err != nil {
			return fmt.Errorf("following %q: %w", path, err)
		}
		if len(text) > 0 {
			if err := write(records(memory, text, nil, form)); err != nil {
				return err
			}
			continue
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// tail is a file that grows.
type tail struct {
	path string
	file *os.File
	at   int64
	rest []byte // the beginning of an incomplete line
}

// more returns the complete lines that were added, or nothing if there are none now.
func (t *tail) more() ([]byte, error) {
	if info, err := t.file.Stat(); err != nil {
		return nil, err
	} else if info.Size() < t.at {
		t.at, t.rest = 0, nil
	}
	buffer := make([]byte, chunkSize)
	n, err := t.file.ReadAt(buffer, t.at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	t.at += int64(n)
	if n == 0 {
		return t.reopen()
	}
	text := append(t.rest, buffer[:n]...)
	end := bytes.LastIndexByte(text, '\n') + 1
	if end == 0 && len(text) > chunkSize {
		end = len(text)
	}
	t.rest = append([]byte{}, text[end:]...)
	if end == 0 {
		return t.more()
	}
	return text[:end], nil
}

// reopen opens the file that has taken the place of this one, if there is one. It returns what
// was left to read in the old file.
func (t *tail) reopen() ([]byte, error) {
	now, err := os.Stat(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the old file was moved, and the new one does not exist yet
	}
	if err != nil {
		return nil, err
	}
	if info, err := t.file.Stat(); err != nil || os.SameFile(info, now) {
		return nil, err
	}
	f, err := os.Open(t.path)
	if err != nil {
		return nil, err
	}
	t.file.Close()
	rest := t.rest
	t.file, t.at, t.rest = f, 0, nil
	if len(rest) == 0 {
		return t.more()
	}
	return rest, nil
}
