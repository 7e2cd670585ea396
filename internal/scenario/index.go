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

// Entry is the summary of a scenario that the index holds.
type Entry struct {
	ID           string   `json:"id"`
	Title        string   `json:"title"`
	Tags         []string `json:"tags"`
	Fixes        int      `json:"fixes"`
	WrongFixes   int      `json:"wrongFixes"`
	Demonstrates int      `json:"demonstrates"`
}

// Entries returns the summaries of scenarios.
func Entries(all []Scenario) []Entry {
	var entries []Entry
	for _, s := range all {
		entries = append(entries, Entry{s.ID, s.Title, s.Tags, len(s.Fixes), len(s.WrongFixes), len(s.Demonstrates)})
	}
	return entries
}

// MakeIndex makes the index of the scenarios in fsys, none of which may have a mistake. The
// index has one line with the checksum of the scenarios that it was made from, and one line
// for each scenario. It is made ahead of time because reading it takes a small part of the
// time that reading every scenario takes. The index is not JSON, because reading JSON would
// take twice as long as all the rest of `lab list`.
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
		fmt.Fprintf(
			&b,
			"%s\t%s\t%d\t%d\t%d\t%s\n",
			e.ID,
			strings.Join(e.Tags, ","),
			e.Fixes,
			e.WrongFixes,
			e.Demonstrates,
			strings.Join(strings.Fields(e.Title), " "),
		)
	}
	return b.Bytes(), nil
}

// ReadIndex returns the entries of an index. It returns false if a scenario in fsys was
// changed after the index was made, because then only Load knows the scenarios. It also
// returns false if the text is not an index, as can happen after a merge.
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

// sum returns the checksum of the id and the text of every scenario.
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
			_, _ = io.WriteString(sum, folder.Name()) // writing to a hash cannot fail
			_, err = io.CopyBuffer(sum, onlyReader{f}, buffer)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return 0, fmt.Errorf("reading scenario %q: %w", folder.Name(), err)
		}
	}
	return sum.Sum32(), nil
}

// onlyReader hides every method but Read, so that io.CopyBuffer uses the buffer it is given.
// Every list and every completion calls this.
type onlyReader struct{ io.Reader }
