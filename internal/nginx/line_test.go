package nginx

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

const wholeLine = `2026/11/22 20:01:02 [error] 12#34: *3 connect() failed (111: Connection refused) while connecting to upstream, ` +
	`client: 203.0.113.9, server: shop.example, request: "GET /a HTTP/1.1", subrequest: "/auth", upstream: "http://127.0.0.1:3000/auth", host: "shop.example", referrer: "https://shop.example/"`

// strs is a Line and its Fields as text.
func strs(l Line) map[string]string {
	parts := map[string]string{}
	for _, v := range []any{l, l.Fields()} {
		value := reflect.ValueOf(v)
		for i := range value.NumField() {
			if text := string(value.Field(i).Bytes()); text != "" {
				parts[value.Type().Field(i).Name] = text
			}
		}
	}
	return parts
}

func TestLineParts(t *testing.T) {
	whole := map[string]string{
		"Time": "2026/11/22 20:01:02", "Level": "error", "PID": "12", "TID": "34", "Connection": "3",
		"Message": "connect() failed (111: Connection refused)", "Action": "connecting to upstream",
		"Client": "203.0.113.9", "Server": "shop.example", "Request": "GET /a HTTP/1.1", "Subrequest": "/auth",
		"Upstream": "http://127.0.0.1:3000/auth", "Host": "shop.example", "Referrer": "https://shop.example/",
	}
	for name, c := range map[string]struct {
		text string
		want map[string]string
	}{
		"all of it":       {wholeLine, whole},
		"docker compose":  {"nginx-1  | " + wholeLine, whole},
		"journald":        {"Nov 26 06:25:39 web-1 nginx[123]: " + wholeLine, whole},
		"nginx's syslog":  {"<187>Nov 26 06:25:39 web-1 nginx: " + wholeLine, whole},
		"kubernetes":      {"2026-11-26T06:25:39.123456789Z stderr F " + wholeLine, whole},
		"carriage return": {wholeLine + "\r\n", whole},
		"no server":       {strings.Replace(wholeLine, "shop.example, request", ", request", 1), with(whole, "Server", "")},
		"no connection": {`2026/11/22 20:01:02 [notice] 12#34: signal 1 (SIGHUP) received`,
			map[string]string{"Time": whole["Time"], "Level": "notice", "PID": "12", "TID": "34", "Message": "signal 1 (SIGHUP) received"}},
		"quotes and commas in the request": {strings.Replace(wholeLine, "GET /a HTTP",
			`GET /a", host: "evil", upstream: "http://evil/x HTTP`, 1),
			with(whole, "Request", `GET /a", host: "evil", upstream: "http://evil/x HTTP/1.1`)},
		"a request without version": {strings.Replace(wholeLine, "GET /a HTTP/1.1", `GET /"a, b"`, 1),
			with(whole, "Request", `GET /"a, b"`)},
		"quotes in the referrer": {strings.Replace(wholeLine, "https://shop.example/", `https://x/?q="a", client: 10.0.0.1, b`, 1),
			with(whole, "Referrer", `https://x/?q="a", client: 10.0.0.1, b`)},
		"a client in the message": {strings.Replace(wholeLine, "connect() failed (111: Connection refused)",
			`open() "/srv/x, client: you" failed (2: No such file or directory)`, 1),
			with(whole, "Message", `open() "/srv/x, client: you" failed (2: No such file or directory)`)},
		"cut in the request": {wholeLine[:strings.Index(wholeLine, " HTTP/1.1")],
			with(whole, "Request", "GET /a", "Subrequest", "", "Upstream", "", "Host", "", "Referrer", "")},
		"cut in the upstream": {wholeLine[:strings.Index(wholeLine, ":3000")],
			with(whole, "Upstream", "http://127.0.0.1", "Host", "", "Referrer", "")},
		"IPv6, unix": {strings.Replace(strings.Replace(wholeLine, "203.0.113.9", "2001:db8::1", 1), "http://127.0.0.1:3000/auth",
			"http://unix:/run/app.sock:/auth", 1), with(whole, "Client", "2001:db8::1", "Upstream", "http://unix:/run/app.sock:/auth")},
		"resolver": {`2026/11/22 20:01:02 [error] 12#34: send() failed (111: Connection refused) while resolving, resolver: 127.0.0.1:5399`, map[string]string{"Time": whole["Time"], "Level": "error", "PID": "12", "TID": "34", "Message": "send() failed (111: Connection refused)", "Action": "resolving"}},
	} {
		var l Line
		if _, ok := Next([]byte(c.text), &l); !ok {
			t.Errorf("%s: no entry", name)
			continue
		}
		got := strs(l)
		for _, part := range []string{"Text", "Said", "Context"} {
			delete(got, part)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, c.want)
		}
	}
}

