package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gatewaylab/lab/internal/nginx"
)

const (
	refused = `2026/11/22 20:01:02 [error] 12#34: *3 connect() failed (111: Connection refused) while connecting to ` +
		`upstream, client: 203.0.113.9, server: shop.example, request: "POST /cart?id=1 HTTP/1.1", subrequest: "/auth", ` +
		`upstream: "http://127.0.0.1:3000/auth", host: "shop.example", referrer: "https://shop.example/"`
	missing = `2026/11/22 20:02:02 [crit] 12#34: *4 connect() to unix:/run/app.sock failed (2: No such file or directory) ` +
		`while connecting to upstream, client: ::1, server: , request: "GET / HTTP/1.1", upstream: "http://unix:/run/app.sock:/"`
	notice  = `2026/11/22 20:03:02 [notice] 1#1: signal 1 (SIGHUP) received`
	strange = `2026/11/22 20:04:02 [error] 12#34: *5 module "x7" broke 1.5 times at 3`
	both    = `2026/11/22 20:05:02 [error] 12#34: *6 FastCGI sent in stderr: "PHP message: PHP Fatal error:  Maximum ` +
		`execution time of 1 second exceeded in /a.phpPHP message: PHP Fatal error:  Allowed memory size of 8 bytes ` +
		`exhausted" while reading upstream, client: ::1, server: , request: "GET /a.php HTTP/1.1", upstream: "fastcgi://127.0.0.1:9000"`
)

func TestEntry(t *testing.T) {
	var l nginx.Line
	if _, ok := nginx.Next([]byte(refused), &l); !ok {
		t.Fatal("no entry")
	}
	want := Entry{
		Time: "2026/11/22 20:01:02", Level: "error", PID: 12, TID: 34, Connection: 3,
		Message: "connect() failed (111: Connection refused)", Errno: 111,
		Phase: "connecting to upstream", Client: "203.0.113.9", Server: "shop.example", Request: "POST /cart?id=1 HTTP/1.1",
		Method: "POST", URI: "/cart?id=1", Version: "1.1",
		Subrequest: "/auth", Upstream: "http://127.0.0.1:3000/auth", Host: "shop.example", Referrer: "https://shop.example/", Raw: refused,
	}
	if got := NewEntry(&l); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for upstream, want := range map[string]string{
		"http://127.0.0.1:3000/auth": "http://127.0.0.1:3000", "http://unix:/run/app.sock:/x": "http://unix:/run/app.sock",
		"fastcgi://unix:/run/fpm.sock:": "fastcgi://unix:/run/fpm.sock",
		"fastcgi://127.0.0.1:9000":      "fastcgi://127.0.0.1:9000", "http://backend/": "http://backend", "127.0.0.1:53": "127.0.0.1:53",
		"http://unix:/cut": "http://unix:/cut",
	} {
		if got := string(peer([]byte(upstream))); got != want {
			t.Errorf("the peer of %q is %q, want %q", upstream, got, want)
		}
	}
	for request, want := range map[string]string{"GET /a?b=c HTTP/1.1": "GET /a", "GET /a b HTTP/2.0": "GET /a b", "GET /cut": "GET /cut"} {
		if got := string(target([]byte(request))); got != want {
			t.Errorf("the target of %q is %q, want %q", request, got, want)
		}
	}
}

// The answer for a line must contain everything that is known about it. A line that matches
// two causes must have both, and for a line that matches none lab must not guess.
func TestLine(t *testing.T) {
	b := book(t)
	for text, want := range map[string]struct {
		cause      string
		causes     []string
		unexpected bool
	}{
		refused: {"connection-refused", []string{"connection-refused"}, false},
		missing: {"socket-missing", []string{"socket-missing"}, false},
		strings.Replace(missing, "crit", "error", 1): {"socket-missing", []string{"socket-missing"}, true},
		both:    {"php-memory-limit", []string{"php-memory-limit", "php-max-execution-time"}, false},
		notice:  {None, nil, false},
		strange: {Unknown, nil, false},
		"connect() failed (111: x) while connecting to upstream": {"connection-refused",
			[]string{"connection-refused"}, false},
		"[crit] 7#7: *1 connect() failed (111: x) while connecting to upstream, client: ::1": {"connection-refused",
			[]string{"connection-refused"}, true},
		"upstream prematurely closed connection": {"closed-before-header",
			[]string{"closed-before-header", "body-closed"}, false},
		"2026/11/22 20:01:02 [error] 12#34: *3 upstream prematurely closed connection": {Unknown, nil, false},
		"connect() failed (112233: x) while connecting to upstream":                    {Unknown, nil, false},
	} {
		line, ok := b.Line(text)
		var causes []string
		unexpected := false
		for _, c := range line.Causes {
			causes = append(causes, c.Cause)
			unexpected = unexpected || c.Unexpected
		}
		if !ok || line.Cause != want.cause || !slices.Equal(causes, want.causes) || unexpected != want.unexpected {
			t.Errorf("%s\nis %s %v, unexpected level %t; want %+v", text, line.Cause, causes, unexpected, want)
		}
		if line.Entry.Raw != text {
			t.Errorf("raw %q", line.Entry.Raw)
		}
	}
	for _, text := range []string{"", " \n", refused + "\n" + missing} {
		if _, ok := b.Line(text); ok {
			t.Errorf("%q is one line", text)
		}
	}
}

