package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path"
)

// Entry is a scenario in short.
type Entry struct {
	ID           string   `json:"id"`
	Title        string   `json:"title"`
	Tags         []string `json:"tags"`
	Fixes        int      `json:"fixes"`
	WrongFixes   int      `json:"wrongFixes"`
	Demonstrates int      `json:"demonstrates"`
}

// Entries are scenarios in short.
func Entries(all []Scenario) []Entry {
	var entries []Entry
	for _, s := range all {
		entries = append(entries, Entry{s.ID, s.Title, s.Tags, len(s.Fixes), len(s.WrongFixes), len(s.Demonstrates)})
	}
	return entries
}

// index is made ahead of time: reading it takes a small part of the time that
// reading every scenario takes.
type index struct {
	Sum     uint32  `json:"sum"` // of the scenarios that it was made from
	Entries []Entry `json:"scenarios"`
}

// MakeIndex makes the index of the scenarios in fsys, none of which has a mistake.
func MakeIndex(fsys fs.FS) ([]byte, error) {
	all, err := Load(fsys)
	if err != nil {
		return nil, err
	}
	made := index{Entries: Entries(all)}
	if made.Sum, err = sum(fsys); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(made)
	return b.Bytes(), err
}

// ReadIndex returns what an index says. It is false if a scenario of fsys was changed
// since the index was made: then only Load knows what there is.
func ReadIndex(text []byte, fsys fs.FS) ([]Entry, bool) {
	var made index
	if err := json.Unmarshal(text, &made); err != nil {
		return nil, false // a merge can leave it so
	}
	now, err := sum(fsys)
	return made.Entries, err == nil && now == made.Sum
}

// sum is that of every scenario's id and text.
func sum(fsys fs.FS) (uint32, error) {
	folders, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return 0, fmt.Errorf("reading the scenarios' folder: %w", err)
	}
	sum, buffer := crc32.NewIEEE(), make([]byte, 16<<10)
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		f, err := fsys.Open(path.Join(folder.Name(), FileName))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			_, _ = io.WriteString(sum, folder.Name()) // a hash takes everything
			_, err = io.CopyBuffer(sum, onlyReader{f}, buffer)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return 0, fmt.Errorf("reading scenario %q: %w", folder.Name(), err)
		}
	}
	return sum.Sum32(), nil
}

// onlyReader keeps io.CopyBuffer to its buffer: every list and completion comes by here.
type onlyReader struct{ io.Reader }
