package nginx

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/scenarios"
)

// recordedLines are error lines of real nginx: scenario, level, message.
func recordedLines(t testing.TB) []string {
	t.Helper()
	var lines []string
	for _, l := range scenarios.Recorded() {
		lines = append(lines, fmt.Sprintf("2026/11/22 20:00:00 [%s] 7#7: *3 %s, client: 127.0.0.1, server: , "+
			"request: \"GET / HTTP/1.1\", host: \"lab.test\"\n", l.Level, l.Message))
	}
	if len(lines) == 0 {
		t.Fatal("no recorded lines")
	}
	return lines
}

// slowest is how long the worst megabyte may take on a busy machine; it takes
// hundredths of a second.
const slowest = 5 * time.Second

func FuzzErrorLog(f *testing.F) {
	lines := recordedLines(f)
	for _, line := range lines {
		f.Add(line)
	}
	const start = "2026/11/22 20:00:00 [error] 7#7: "
	for _, text := range []string{
		strings.Join(lines, ""), "", "\n", "no entry\n", start, start + "\n\n\n", start + "*", "\x00\xff\xfe",
		start + "\x1b[31mred\x1b]0;t\x07\n",
		start + "*99999999999999999999 x\n", "2026/11/22 20:00:00 [error] 99999999999999999999#1: x\n",
		start + ", client: , client: \n, client: ",
		start + "*1 FastCGI sent in stderr: \"PHP message: Fatal error\nStack trace:\n#0 {main}\" while reading, client: 127.0.0.1\n",
		start + strings.Repeat("\n", maxEntry+5), start + strings.Repeat("x", maxEntry+5) + "\n" + start + "y\r\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		entries := ParseErrorLog(text)
		if took := time.Since(began); took > slowest {
			t.Errorf("%d bytes take %s", len(text), took)
		}
		kept, rest := 0, text
		for _, e := range entries {
			kept += len(e.Raw)
			if len(e.Raw) > maxEntry {
				t.Errorf("an entry of %d bytes", len(e.Raw))
			}
			// Every byte of an entry is the log's, in the log's order …
			at := strings.Index(rest, e.Raw)
			if at < 0 {
				t.Fatalf("%q is not in what is left: %q", e.Raw, rest)
			}
			rest = rest[at+len(e.Raw):]
			// … and it is all in its parts.
			if !strings.HasPrefix(e.Raw, fmt.Sprintf("%s [%s] ", e.Time, e.Level)) {
				t.Errorf("the start of %q reads as %q, %q", e.Raw, e.Time, e.Level)
			}
			tail := e.Message
			if e.Context != "" {
				tail += ", " + e.Context
			}
			if !strings.HasSuffix(e.Raw, tail) || e.Context != "" && !strings.HasPrefix(e.Context, "client: ") || e.PID < 0 ||
				e.Connection < 0 {
				t.Errorf("%+v", e)
			}
			if again := ParseErrorLog(e.Raw); len(again) != 1 || again[0] != e && !strings.HasSuffix(e.Raw, "\n") {
				t.Errorf("%+v reads again as %+v", e, again)
			}
			_, _ = e.Gist(), e.AtLeast("error")
		}
		if kept > len(text) {
			t.Errorf("%d bytes of %d", kept, len(text))
		}
		// No line that begins an entry is lost.
		starts := 0
		for line := range strings.SplitSeq(text, "\n") {
			if entryStart().MatchString(line) {
				starts++
			}
		}
		if starts != len(entries) {
			t.Errorf("%d entries of %d", len(entries), starts)
		}
	})
}

// realRecord is a line of the lab's access log as nginx writes it.
const realRecord = `{"probe":"5f1c-t3-1","pid":31,"connection":1,"status":"502","request":"GET / HTTP/1.1","body_bytes_sent":157,"request_time":"0.000","request_completion":"OK","upstream_addr":"127.0.0.1:3000, 127.0.0.1:3001","upstream_status":"502, 502","upstream_connect_time":"-, -","upstream_header_time":"-","upstream_response_time":"0.000","upstream_bytes_received":"0","upstream_bytes_sent":"0","upstream_response_length":"0"}` + "\n"

func FuzzAccessLog(f *testing.F) {
	for _, text := range []string{
		realRecord, realRecord + realRecord, strings.Replace(realRecord, `"502"`, `"009"`, 1), realRecord[:100], "", "\n\n", "{}", "null\n",
		"[]\n", `{"probe":1}`,
		`{"probe":"a","probe":"b","PROBE":"c"}`, `{"status":"` + "\xff\x00\x1b[31m" + `"}`, `{"pid":1e400,"probe":"a"}`,
		`{"pid":-1,"connection":9223372036854775807,"status":"x"}`,
		strings.Repeat("[", 20_000), strings.Repeat(`{"a":`, 20_000), `{"probe":"` + strings.Repeat("x", 100_000) + `"}`,
		`{"probe":"\ud800\u0000"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		records := ParseAccessLog(text)
		if took := time.Since(began); took > slowest {
			t.Errorf("%d bytes take %s", len(text), took)
		}
		if most := 1 + strings.Count(text, "\n"); len(records) > most {
			t.Errorf("%d records in %d lines", len(records), most)
		}
		// What was read is written and read again as the same.
		var again strings.Builder
		for _, r := range records {
			if r.Probe == "" && r.Status == "" {
				t.Error("a record of nothing")
			}
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			again.Write(append(line, '\n'))
		}
		if got := ParseAccessLog(again.String()); !reflect.DeepEqual(got, records) {
			t.Errorf("%+v\nreads again as\n%+v", records, got)
		}
	})
}

// A log of a hostile backend's making costs time by its length, not by its square.
func TestLogsOfManyMegabytes(t *testing.T) {
	const start = "2026/11/22 20:00:00 [error] 7#7: *1 x"
	for name, text := range map[string]string{
		"a line of 10 MB":      start + strings.Repeat("x", 10<<20),
		"2 MB of line breaks":  start + strings.Repeat("\n", 2<<20),
		"10 MB of clients":     start + strings.Repeat(", client: ", 1<<20),
		"2 MB before an entry": strings.Repeat("x\n", 1<<20) + start,
		"10 MB of zeros":       start + "\n" + strings.Repeat("\x00", 10<<20),
	} {
		began := time.Now()
		entries := ParseErrorLog(text)
		if took := time.Since(began); took > slowest {
			t.Errorf("%s take %s", name, took)
		}
		if len(entries) != 1 || len(entries[0].Raw) > maxEntry {
			t.Errorf("%s: %d entries", name, len(entries))
		}
	}
	for name, text := range map[string]string{
		"one long record": strings.Replace(realRecord, "GET /", "GET /"+strings.Repeat("x", 10<<20), 1),
		"behind garbage":  strings.Repeat("\x00\n", 1<<17) + realRecord,
		"behind brackets": strings.Repeat("[", 10<<20) + "\n" + realRecord,
	} {
		began := time.Now()
		if records := ParseAccessLog(text); len(records) != 1 || time.Since(began) > slowest {
			t.Errorf("%s: %d records after %s", name, len(records), time.Since(began))
		}
	}
}
