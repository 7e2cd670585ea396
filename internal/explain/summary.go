package explain

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/signature"
)

// SchemaVersion is the version of the JSON forms of this package.
const SchemaVersion = 1

// Summary summarizes one or more logs.
type Summary struct {
	SchemaVersion int      `json:"schemaVersion"`
	Inputs        []string `json:"inputs"`
	Bytes         int64    `json:"bytes"`
	Entries       int64    `json:"entries"`
	Recognised    int64    `json:"recognised"`
	Ambiguous     int64    `json:"ambiguous"`  // recognised entries that match several causes, and count for each of them
	Unknown       int64    `json:"unknown"`    // entries of level error or above that match no signature
	None          int64    `json:"none"`       // entries of a lower level that match no signature
	OtherLines    int64    `json:"otherLines"` // lines that are not entries of an error log
	First         string   `json:"first"`
	Last          string   `json:"last"`
	Causes        []Cause  `json:"causes"`   // the most frequent ones first
	Unknowns      []Shape  `json:"unknowns"` // the most frequent ones first
	UnknownOthers int64    `json:"unknownOthers"`
	Access        *Access  `json:"access"` // null if there is no access log
}

// Cause counts the entries of one cause.
type Cause struct {
	Cause string `json:"cause"`
	Count int64  `json:"count"`
	First string `json:"first"`
	Last  string `json:"last"`
	Answer
	SeenLevels []Count          `json:"seenLevels"`
	Upstreams  Counts           `json:"upstreams"`
	URIs       Counts           `json:"uris"` // with their methods but without their queries
	Clients    Counts           `json:"clients"`
	Times      []Moment         `json:"times"`
	Statuses   map[string]int64 `json:"statuses"` // the statuses of these entries' requests in the access log; empty without an access log
	Sample     string           `json:"sample"`
}

// Shape counts similar lines that match no signature, and shows what they have in common.
type Shape struct {
	Shape  string `json:"shape"` // N stands for a number and "…" for a quoted text
	Count  int64  `json:"count"`
	First  string `json:"first"`
	Last   string `json:"last"`
	Sample string `json:"sample"`
}

// Reader reads logs and counts their entries.
type Reader struct {
	book    *Book
	workers int
	tallies []*tally
	inputs  []string
	bytes   int64
	access  *access
}

// NewReader returns a Reader with this many workers. If joined is true, access logs can be
// read after the error logs.
func (b *Book) NewReader(workers int, joined bool) *Reader {
	r, most := &Reader{book: b, workers: workers}, 0
	if joined {
		most = maxJoins / workers
	}
	for range workers {
		r.tallies = append(r.tallies, newTally(b.set, most))
	}
	return r
}

// Read counts the entries of another error log. The memory that it needs does not grow with
// the size of the log.
func (r *Reader) Read(ctx context.Context, name string, in io.Reader) error {
	r.inputs = append(r.inputs, name)
	metered := &meter{Reader: in}
	err := pipeline(ctx, metered, r.workers, func(worker int, text, _ []byte) []byte {
		r.tallies[worker].count(text)
		return nil
	}, func([]byte) error { return nil })
	r.bytes += metered.read
	return err
}

type meter struct {
	io.Reader
	read int64
}

func (m *meter) Read(buffer []byte) (int, error) {
	n, err := m.Reader.Read(buffer)
	m.read += int64(n)
	return n, err
}

// total returns the counts of all workers together. After this call only access logs may be
// read.
func (r *Reader) total() *tally {
	for _, other := range r.tallies[1:] {
		r.tallies[0].join(other)
	}
	r.tallies = r.tallies[:1]
	return r.tallies[0]
}

