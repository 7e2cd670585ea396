package explain

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/signature"
)

// Access is what an access log adds: statuses, and failures without an error line.
type Access struct {
	Requests   int64            `json:"requests"`
	OtherLines int64            `json:"otherLines"` // in no format that is known
	Statuses   map[string]int64 `json:"statuses"`
	Joined     int64            `json:"joined"`   // requests that left an error line
	Complete   bool             `json:"complete"` // false: more requests left error lines than are remembered, and some may be in silent
	// Silent are answers of 500 and above without an error line: the upstream's own, as
	// upstreamStatus tells where the log has it, or what the configuration returns.
	Silent Counts `json:"silent"` // "502 GET /cart", with "(upstream 502)" where it is known
	// Masked are good statuses behind which an upstream failed: another one was asked, or
	// a page was put in its place. Only a log with upstream_status shows them.
	Masked Counts `json:"masked"`
	// Incomplete are requests that nginx says it did not complete; only a log with
	// request_completion shows them, and not each cut answer is among them.
	Incomplete Counts `json:"incomplete"`
	// Short are answers of status 200 that are shorter than nearly all others to the
	// same request. It may be a cut one, or another answer.
	Short []Short `json:"short"`
}

// Short is answers that are shorter than others.
type Short struct {
	Request string `json:"request"`
	Bytes   int64  `json:"bytes"`
	Count   int64  `json:"count"`
	Usual   int64  `json:"usual"` // bytes
	Of      int64  `json:"of"`    // answers to this request
}

// access is what one worker has read of access logs; with others' joined, all.
type access struct {
	record                     nginx.Access
	requests, others, joined   int64
	statuses                   counter
	silent, masked, incomplete counter
	causes                     map[*signature.Signature]map[string]int64
	sizes                      map[string]*sizes
}

// sizes are the lengths of the answers to one request.
type sizes struct{ of map[int64]int64 }

const (
	maxSizes    = 4    // different ones; a request with more has no usual one
	maxRequests = 4096 // whose sizes are remembered
	late        = 2    // seconds between an error line and the request's record: it goes on after a retry
)

// ReadAccess reads an access log beside the error logs that were read before.
func (r *Reader) ReadAccess(ctx context.Context, in io.Reader) error {
	all := r.total()
	parts := make([]*access, r.workers)
	for i := range parts {
		parts[i] = &access{causes: map[*signature.Signature]map[string]int64{}, sizes: map[string]*sizes{}}
	}
	err := pipeline(ctx, in, r.workers, func(worker int, text, _ []byte) []byte {
		parts[worker].read(text, all.joins)
		return nil
	}, func([]byte) error { return nil })
	if r.access == nil {
		r.access, parts = parts[0], parts[1:]
	}
	for _, other := range parts {
		r.access.join(other)
	}
	for s, c := range all.causes {
		c.statuses = r.access.causes[s]
	}
	return err
}

func (a *access) read(text []byte, known *joins) {
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		if line = bytes.TrimRight(line, "\r"); len(line) == 0 {
			continue
		}
		if !a.record.Read(line) {
			a.others++
			continue
		}
		a.add(&a.record, known)
	}
}

func (a *access) add(r *nginx.Access, known *joins) {
	a.requests++
	a.statuses.add(r.Status, nil)
	cause, found := known.find(r)
	if found {
		a.joined++
		if a.causes[cause] == nil {
			a.causes[cause] = map[string]int64{}
		}
		a.causes[cause][string(r.Status)]++
	}
	failed := r.Status[0] == '5'
	if failed && !found {
		a.silent.add(described(r), r.Time[:])
	}
	if !failed && bytes.ContainsAny(r.UpstreamStatus, "5") && upstreamFailed(r.UpstreamStatus) {
		a.masked.add(described(r), r.Time[:])
	}
	if r.HasCompletion && len(r.Completion) == 0 {
		a.incomplete.add(described(r), r.Time[:])
	}
	if string(r.Status) == "200" && bytes.HasPrefix(r.Request, []byte("GET ")) {
		a.addSize(r)
	}
}

