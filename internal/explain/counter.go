package explain

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
)

// A log can name millions of clients. A counter keeps those that are named often and
// forgets others, and says how many entries they were.
const (
	maxKeys = 1024 // of one counter; when there are more, the rarer half goes
	maxKey  = 256  // bytes
	top     = 10   // that are shown
)

// stamp is a time as nginx writes it. It sorts as it passes.
type stamp [len("2006/01/02 15:04:05")]byte

func (s *stamp) set(text []byte) { copy(s[:], text) }

// span is the first and last time of something.
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

// counter counts names.
type counter struct {
	names     map[string]*counted
	forgotten int64 // entries whose name was dropped
	last      *counted
	crowded   bool // names were dropped: of new ones few are let in, or a log of nothing but new ones is slow
	turned    uint // how many came since then
}

// letIn is how many new names come for each that is let in where it is crowded. One that
// is frequent gets in.
const letIn = 16

// add counts a name once more, and returns its count if it is new.
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

// sorted are the names, the most frequent first.
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

// Count is how often something was named.
type Count struct {
	Name  string `json:"name"`
	Count int64  `json:"count"` // at least, where others were dropped
	First string `json:"first"`
	Last  string `json:"last"`
}

// Counts are the most frequent names of a kind.
type Counts struct {
	Top    []Count `json:"top"`
	Others int64   `json:"others"` // entries with other names
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

// timeline counts entries by minute, and by hour, day or month when there are too many.
type timeline struct {
	width  int // of a time's text that tells the moments apart
	counts map[string]*int64
	latest *int64 // of the moment that came last: logs are written in order
	moment []byte
}

var widths = []int{len("2006/01/02 15:04"), len("2006/01/02 15"), len("2006/01/02"), len("2006/01"), len("2006"), 0}

// maxMoments bounds a timeline.
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

// Moment is how many entries were written in a minute, hour, day, month or year.
type Moment struct {
	Time  string `json:"time"` // "2026/11/22 20:01", or its beginning
	Count int64  `json:"count"`
}

func (t *timeline) moments() []Moment {
	list := []Moment{}
	for _, at := range slices.Sorted(maps.Keys(t.counts)) {
		list = append(list, Moment{at, *t.counts[at]})
	}
	return list
}