// Summary returns the summary of what was read.
func (r *Reader) Summary() Summary {
	t := r.total()
	s := Summary{
		SchemaVersion: SchemaVersion, Inputs: append([]string{}, r.inputs...), Bytes: r.bytes,
		Entries: t.entries, Recognised: t.recognised, Ambiguous: t.ambiguous, Unknown: t.unknown, None: t.none, OtherLines: t.others,
		First: t.first.String(), Last: t.last.String(), Causes: []Cause{}, Unknowns: []Shape{},
	}
	for found, c := range t.causes {
		s.Causes = append(s.Causes, r.cause(found, c))
	}
	slices.SortFunc(s.Causes, func(a, b Cause) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Cause, b.Cause)) })
	list := t.unknowns.counts(maxKeys)
	for _, one := range list.Top {
		s.Unknowns = append(s.Unknowns, Shape{one.Name, one.Count, one.First, one.Last, t.unknowns.names[one.Name].sample})
	}
	s.UnknownOthers = list.Others
	if r.access != nil {
		s.Access = r.access.result(t)
	}
	return s
}

func (r *Reader) cause(found *signature.Signature, c *causeTally) Cause {
	sample := Entry{}
	var l nginx.Line
	if _, ok := nginx.Next([]byte(c.sample), &l); ok {
		sample = NewEntry(&l)
	}
	statuses := map[string]int64{}
	maps.Copy(statuses, c.statuses)
	return Cause{
		Cause: found.ID, Count: c.count, First: c.first.String(), Last: c.last.String(), Answer: r.book.Answer(found, sample),
		SeenLevels: c.levels.counts(top).Top, Upstreams: c.upstreams.counts(top), URIs: c.uris.counts(top), Clients: c.clients.counts(top),
		Times: c.times.moments(), Statuses: statuses, Sample: c.sample,
	}
}

// Line is the complete answer for one line.
type Line struct {
	SchemaVersion int     `json:"schemaVersion"`
	Cause         string  `json:"cause"` // the id of the first cause, Unknown or None
	Entry         Entry   `json:"entry"`
	Causes        []Match `json:"causes"` // several if the line matches several signatures
}

// Match is a cause whose signature matches a line.
type Match struct {
	Cause string `json:"cause"`
	Answer
	Unexpected bool `json:"unexpectedLevel"` // whether nginx writes this line at levels other than the one in this line
}

// Line explains one line, or a part that was copied from one: a message without its time and
// numbers, with or without its level. It returns false if the text is empty or has several
// lines.
func (b *Book) Line(text string) (Line, bool) {
	var l nginx.Line
	text = strings.TrimSpace(text)
	rest, whole := nginx.Next([]byte(text), &l)
	if !whole {
		const start = "2000/01/01 00:00:00 "
		m := partial().FindStringSubmatch(text)
		level, numbers := cmp.Or(m[1], "[error] "), cmp.Or(m[2], "1#1: ")
		if rest, _ = nginx.Next([]byte(start+level+numbers+m[3]), &l); m[3] == "" || l.Time == nil {
			return Line{}, false
		}
		l.Time, l.PID, l.TID, l.Text = nil, nil, nil, []byte(text)
		if m[1] == "" {
			l.Level = nil
		}
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return Line{}, false
	}
	found := b.set.Match(&l)
	if !whole {
		found = b.set.MatchFragment(&l)
	}
	record := NewRecord(&l, found)
	if len(found) == 0 && l.Level == nil {
		record.Cause = Unknown
	}
	line := Line{SchemaVersion: SchemaVersion, Cause: record.Cause, Entry: record.Entry, Causes: []Match{}}
	for _, s := range found {
		line.Causes = append(line.Causes, Match{s.ID, b.Answer(s, record.Entry), l.Level != nil && !s.WrittenAt(string(l.Level), "")})
	}
	return line, true
}

// partial matches a part that was copied from a line: the level, the numbers and the rest.
var partial = lazy.Regexp(`^(?:\S+ \S+ )??(\[(?:` + nginx.LevelWords + `)\] )?(\d{1,10}#\d{1,10}: (?:\*\d{1,18} )?)?((?s:.*))$`)
