package nginx

import (
	"strings"
	"testing"
)

func TestParseErrorLog(t *testing.T) {
	text := strings.Join([]string{
		`stray text before the first entry`,
		`2026/11/22 20:01:02 [error] 12#12: *3 connect() failed (111: Connection refused) while connecting to upstream, ` +
			`client: 127.0.0.1, server: , request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:3000/", host: "lab.test"`,
		`2026/11/22 20:01:03 [error] 12#12: *4 FastCGI sent in stderr: "PHP message: PHP Fatal error: boom`,
		`Stack trace:`,
		`#0 {main}" while reading response header from upstream, client: 127.0.0.1, server: , request: "GET /x HTTP/1.1"`,
		`2026/11/22 20:01:04 [notice] 7#7: signal 1 (SIGHUP) received, reconfiguring`,
		``,
	}, "\n")
	got := ParseErrorLog(text)
	if len(got) != 3 {
		t.Fatalf("%d entries, want 3: %+v", len(got), got)
	}
	first := got[0]
	if first.Level != "error" || first.PID != 12 || first.Connection != 3 || first.Time != "2026/11/22 20:01:02" {
		t.Errorf("first entry: %+v", first)
	}
	if want := "connect() failed (111: Connection refused) while connecting to upstream"; first.Message != want {
		t.Errorf("message %q, want %q", first.Message, want)
	}
	if want := "[error] connect() failed (111: Connection refused)"; first.Gist() != want {
		t.Errorf("gist %q, want %q", first.Gist(), want)
	}
	if !strings.Contains(got[1].Message, "Stack trace:\n#0 {main}") || !strings.HasPrefix(got[1].Context, "client: ") {
		t.Errorf("entry of several lines: %+v", got[1])
	}
	if got[2].Connection != 0 || got[2].AtLeast("error") || !got[2].AtLeast("notice") {
		t.Errorf("notice: %+v", got[2])
	}
}

func TestParseAccessLog(t *testing.T) {
	text := `{"probe":"t-1","pid":12,"connection":3,"status":"009","upstream_status":"200"}` + "\nnot json\n" + `{"other":1}` + "\n"
	got := ParseAccessLog(text)
	if len(got) != 1 || got[0].Probe != "t-1" || got[0].Status != "009" || got[0].PID != 12 || got[0].Connection != 3 {
		t.Errorf("records: %+v", got)
	}
}