// The scenarios of a cause must follow from their recorded lines, and from the protocol of the
// line's upstream.
func TestAnswer(t *testing.T) {
	b := book(t)
	ids := func(text string) []string {
		line, _ := b.Line(text)
		var list []string
		for _, p := range line.Causes[0].Scenarios {
			list = append(list, p.ID)
			if len(p.Fixes) == 0 || p.Debrief == "" || p.Title == "" || p.Run != "lab run "+p.ID {
				t.Errorf("%+v", p)
			}
		}
		return list
	}
	http := ids(refused)
	fastcgi := ids(strings.Replace(refused, "http://127.0.0.1:3000/auth", "fastcgi://127.0.0.1:9000", 1))
	socket := ids(missing)
	all := ids("connect() failed (111: x) while connecting to upstream")
	for _, c := range []struct {
		name    string
		list    []string
		has     []string
		has_not []string
	}{
		{"http", http, []string{"wrong-port", "service-dead"}, []string{"fastcgi-wrong-port", "grpc-refused", "socket-missing"}},
		{"fastcgi", fastcgi, []string{"fastcgi-wrong-port", "fastcgi-service-dead"}, []string{"wrong-port", "grpc-refused"}},
		{"another path than the lab's", socket, []string{"socket-missing", "socket-path-mismatch"}, []string{"fastcgi-socket-missing"}},
		{"whatever", all, []string{"wrong-port", "fastcgi-wrong-port", "grpc-refused"}, []string{"stale-socket"}},
	} {
		for _, id := range c.has {
			if !slices.Contains(c.list, id) {
				t.Errorf("%s: %q is missing in %v", c.name, id, c.list)
			}
		}
		for _, id := range c.has_not {
			if slices.Contains(c.list, id) {
				t.Errorf("%s: %q does not belong in %v", c.name, id, c.list)
			}
		}
	}
	// Every scenario with a recorded line must belong to a cause.
	for _, l := range said(t) {
		line, ok := b.Line("2026/11/22 20:00:00 [" + l[0] + "] 1#1: *1 " + l[1])
		if !ok || len(line.Causes) != 1 || len(line.Causes[0].Scenarios) == 0 {
			t.Errorf("%v: %v", l, line.Causes)
		}
	}
}