// find is the cause of a request's error line, and whether it left any.
func (j *joins) find(r *nginx.Access) (*signature.Signature, bool) {
	if len(r.PID) > 0 {
		cause, found := j.causes[key(r.PID, r.Request, r.Connection)]
		return cause, found
	}
	if cause, found := j.causes[key(r.Client, r.Request, r.Time[:])]; found {
		return cause, found
	}
	// Only what failed is worth a second look: most requests left no line at all.
	if r.Status[0] != '5' && r.Status[0] != '4' {
		return nil, false
	}
	at, err := time.Parse("2006/01/02 15:04:05", string(r.Time[:]))
	if err != nil {
		return nil, false
	}
	for seconds := 1; seconds <= late; seconds++ {
		earlier := at.Add(-time.Duration(seconds) * time.Second).Format("2006/01/02 15:04:05")
		if cause, found := j.causes[key(r.Client, r.Request, []byte(earlier))]; found {
			return cause, found
		}
	}
	return nil, false
}

// upstreamFailed reports whether one of "502, 200" is a failure.
func upstreamFailed(statuses []byte) bool {
	for status := range bytes.FieldsFuncSeq(statuses, func(c rune) bool { return c < '0' || c > '9' }) {
		if len(status) == 3 && status[0] == '5' {
			return true
		}
	}
	return false
}

func described(r *nginx.Access) []byte {
	text := append(append(append(make([]byte, 0, maxKey), r.Status...), ' '), target(r.Request)...)
	if len(r.UpstreamStatus) > 0 {
		text = append(append(append(text, " (upstream "...), r.UpstreamStatus...), ')')
	}
	return text
}

func (a *access) addSize(r *nginx.Access) {
	n, err := strconv.ParseInt(string(r.Bytes), 10, 64)
	if err != nil || len(r.Request) > maxKey {
		return
	}
	s := a.sizes[string(r.Request)]
	if s == nil {
		if len(a.sizes) >= maxRequests {
			return
		}
		s = &sizes{map[int64]int64{}}
		a.sizes[string(r.Request)] = s
	}
	s.add(n, 1)
}

func (s *sizes) add(size, times int64) {
	if len(s.of) <= maxSizes {
		s.of[size] += times
	}
}

func (a *access) join(other *access) {
	a.requests += other.requests
	a.others += other.others
	a.joined += other.joined
	a.statuses.join(other.statuses)
	a.silent.join(other.silent)
	a.masked.join(other.masked)
	a.incomplete.join(other.incomplete)
	for cause, statuses := range other.causes {
		if a.causes[cause] == nil {
			a.causes[cause] = map[string]int64{}
		}
		for status, n := range statuses {
			a.causes[cause][status] += n
		}
	}
	for request, theirs := range other.sizes {
		ours := a.sizes[request]
		if ours == nil {
			a.sizes[request] = theirs
			continue
		}
		for size, n := range theirs.of {
			ours.add(size, n)
		}
	}
}

func (a *access) result(t *tally) *Access {
	result := &Access{Requests: a.requests, OtherLines: a.others, Statuses: map[string]int64{}, Joined: a.joined, Complete: !t.joins.full,
		Silent: a.silent.counts(top), Masked: a.masked.counts(top), Incomplete: a.incomplete.counts(top), Short: []Short{}}
	for _, one := range a.statuses.counts(maxKeys).Top {
		result.Statuses[one.Name] = one.Count
	}
	for _, request := range slices.Sorted(maps.Keys(a.sizes)) {
		result.Short = append(result.Short, a.sizes[request].short(request)...)
	}
	slices.SortStableFunc(result.Short, func(a, b Short) int { return cmp.Compare(b.Count, a.Count) })
	result.Short = result.Short[:min(len(result.Short), top)]
	return result
}

// short are the sizes below one that four answers of five have.
func (s *sizes) short(request string) []Short {
	var all, usual, most int64
	for size, n := range s.of {
		if all += n; n > most {
			usual, most = size, n
		}
	}
	if len(s.of) < 2 || len(s.of) > maxSizes || all < 5 || most*5 < all*4 {
		return nil
	}
	var list []Short
	for _, size := range slices.Sorted(maps.Keys(s.of)) {
		if size < usual {
			list = append(list, Short{request, size, s.of[size], usual, all})
		}
	}
	return list
}