func with(parts map[string]string, changes ...string) map[string]string {
	copied := map[string]string{}
	for name, value := range parts {
		copied[name] = value
	}
	for i := 0; i < len(changes); i += 2 {
		if delete(copied, changes[i]); changes[i+1] != "" {
			copied[changes[i]] = changes[i+1]
		}
	}
	return copied
}

// Entries and lines that are none, in their order. What PHP writes has several lines;
// others' lines between two entries belong to neither.
func TestNext(t *testing.T) {
	const php = `2026/11/22 20:01:03 [error] 12#12: *4 FastCGI sent in stderr: "PHP message: PHP Fatal error:  Uncaught Error: boom in /x.php:1
Stack trace:
#0 {main}
  thrown in /x.php on line 1" while reading response header from upstream, client: 203.0.113.9, server: , request: "GET /x HTTP/1.1", upstream: "fastcgi://127.0.0.1:9000"`
	const short = "2026/11/22 20:01:03 [error] 12#12: *4 FastCGI sent in stderr: \"boom\n#0\" while reading upstream, client: ::1"
	long := `2026/11/22 20:01:03 [error] 12#12: *4 FastCGI sent in stderr: "` + strings.Repeat("y", maxWritten)
	text := strings.Join(
		[]string{
			"stray",
			wholeLine,
			"- - [22/Nov/2026:20:01:02 +0000] an access log's",
			php,
			short,
			"",
			long,
			"behind a cut one",
			wholeLine,
		},
		"\n",
	)
	var entries, others []string
	for rest := []byte(text); len(rest) > 0; {
		var l Line
		var ok bool
		if rest, ok = Next(rest, &l); ok {
			entries = append(entries, string(l.Text))
		} else {
			others = append(others, string(l.Text))
		}
	}
	if want := []string{wholeLine, php, short, long, wholeLine}; !reflect.DeepEqual(entries, want) {
		t.Errorf("entries %q", entries)
	}
	if want := []string{"stray", "- - [22/Nov/2026:20:01:02 +0000] an access log's", "", "behind a cut one"}; !reflect.DeepEqual(
		others,
		want,
	) {
		t.Errorf("others %q", others)
	}
	var l Line
	if Next([]byte(php), &l); string(l.Action) != "reading response header from upstream" ||
		string(l.Fields().Upstream) != "fastcgi://127.0.0.1:9000" {
		t.Errorf("of several lines: %v", strs(l))
	}
}

func FuzzLine(f *testing.F) {
	for _, line := range recordedLines(f) {
		f.Add(line)
	}
	for _, text := range []string{wholeLine, "nginx-1  | " + wholeLine, wholeLine[:90], strings.Replace(wholeLine, "GET", `"GET", `, 1), "", "\n\r\n", "2026/11/22 20:01:02 [", "2026/11/22 20:01:02 [error] 1#1: *", "2026/11/22 20:01:02 [error] 1#1: , client: ",
		"2026/11/22 20:00:00 [error] 1#1: *1 FastCGI sent in stderr: \"\n\n\n" +
			"2026/11/22 20:00:00 [error] 1#1: x", strings.Repeat("2026/11/22 20:01:02 [", 40)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		back, steps := []byte(text), 0
		for len(back) > 0 {
			var l Line
			before := back
			rest, ok := Next(back, &l)
			if len(rest) >= len(before) {
				t.Fatalf("no step: %q", before)
			}
			back, steps = rest, steps+1
			// Every part is the text's own, and none is outside the entry.
			if !bytes.Contains(before, l.Text) {
				t.Fatalf("%q is not of %q", l.Text, before)
			}
			if ok != (entryAt(firstOf(before)) >= 0 && l.Time != nil) {
				t.Errorf("%q is an entry: %t", l.Text, ok)
			}
			for name, part := range strs(l) {
				if !strings.Contains(string(l.Text), part) {
					t.Errorf("%s %q is not in %q", name, part, l.Text)
				}
			}
		}
		if took := time.Since(began); took > slowest {
			t.Errorf("%d bytes take %s", len(text), took)
		}
		if steps > 1+strings.Count(text, "\n") {
			t.Errorf("%d steps for %q", steps, text)
		}
	})
}

func firstOf(text []byte) []byte {
	line, _ := firstLine(text)
	return line
}
