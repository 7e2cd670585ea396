package explain

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// This test checks what an access log adds, for both of its formats.
func TestAccess(t *testing.T) {
	errors := strings.Join([]string{
		refused, // 20:01:02, POST /cart?id=1
		`2026/11/22 20:02:00 [error] 12#34: *8 upstream prematurely closed connection while reading upstream, client: ` +
			`203.0.113.9, server: , request: "GET /export HTTP/1.1", upstream: "http://127.0.0.1:3000/export"`,
		strange,
	}, "\n")
	combined := `203.0.113.9 - - [22/Nov/2026:20:01:03 +0100] "POST /cart?id=1 HTTP/1.1" 502 157 "-" "curl/8.0" "of its own" 0.003
203.0.113.9 - - [22/Nov/2026:20:02:00 +0100] "GET /export HTTP/1.1" 200 400 "-" "curl/8.0"
203.0.113.9 - - [22/Nov/2026:20:09:00 +0100] "GET /maintenance?x HTTP/1.1" 503 197 "-" "curl/8.0"
203.0.113.9 - - [22/Nov/2026:20:09:01 +0100] "GET /export HTTP/1.1" 404 1 "-" "curl/8.0"
no record
`
	for n := range 10 {
		size := 1000
		if n == 3 {
			size = 400
		}
		combined += fmt.Sprintf("::1 - - [22/Nov/2026:20:10:0%d +0100] \"GET /either HTTP/1.1\" 200 %d \"-\" \"-\"\n", n, 500-n%5/3)
		combined += fmt.Sprintf("nginx-1  | ::1 - joe [22/Nov/2026:20:10:0%d +0100] \"GET /report HTTP/1.1\" 200 %d \"-\" \"-\"\n", n, size)
	}
	record := func(status, upstream, completion, request string, pid, connection int) string {
		return fmt.Sprintf(`{"pid":%d,"connection":%d,"status":"%s","request":"%s","body_bytes_sent":7,`+
			`"request_completion":"%s","upstream_status":"%s"}`+"\n", pid, connection, status, request, completion, upstream)
	}
	json := record("502", "502", "OK", "POST /cart?id=1 HTTP/1.1", 12, 3) + record("200", "502, 200", "OK", "GET /a HTTP/1.1", 12, 77) +
		record("200", "200", "", "GET /b HTTP/1.1", 12, 78) + record("502", "502", "OK", "GET /c HTTP/1.1", 12, 3) + "{}\n"
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"combined": {combined, "24 requests, 1 others, 2 joined, silent [1 503 GET /maintenance], masked [], incomplete [], " +
			"short [1 of 10 GET /report HTTP/1.1 400 for 1000], refused map[502:1], cut map[200:1]"},
		"JSON": {json, "4 requests, 1 others, 1 joined, silent [1 502 GET /c (upstream 502)], masked [1 200 GET /a " +
			"(upstream 502, 200)], incomplete [1 200 GET /b (upstream 200)], short [], refused map[502:1], cut map[]"},
	} {
		r := book(t).NewReader(2, true)
		if err := r.Read(t.Context(), "error.log", strings.NewReader(errors)); err != nil {
			t.Fatal(err)
		}
		if err := r.ReadAccess(t.Context(), strings.NewReader(c.text)); err != nil {
			t.Fatal(err)
		}
		s := r.Summary()
		a := s.Access
		names := func(counts Counts) string {
			var list []string
			for _, one := range counts.Top {
				list = append(list, fmt.Sprint(one.Count, " ", one.Name))
			}
			return "[" + strings.Join(list, "; ") + "]"
		}
		var short []string
		for _, one := range a.Short {
			short = append(short, fmt.Sprintf("%d of %d %s %d for %d", one.Count, one.Of, one.Request, one.Bytes, one.Usual))
		}
		statuses := map[string]map[string]int64{}
		for _, cause := range s.Causes {
			statuses[cause.Cause] = cause.Statuses
		}
		got := fmt.Sprintf("%d requests, %d others, %d joined, silent %s, masked %s, incomplete %s, short %v, refused %v, cut %v",
			a.Requests, a.OtherLines, a.Joined, names(a.Silent), names(a.Masked), names(a.Incomplete), short,
			statuses["connection-refused"], statuses["body-closed"])
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		total := int64(0)
		for n := range maps.Values(a.Statuses) {
			total += n
		}
		if total != a.Requests || !a.Complete {
			t.Errorf("%s: statuses %v, complete %t", name, a.Statuses, a.Complete)
		}
	}
}
