package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
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

// MakeIndex makes the index of the scenarios in fsys, none of which has a mistake: a
// line with the sum of what it was made from, and a line for each scenario. It is made
// ahead of time, since reading it takes a small part of the time that reading every
// scenario takes; as JSON it would take twice as long as all the rest of `lab list`.
func MakeIndex(fsys fs.FS) ([]byte, error) {
	all, err := Load(fsys)
	if err != nil {
		return nil, err
	}
	sum, err := sum(fsys)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintln(&b, sum)
	for _, e := range Entries(all) {
		fmt.Fprintf(&b, "%s\t%s\t%d\t%d\t%d\t%s\n", e.ID, strings.Join(e.Tags, ","), e.Fixes, e.WrongFixes, e.Demonstrates, strings.Join(strings.Fields(e.Title), " "))
	}
	return b.Bytes(), nil
}

// ReadIndex returns what an index says. It is false if a scenario of fsys was changed
// since the index was made: then only Load knows what there is. A merge can leave an
// index that is none.
func ReadIndex(text []byte, fsys fs.FS) ([]Entry, bool) {
	first, rest, _ := strings.Cut(string(text), "\n")
	made, err := strconv.ParseUint(first, 10, 32)
	if err != nil {
		return nil, false
	}
	var entries []Entry
	for line := range strings.Lines(rest) {
		field := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(field) != 6 {
			return nil, false
		}
		e := Entry{ID: field[0], Tags: strings.Split(field[1], ","), Title: field[5]}
		for i, n := range []*int{&e.Fixes, &e.WrongFixes, &e.Demonstrates} {
			if *n, err = strconv.Atoi(field[2+i]); err != nil {
				return nil, false
			}
		}
		entries = append(entries, e)
	}
	now, err := sum(fsys)
	return entries, err == nil && uint64(now) == made
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
