// Package wholefile writes files of which a reader sees the whole or what was there
// before, also when several processes write the same one, or the disk is full.
//
// The libraries for it do not build on Windows, or neither follow links nor keep modes.
package wholefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file at path by what write writes. A link stays one, and the file it
// leads to is replaced; a file that is there keeps its mode, and a new one has 0644. What
// is no regular file (a pipe, /dev/stdout) is written to as it is.
func Write(path string, write func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %q: %w", path, err)
		}
	}()
	target, mode := path, fs.FileMode(0o644)
	if followed, err := filepath.EvalSymlinks(path); err == nil {
		target = followed
	}
	if info, err := os.Stat(target); err == nil {
		if !info.Mode().IsRegular() {
			return writeInPlace(target, write)
		}
		mode = info.Mode().Perm()
	}
	unfinished, err := os.CreateTemp(filepath.Dir(target), ".lab-unfinished-*")
	if err != nil {
		return err
	}
	// CreateTemp makes files that only their owner reads.
	err = errors.Join(write(unfinished), unfinished.Chmod(mode), unfinished.Close())
	if err == nil {
		err = os.Rename(unfinished.Name(), target)
	}
	if err != nil {
		_ = os.Remove(unfinished.Name())
	}
	return err
}

func writeInPlace(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// WriteText is Write for a text.
func WriteText(path string, text []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