func TestSummary(t *testing.T) {
	log := strings.Join([]string{"stray", refused, missing, notice, strings.Replace(refused, "20:01:02", "19:59:59", 1), strange,
		strings.Replace(strange, "x7", "y8", 1), both, ""}, "\n")
	b := book(t)
	r := b.NewReader(2, false)
	if err := r.Read(t.Context(), "error.log", strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	s := r.Summary()
	if got := []int64{s.Bytes, s.Entries, s.Recognised, s.Ambiguous, s.Unknown, s.None, s.OtherLines}; !slices.Equal(got,
		[]int64{int64(len(log)), 7, 4, 1, 2, 1, 1}) {
		t.Errorf("counts %v", got)
	}
	if s.First != "2026/11/22 19:59:59" || s.Last != "2026/11/22 20:05:02" || s.Access != nil {
		t.Errorf("from %s to %s, %v", s.First, s.Last, s.Access)
	}
	var causes []string
	for _, c := range s.Causes {
		causes = append(causes, fmt.Sprint(c.Cause, " ", c.Count))
	}
	if want := []string{"connection-refused 2", "php-max-execution-time 1", "php-memory-limit 1",
		"socket-missing 1"}; !slices.Equal(causes, want) {
		t.Errorf("causes %v", causes)
	}
	c := s.Causes[0]
	if c.First != "2026/11/22 19:59:59" || c.Last != "2026/11/22 20:01:02" || c.Sample != refused {
		t.Errorf("%s to %s, %q", c.First, c.Last, c.Sample)
	}
	got, _ := json.Marshal([]any{c.Upstreams, c.URIs, c.Clients, c.Times, c.SeenLevels})
	const times = `"first":"2026/11/22 19:59:59","last":"2026/11/22 20:01:02"`
	if want := `[{"top":[{"name":"http://127.0.0.1:3000","count":2,` + times + `}],"others":0},{"top":[{"name":"POST /cart","count":2,` +
		times + `}],"others":0},` +
		`{"top":[{"name":"203.0.113.9","count":2,` + times + `}],"others":0},[{"time":"2026/11/22 ` +
		`19:59","count":1},{"time":"2026/11/22 20:01","count":1}],[{"name":"error","count":2,"first":"","last":""}]]`; string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(s.Unknowns) != 1 || s.Unknowns[0].Shape != `[error] module "…" broke N times at N` || s.Unknowns[0].Count != 2 ||
		s.Unknowns[0].Sample != strange {
		t.Errorf("unknown: %+v", s.Unknowns)
	}
}

// If there are too many moments, entries must be counted by longer spans of time.
func TestTimeline(t *testing.T) {
	var times timeline
	for minute := range 3 * 60 {
		times.add(fmt.Appendf(nil, "2026/11/22 %02d:%02d:00", minute/60, minute%60), 1)
	}
	got, _ := json.Marshal(times.moments())
	if want := `[{"time":"2026/11/22 00","count":60},{"time":"2026/11/22 01","count":60},` +
		`{"time":"2026/11/22 02","count":60}]`; string(got) != want {
		t.Errorf("got %s", got)
	}
	for year := 1000; year < 1100; year++ {
		times.add(fmt.Appendf(nil, "%d/01/01 00:00:00", year), 1)
	}
	if got := times.moments(); len(got) != 1 || got[0].Count != 280 {
		t.Errorf("more years than there is room for: %v", got)
	}
}

// However a log is cut into pieces, and however many workers read it, every entry must be
// counted once, and the records must be in the order of the log.
func TestPiecesDoNotMatter(t *testing.T) {
	var log bytes.Buffer
	const php = "2026/11/22 20:01:03 [error] 12#12: *4 FastCGI sent in stderr: \"boom\nStack trace:\n#0 {main}\" while " +
		"reading upstream, client: ::1, server: , request: \"GET / HTTP/1.1\"\n"
	for n := range 20_000 {
		fmt.Fprintf(&log, "2026/11/22 20:01:02 [error] 12#34: *%d connect() failed (111: x) while connecting to upstream, client: ::1\n", n)
		if n%100 == 0 {
			log.WriteString(php)
		}
	}
	b := book(t)
	for name, in := range map[string]io.Reader{"whole": bytes.NewReader(log.Bytes()),
		"in halves": iotest.HalfReader(bytes.NewReader(log.Bytes())), "in odd pieces": odd{bytes.NewReader(log.Bytes())}} {
		next, phps := int64(0), 0
		err := b.Records(t.Context(), in, 2, func(out []byte, r Record) []byte {
			text, _ := json.Marshal(r)
			return append(append(out, text...), '\n')
		}, func(text []byte) error {
			for line := range bytes.Lines(text) {
				var r Record
				if err := json.Unmarshal(line, &r); err != nil {
					return err
				}
				switch {
				case r.Cause == "fastcgi-stderr" && strings.HasSuffix(r.Raw, `"GET / HTTP/1.1"`):
					phps++
				case r.Cause != "connection-refused" || r.Connection != next:
					return fmt.Errorf("%s comes where %d belongs", r.Raw, next)
				default:
					next++
				}
			}
			return nil
		})
		if err != nil || next != 20_000 || phps != 200 {
			t.Errorf("%s: %v, %d and %d records", name, err, next, phps)
		}
	}
}

// odd reads a few bytes less than it is asked for, as a pipe may.
type odd struct{ io.Reader }

func (o odd) Read(into []byte) (int, error) { return o.Reader.Read(into[:min(len(into), 10_007)]) }

func TestPipelineStops(t *testing.T) {
	b := book(t)
	broken := fmt.Errorf("no more room")
	err := b.Records(t.Context(), odd{strings.NewReader(strings.Repeat(refused+"\n", 10_000))}, 2,
		func(out []byte, r Record) []byte { return append(out, 'x') },
		func([]byte) error { return broken })
	if err != broken {
		t.Errorf("a full disk: %v", err)
	}
	if err := b.NewReader(2, false).Read(t.Context(), "x", iotest.ErrReader(broken)); err != broken {
		t.Errorf("a broken log: %v", err)
	}
	long := strings.Repeat("x", 3*chunkSize) + "\n" + refused + "\n"
	r := b.NewReader(2, false)
	if err := r.Read(t.Context(), "long", strings.NewReader(long)); err != nil {
		t.Fatal(err)
	}
	if s := r.Summary(); s.Recognised != 1 {
		t.Errorf("behind a line of megabytes %d entries", s.Recognised)
	}
}
