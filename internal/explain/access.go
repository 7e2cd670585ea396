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

// Access is what an access log adds: statuses, and failures without a line in the error log.
type Access struct {
	Requests   int64            `json:"requests"`
	OtherLines int64            `json:"otherLines"` // lines in an unknown format
	Statuses   map[string]int64 `json:"statuses"`
	Joined     int64            `json:"joined"` // requests that left a line in the error log
	// Complete is false if more requests left error lines than are remembered; some of these may
	// be in Silent.
	Complete bool `json:"complete"`
	// Silent counts answers with status 500 or above that have no error line. Either the
	// upstream itself gave the status, which upstreamStatus shows if the log has it, or the
	// configuration returns it.
	Silent Counts `json:"silent"` // such as "502 GET /cart", followed by "(upstream 502)" if that is known
	// Masked counts good statuses although an upstream failed: another upstream was asked, or
	// an error page was sent instead. Only a log with upstream_status shows them.
	Masked Counts `json:"masked"`
	// Incomplete counts requests that nginx says it did not complete. Only a log with
	// request_completion shows them, and it does not show every answer that was cut off.
	Incomplete Counts `json:"incomplete"`
	// Short lists answers with status 200 that are shorter than nearly all other answers to
	// the same request. Such an answer may be cut off, or it may simply be different.
	Short []Short `json:"short"`
}

// Short counts the answers to a request that are shorter than the others.
type Short struct {
	Request string `json:"request"`
	Bytes   int64  `json:"bytes"`
	Count   int64  `json:"count"`
	Usual   int64  `json:"usual"` // in bytes
	Of      int64  `json:"of"`    // the number of answers to this request
}

// access is what one worker has read of access logs. After join it is what all workers have
// read.
type access struct {
	record                     nginx.Access
	requests, others, joined   int64
	statuses                   counter
	silent, masked, incomplete counter
	causes                     map[*signature.Signature]map[string]int64
	sizes                      map[string]*sizes
}

// sizes counts the lengths of the answers to one request.
type sizes struct{ of map[int64]int64 }

const (
	maxSizes    = 4    // different lengths; a request with more of them has no usual one
	maxRequests = 4096 // requests whose sizes are remembered
	late        = 2    // the most seconds between an error line and the request's record: after a retry the request goes on
)

// ReadAccess reads an access log. The error logs must have been read before.
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

// find returns the cause in a request's error line, and whether the request left any error
// line.
func (j *joins) find(r *nginx.Access) (*signature.Signature, bool) {
	if len(r.PID) > 0 {
		cause, found := j.causes[key(r.PID, r.Request, r.Connection)]
		return cause, found
	}
	if cause, found := j.causes[key(r.Client, r.Request, r.Time[:])]; found {
		return cause, found
	}
	// Only failures are worth a second search, because most requests left no error line at
	// all.
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

// upstreamFailed reports whether one of the statuses is a failure, as in "502, 200".
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

// short returns the sizes that are shorter than the size of at least four answers in five.
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
