package explain

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
)

// A log can contain millions of clients. A counter keeps the names that are frequent and
// forgets others, and says how many entries had a forgotten name.
const (
	maxKeys = 1024 // names in one counter; if there are more, the rarer half is dropped
	maxKey  = 256  // bytes of a name
	top     = 10   // names that are shown
)

// stamp is a time as nginx writes it. Comparing two stamps as text compares their times.
type stamp [len("2006/01/02 15:04:05")]byte

func (s *stamp) set(text []byte) { copy(s[:], text) }

// span is the first and the last time of something.
type span struct{ first, last stamp }

func (s *span) add(at []byte) {
	if len(at) == 0 {
		return
	}
	if s.first == (stamp{}) || bytes.Compare(at, s.first[:]) < 0 {
		s.first.set(at)
	}
	if bytes.Compare(at, s.last[:]) > 0 {
		s.last.set(at)
	}
}

func (s *span) join(other span) {
	if other.first != (stamp{}) {
		s.add(other.first[:])
		s.add(other.last[:])
	}
}

func (s stamp) String() string { return string(bytes.Trim(s[:], "\x00")) }

type counted struct {
	name string
	n    int64
	span
	sample string
}

// counter counts how often each name occurs.
type counter struct {
	names     map[string]*counted
	forgotten int64 // the number of entries whose name was dropped
	last      *counted
	crowded   bool // whether names were dropped; few new names are then accepted, because a log with nothing but new names would be slow
	turned    uint // how many new names came since then
}

// letIn is how many new names come for each one that a crowded counter accepts. A name that is
// frequent will be accepted sooner or later.
const letIn = 16

// add counts a name. If the name is new, add returns its count.
func (c *counter) add(name, at []byte) *counted {
	name = name[:min(len(name), maxKey)]
	known := c.last
	if known == nil || known.name != string(name) {
		known = c.names[string(name)]
	}
	if known != nil {
		known.n++
		known.add(at)
		c.last = known
		return nil
	}
	if c.crowded {
		if c.turned++; c.turned%letIn != 0 {
			c.forgotten++
			return nil
		}
	}
	fresh := &counted{name: string(name), n: 1}
	fresh.add(at)
	c.keep(fresh)
	c.last = fresh
	return fresh
}

func (c *counter) keep(one *counted) {
	if c.names == nil {
		c.names = map[string]*counted{}
	}
	if len(c.names) == maxKeys {
		c.shrink()
	}
	c.names[one.name] = one
}

// shrink drops the rarer half of the names.
func (c *counter) shrink() {
	c.last, c.crowded = nil, true
	counts := make([]int64, 0, len(c.names))
	for _, one := range c.names {
		counts = append(counts, one.n)
	}
	slices.Sort(counts)
	surplus, middle := len(counts)/2, counts[len(counts)/2]
	for _, rarer := range []bool{true, false} {
		for name, one := range c.names {
			if surplus > 0 && (one.n < middle || !rarer && one.n == middle) {
				c.forgotten += one.n
				delete(c.names, name)
				surplus--
			}
		}
	}
}

// sorted returns the names, the most frequent first.
func (c *counter) sorted() []*counted {
	return slices.SortedFunc(maps.Values(c.names), func(a, b *counted) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name))
	})
}

func (c *counter) join(other counter) {
	c.forgotten += other.forgotten
	for _, theirs := range other.names {
		if ours := c.names[theirs.name]; ours != nil {
			ours.n += theirs.n
			ours.span.join(theirs.span)
		} else {
			c.keep(theirs)
		}
	}
}

// Count is how often a name occurred.
type Count struct {
	Name  string `json:"name"`
	Count int64  `json:"count"` // at least so often, if other names were dropped
	First string `json:"first"`
	Last  string `json:"last"`
}

// Counts has the most frequent names of a kind.
type Counts struct {
	Top    []Count `json:"top"`
	Others int64   `json:"others"` // the number of entries with other names
}

func (c *counter) counts(most int) Counts {
	list := Counts{Top: []Count{}, Others: c.forgotten}
	for i, one := range c.sorted() {
		if i < most {
			list.Top = append(list.Top, Count{one.name, one.n, one.first.String(), one.last.String()})
		} else {
			list.Others += one.n
		}
	}
	return list
}

// timeline counts entries by minute, or by hour, day or month if there are too many minutes.
type timeline struct {
	width  int // how many characters of a time distinguish two moments
	counts map[string]*int64
	latest *int64 // the count of the latest moment: logs are written in order
	moment []byte
}

var widths = []int{len("2006/01/02 15:04"), len("2006/01/02 15"), len("2006/01/02"), len("2006/01"), len("2006"), 0}

// maxMoments is the most moments in a timeline.
const maxMoments = 48

func (t *timeline) add(at []byte, n int64) {
	if t.counts == nil {
		t.width, t.counts = widths[0], map[string]*int64{}
	}
	if len(at) < t.width {
		t.narrow(len(at))
	}
	at = at[:t.width]
	if t.latest != nil && bytes.Equal(at, t.moment) {
		*t.latest += n
		return
	}
	count := t.counts[string(at)]
	if count == nil {
		count = new(int64)
		t.counts[string(at)] = count
	}
	*count += n
	t.latest, t.moment = count, append(t.moment[:0], at...)
	if len(t.counts) > maxMoments {
		t.narrow(widths[slices.Index(widths, t.width)+1])
	}
}

// narrow counts by longer spans of time.
func (t *timeline) narrow(width int) {
	old := t.counts
	t.width, t.counts, t.latest = width, map[string]*int64{}, nil
	for at, n := range old {
		if count := t.counts[at[:width]]; count != nil {
			*count += *n
		} else {
			t.counts[at[:width]] = n
		}
	}
	if len(t.counts) > maxMoments {
		t.narrow(widths[slices.Index(widths, t.width)+1])
	}
}

func (t *timeline) join(other timeline) {
	if other.counts == nil {
		return
	}
	for at, n := range other.counts {
		t.add([]byte(at), *n)
	}
}

// Moment is the number of entries in a minute, hour, day, month or year.
type Moment struct {
	Time  string `json:"time"` // "2026/11/22 20:01", or the beginning of it
	Count int64  `json:"count"`
}

func (t *timeline) moments() []Moment {
	list := []Moment{}
	for _, at := range slices.Sorted(maps.Keys(t.counts)) {
		list = append(list, Moment{at, *t.counts[at]})
	}
	return list
}
