package explain

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
)

// endless is a log in which every line has another client, request and connection. It records
// the most memory that is in use while it is read.
type endless struct {
	left, n int64
	lines   [][2]string
	buffer  bytes.Buffer
	random  *rand.Rand
	peak    uint64
	reads   int
}

func (e *endless) Read(into []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	for e.buffer.Len() < len(into) {
		l := e.lines[e.random.IntN(len(e.lines))]
		e.n++
		fmt.Fprintf(&e.buffer, "2026/11/22 20:01:02 [%s] 7#7: *%d %s, client: 2001:db8::%x, server: , request: \"GET /%d "+
			"HTTP/1.1\", upstream: \"http://127.0.0.1:3000/%d\"\n", l[0], e.n, l[1], e.n, e.n, e.n)
		if e.n%7 == 0 {
			fmt.Fprintf(&e.buffer, "2026/11/22 20:01:02 [error] 7#7: *%d new trouble of kind %x and %x, client: ::1\n", e.n,
				e.random.Uint64(), e.n)
		}
	}
	n, err := e.buffer.Read(into)
	e.left -= int64(n)
	if e.reads++; e.reads%8 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		e.peak = max(e.peak, m.HeapInuse)
	}
	return n, err
}

// The memory must not grow with the log, although all of its lines are different.
func TestMemoryIsFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads 100 MB")
	}
	sizes := []int64{16 << 20, 96 << 20}
	if os.Getenv("LAB_SOAK") != "" {
		sizes = []int64{50 << 20, 500 << 20, 5000 << 20}
	}
	// There are few causes, so that even the shorter log fills the counters of each.
	b, lines := book(t), said(t)[:12]
	var peaks []uint64
	for _, size := range sizes {
		runtime.GC()
		log := &endless{left: size, lines: lines, random: rand.New(rand.NewPCG(3, 4))}
		r := b.NewReader(2, false)
		if err := r.Read(t.Context(), "endless", log); err != nil {
			t.Fatal(err)
		}
		s := r.Summary()
		if s.Unknown == 0 || s.UnknownOthers == 0 || s.Recognised == 0 {
			t.Fatalf("%d recognised, %d unknown, %d of them of forgotten kinds", s.Recognised, s.Unknown, s.UnknownOthers)
		}
		total := s.UnknownOthers
		for _, u := range s.Unknowns {
			total += u.Count
		}
		if total != s.Unknown {
			t.Errorf("%d unknown, by their kinds %d", s.Unknown, total)
		}
		for _, c := range s.Causes {
			sum := c.Clients.Others
			for _, one := range c.Clients.Top {
				sum += one.Count
			}
			if sum != c.Count {
				t.Errorf("%s: %d entries, by their clients %d", c.Cause, c.Count, sum)
			}
		}
		peaks = append(peaks, log.peak)
		t.Logf("%d MB: at most %d MB in use", size>>20, log.peak>>20)
	}
	if last := len(peaks) - 1; peaks[last] > peaks[0]*3/2 {
		t.Errorf("the memory grows with the log: %v", peaks)
	}
}

// What is remembered for an access log must have a limit, and the summary must say when it was
// reached.
func TestJoinsHaveABound(t *testing.T) {
	b, lines := book(t), said(t)
	for bound, complete := range map[int]bool{maxJoins: true, 2000: false} {
		r := b.NewReader(2, true)
		for _, one := range r.tallies {
			one.joins.most = min(bound/2, one.joins.most)
		}
		if err := r.Read(t.Context(), "endless", &endless{left: 4 << 20, lines: lines, random: rand.New(rand.NewPCG(3, 4))}); err != nil {
			t.Fatal(err)
		}
		if err := r.ReadAccess(t.Context(), strings.NewReader("")); err != nil {
			t.Fatal(err)
		}
		kept := len(r.tallies[0].joins.causes)
		if s := r.Summary(); s.Access.Complete != complete || kept > bound || kept < 1000 {
			t.Errorf("at most %d: %d keys, complete %t", bound, kept, s.Access.Complete)
		}
	}
}

// A line that was seen before must cost no memory when it is seen again.
func TestNoAllocationPerLine(t *testing.T) {
	var log bytes.Buffer
	for i, l := range said(t) {
		fmt.Fprintf(&log, "2026/11/22 20:01:02 [%s] 7#7: *%d %s, client: 203.0.113.9, server: , request: \"GET /cart?%d "+
			"HTTP/1.1\", upstream: \"http://127.0.0.1:3000/\"\n", l[0], i, l[1], i)
	}
	counting := newTally(book(t).set, 0)
	counting.count(log.Bytes())
	if n := testing.AllocsPerRun(10, func() { counting.count(log.Bytes()) }); n > 0 {
		t.Errorf("%.0f allocations for %d lines", n, len(said(t)))
	}
}
