package explain

import (
	"bytes"
	"hash/maphash"

	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/signature"
)

// tally holds the counts of one worker.
type tally struct {
	memory *signature.Memory
	line   nginx.Line

	entries, recognised, unknown, none, ambiguous, others int64
	span
	causes   map[*signature.Signature]*causeTally
	unknowns counter // by shape
	joins    *joins  // nil if no access log will be read
}

type causeTally struct {
	count int64
	span
	levels                   counter
	upstreams, uris, clients counter
	times                    timeline
	sample                   string
	statuses                 map[string]int64 // from the access log
}

func newTally(set *signature.Set, most int) *tally {
	t := &tally{memory: set.Memory(), causes: map[*signature.Signature]*causeTally{}}
	if most > 0 {
		t.joins = &joins{causes: map[uint64]*signature.Signature{}, most: most}
	}
	return t
}

// count counts the entries of a text.
func (t *tally) count(text []byte) {
	for len(text) > 0 {
		rest, ok := nginx.Next(text, &t.line)
		text = rest
		if !ok {
			if len(t.line.Text) > 0 {
				t.others++
			}
			continue
		}
		t.add(&t.line)
	}
}

func (t *tally) add(l *nginx.Line) {
	t.entries++
	t.span.add(l.Time)
	found := t.memory.Match(l)
	if len(found) == 0 {
		t.addUnknown(l)
		return
	}
	t.recognised++
	if len(found) > 1 {
		t.ambiguous++
	}
	f := l.Fields()
	for _, s := range found {
		c := t.causes[s]
		if c == nil {
			c = &causeTally{sample: string(l.Text)}
			t.causes[s] = c
		}
		c.add(l, f)
	}
	if t.joins != nil {
		t.joins.add(l, f, found[0])
	}
}

func (t *tally) addUnknown(l *nginx.Line) {
	if class(l) == None {
		t.none++
		return
	}
	t.unknown++
	if fresh := t.unknowns.add(shape(l), l.Time); fresh != nil {
		fresh.sample = string(l.Text)
	}
	if t.joins != nil {
		t.joins.add(l, l.Fields(), nil)
	}
}

func (c *causeTally) add(l *nginx.Line, f nginx.Fields) {
	c.count++
	c.span.add(l.Time)
	c.times.add(l.Time, 1)
	c.levels.add(l.Level, nil)
	if len(f.Upstream) > 0 {
		c.upstreams.add(peer(f.Upstream), l.Time)
	}
	if len(f.Request) > 0 {
		c.uris.add(target(f.Request), l.Time)
	}
	if len(f.Client) > 0 {
		c.clients.add(f.Client, l.Time)
	}
}

// join adds the counts of another worker.
func (t *tally) join(other *tally) {
	t.entries += other.entries
	t.recognised += other.recognised
	t.unknown += other.unknown
	t.none += other.none
	t.ambiguous += other.ambiguous
	t.others += other.others
	t.span.join(other.span)
	t.unknowns.join(other.unknowns)
	for s, theirs := range other.causes {
		ours := t.causes[s]
		if ours == nil {
			t.causes[s] = theirs
			continue
		}
		ours.count += theirs.count
		ours.span.join(theirs.span)
		ours.levels.join(theirs.levels)
		ours.upstreams.join(theirs.upstreams)
		ours.uris.join(theirs.uris)
		ours.clients.join(theirs.clients)
		ours.times.join(theirs.times)
	}
	if t.joins != nil && other.joins != nil {
		t.joins.join(other.joins)
	}
}

// joins has the requests that left an error line, by the keys that find them in an access log.
type joins struct {
	causes map[uint64]*signature.Signature // nil if the cause is unknown
	most   int
	full   bool
}

// maxJoins is the most requests that all workers together remember. Each has two keys, which
// take about 40 MB in total.
const maxJoins = 1 << 20

var seed = maphash.MakeSeed()

// key is the hash of a request: its client, its request line and the second. Alternatively it
// is the hash of the worker, the request line and the connection.
func key(who, request, when []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, part := range [][]byte{who, request, when} {
		h.Write(part)
		h.WriteByte(0)
	}
	return h.Sum64()
}

func (j *joins) add(l *nginx.Line, f nginx.Fields, cause *signature.Signature) {
	if len(f.Request) == 0 {
		return
	}
	if len(j.causes)+2 > j.most {
		j.full = true
		return
	}
	j.causes[key(f.Client, f.Request, l.Time)] = cause
	j.causes[key(l.PID, f.Request, l.Connection)] = cause
}

func (j *joins) join(other *joins) {
	j.full = j.full || other.full
	for k, cause := range other.causes {
		j.causes[k] = cause
	}
}

// shape returns what similar lines have in common: the first line without its numbers and
// quoted texts. Only the beginning of the message counts.
func shape(l *nginx.Line) []byte {
	said, _, _ := bytes.Cut(l.Said[:min(len(l.Said), maxKey)], []byte("\n"))
	out := append(make([]byte, 0, maxKey), '[')
	out = append(append(out, l.Level...), "] "...)
	out = nginx.AppendNormal(out, said, nginx.Quoted|nginx.Numbers)
	if len(out) > maxKey {
		out = bytes.ToValidUTF8(out[:maxKey], nil) // a character may have been cut in two
	}
	return out
}
