package nginx

import (
	"fmt"
	"testing"
	"time"
)

func TestAccessLine(t *testing.T) {
	for text, want := range map[string]string{
		`203.0.113.9 - - [22/Nov/2026:20:01:03 +0100] "POST /a?b HTTP/1.1" 502 157 "-" "curl/8"`:                                                                                            `203.0.113.9|2026/11/22 20:01:03|POST /a?b HTTP/1.1|502|157||false|`,
		`nginx-1  | ::1 - joe [01/Jan/2026:00:00:00 +0000] "GET /\x22 HTTP/1.1" 200 0 "-" "-" more "of it"`:                                                                                 `::1|2026/01/01 00:00:00|GET /\x22 HTTP/1.1|200|0||false|`,
		`- - - [01/Dec/2026:00:00:00 +0000] "" 400 0 "-" "-"`:                                                                                                                               `-|2026/12/01 00:00:00||400|0||false|`,
		`{"remote_addr":"::1","time_iso8601":"2026-11-22T20:01:03+01:00","status":502,"request":"GET / HTTP/1.1","body_bytes_sent":3,"upstream_status":"502, 200","request_completion":""}`: `::1|2026/11/22 20:01:03|GET / HTTP/1.1|502|3|502, 200|true|`,
		`web | {"time_local":"22/Nov/2026:20:01:03 +0100","status":"200","request_method":"GET","request_uri":"/x","server_protocol":"HTTP/1.1","pid":7,"connection":"9"}`:                  `|2026/11/22 20:01:03|GET /x HTTP/1.1|200|||false|7#9`,
		realRecord: `|0|GET / HTTP/1.1|502|157|502, 502|true|31#1`,
	} {
		var a Access
		if !a.Read([]byte(text)) {
			t.Errorf("no record: %s", text)
			continue
		}
		when := string(a.Time[:])
		if a.Time[0] == 0 {
			when = "0"
		}
		got := fmt.Sprintf("%s|%s|%s|%s|%s|%s|%t|", a.Client, when, a.Request, a.Status, a.Bytes, a.UpstreamStatus, a.HasCompletion)
		if len(a.PID) > 0 {
			got += fmt.Sprintf("%s#%s", a.PID, a.Connection)
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	for _, text := range []string{"", "x", `203.0.113.9 - - [22/Nov/2026:20:01:03 +0100] "GET / HTTP/1.1"`,
		`203.0.113.9 - - [today] "GET / HTTP/1.1" 200 1`, "{}", `{"status":"200"}`, `{"status":`,
		`203.0.113.9 - - [22/Nov/2026:20:01:03 +0100] "GET / HTTP/1.1" OK 1`, wholeLine} {
		if a := (Access{}); a.Read([]byte(text)) {
			t.Errorf("%q is a record", text)
		}
	}
}

func FuzzAccessLine(f *testing.F) {
	f.Add(`203.0.113.9 - - [22/Nov/2026:20:01:03 +0100] "POST /a?b HTTP/1.1" 502 157 "-" "curl/8"`)
	f.Add(realRecord)
	f.Add(`[] "" `)
	f.Add("a b c [22/\xff\xff\xff/2026:20:01:03] \"\" 200 ")
	f.Fuzz(func(t *testing.T, text string) {
		var a Access
		began := time.Now()
		if a.Read([]byte(text)) && len(a.Status) != 3 {
			t.Errorf("a record without a status: %q", text)
		}
		if took := time.Since(began); took > slowest {
			t.Errorf("%d bytes take %s", len(text), took)
		}
	})
}
