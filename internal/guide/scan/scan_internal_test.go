package scan

import (
	stdcontext "context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
	"github.com/gatewaylab/lab/scenarios"
)

// fakeNginx takes everything, and never comes to an end with what it is told to hang on.
type fakeNginx struct{ hangs string }

func (f fakeNginx) Run(_ stdcontext.Context, what trial.Trial) (seen trial.Observation, err error) {
	for _, p := range what.Phases {
		if strings.Contains(what.Files[p.Stage.Nginx], f.hangs) {
			return seen, errors.New("too long")
		}
		seen.Phases = append(seen.Phases, trial.PhaseSeen{Steps: []trial.StepSeen{{Check: &protocol.CheckResult{OK: true}}}})
	}
	seen.ID = "t1"
	return seen, nil
}

// One snippet that nginx does not come to an end with keeps no other from its verdict; an
// engine that is gone keeps all.
func TestOneBadSnippet(t *testing.T) {
	d, err := guide.Read("a.md", []byte("`proxy_read_timeout 5s;` and `proxy_send_timeout 6s;`\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := New(d, nil)
	if err := s.Check(t.Context(), fakeNginx{"proxy_send_timeout"}); err != nil {
		t.Fatal(err)
	}
	list := s.Decide(nil, protocol.NginxInfo{})
	if len(list) != 2 || list[0].Verdict != guide.Holds || list[1].Verdict != guide.Inconclusive ||
		!strings.Contains(list[1].Reason, "too long") {
		t.Errorf("%+v", list)
	}
	s = New(d, nil)
	if err := s.Check(t.Context(), fakeNginx{"lab-scan"}); err == nil {
		t.Error("no error, although no trial works")
	}
	for _, f := range s.Decide(nil, protocol.NginxInfo{}) {
		if f.Verdict != guide.Inconclusive {
			t.Errorf("%+v", f)
		}
	}
}

// The bits of crossplane's tables are what wrap takes them for.
func TestPlaces(t *testing.T) {
	for name, want := range map[string]string{
		"proxy_pass": "location", "server_name": "server", "upstream": "http", "keepalive": "upstream",
		"proxy_read_timeout": "http, server, location", "listen": "server", "limit_req_zone": "http", "least_conn": "upstream",
	} {
		d := &nginx.Directive{Name: name, IsBlock: name == "upstream"}
		if got := strings.TrimPrefix(placesOf(d), "; it may stand in "); got != want && !strings.Contains(got, want) {
			t.Errorf("%s may stand in %q, and %q was expected", name, got, want)
		}
	}
	for name, want := range map[string]bool{"worker_processes": true, "events": true, "stream": true, "proxy_pass": false, "server": false, "http": false} {
		if got := outer(&nginx.Directive{Name: name, IsBlock: name == "events" || name == "server" || name == "stream" || name == "http"}); got != want {
			t.Errorf("%s stands outside of http: %t", name, got)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       string // in the wrapped text
		never      string
	}{
		{"a location's directive", "proxy_read_timeout 5s;", "location /lab-scan/ {\nproxy_read_timeout 5s;", ""},
		{"a location", "location /x { return 204; }", "server {\nlocation /x", "lab-scan"},
		{"a server's", "listen 80;\nproxy_read_timeout 5s;\nlocation / {}", "server {\nlisten 80;\nproxy_read_timeout 5s;\n" +
			"location / {}", "lab-scan"},
		{"an upstream's", "server app.internal:3000;\nkeepalive 8;", "server 127.0.0.1:3000;\nkeepalive 8;", "app.internal"},
		{"a name", "proxy_pass http://backend/x;", "proxy_pass http://127.0.0.1/x;", "backend"},
		{"a known name", "upstream backend { server 10.0.0.1; }\n" +
			"server { location / { proxy_pass http://backend/x; } }", "proxy_pass http://backend/x;", ""},
		{"a socket", "fastcgi_pass unix:/run/x.sock;", "fastcgi_pass unix:/run/x.sock;", ""},
		{"files", "include /etc/passwd;\nssl_certificate /etc/x.pem;\naccess_log /var/log/x main;", "log_format main", "/etc/"},
		{"http", "user x;\nhttp {\nserver { listen 10.1.2.3:80; }\n}", "server { listen 127.0.0.1:80; }", "http {"},
		{"what the lab has", "keepalive_timeout 5;\nserver {}", "server { listen 127.0.0.1:8098;\nkeepalive_timeout 5;\n}", ""},
		{"a zone", "limit_req zone=z burst=5;", "limit_req_zone $binary_remote_addr zone=z:64k", ""},
	} {
		w, err := wrap(c.text)
		if err != nil || !strings.Contains(w.text, c.want) || c.never != "" && strings.Contains(w.text, c.never) {
			t.Errorf("%s: %v\n%s", c.name, err, w.text)
		}
	}
	for text, want := range map[string]string{
		"worker_processes 4;": "outside of the http block", "stream { server { listen 1; } }": "outside of the http block",
		"server { listen 1; proxy_pass app; }": "the stream block", "# nothing": "no directive",
	} {
		if _, err := wrap(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestErrnos(t *testing.T) {
	for text, want := range map[string]guide.Verdict{
		"(111: Connection refused)": "", "(110: Operation timed out)": "", "(113: Host is unreachable)": "", "'104: Connection reset by peer'": "",
		"(110: Connection refused)": guide.Refuted, "(2: Permission denied)": guide.Refuted, "111: Connection timed out": guide.Refuted,
		"Connection refused (110)": guide.Refuted, "Connection refused (111)": "", "Connection refused (2)": "", "Connection timed out (504)": "",
		"Step 2: Permission denied": "", "(61: Connection refused)": guide.Conditional, "verify error: (20:unable to get": "",
		"(111: Something unheard of)": "", "(18: self-signed certificate)": "",
	} {
		var got guide.Verdict
		for _, f := range errnosIn(guide.Statement{Line: 1, Text: text}) {
			got = f.Verdict
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// The age of an error text, on OpenSSLs of several ages.
func TestOpenSSLAges(t *testing.T) {
	for _, c := range []struct {
		text, version string
		verdict       guide.Verdict
		says          string
	}{
		{"error:14094410:SSL routines:SSL3_READ_BYTES:sslv3 alert handshake " +
			"failure", "OpenSSL 3.0.19", guide.Conditional, "1.0.2 and older"},
		{"error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:SSL alert number " +
			"40", "OpenSSL 3.0.19", guide.Conditional, "1.1.0 to 1.1.1"},
		{"error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:SSL alert number " +
			"40", "OpenSSL 1.1.1n", guide.Holds, ""},
		{"error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 40", "OpenSSL 3.0.19", guide.Holds, ""},
		{"error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number " +
			"40", "OpenSSL 3.5.1", guide.Conditional, "3.0 and 3.1"},
		{"error:0A000410:SSL routines::ssl/tls alert handshake failure:SSL alert number " +
			"40", "OpenSSL 3.0.19", guide.Conditional, "3.2 and newer"},
		{"error:0A00042E:SSL routines::tlsv1 alert protocol version:SSL alert number 70", "OpenSSL 3.5.1", guide.Holds, ""},
		{"error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 70", "OpenSSL 3.0.19", guide.Refuted, "alert 40"},
		{"error:0A000410:SSL routines::tlsv1 alert protocol version", "OpenSSL 3.0.19", guide.Refuted, "handshake failure"},
		{"error:1404B410:SSL routines:ST_CONNECT:sslv3 alert handshake failure", "OpenSSL 3.0.19", guide.Inconclusive, ""},
		{"upstream SSL certificate verify error: (18:self signed certificate)", "OpenSSL 3.0.19", guide.Conditional, "before 3.0.0"},
		{"upstream SSL certificate verify error: (18:self-signed certificate)", "OpenSSL 3.0.19", guide.Holds, ""},
		{"upstream SSL certificate verify error: (18:certificate has expired)", "OpenSSL 3.0.19", guide.Refuted, "is 10"},
	} {
		s := &Scan{nginx: protocol.NginxInfo{OpenSSL: c.version}}
		f, ok := s.judgeOpenSSL(&sample{message: c.text}, nil)
		if !ok || f.Verdict != c.verdict || !strings.Contains(f.Reason, c.says) {
			t.Errorf("%s on %s: %s %q, want %s with %q", c.text, c.version, f.Verdict, f.Reason, c.verdict, c.says)
		}
	}
}

// A table's level is the catalogue's, wherever both have a line.
func TestTheTablesAgreeWithTheCatalogue(t *testing.T) {
	catalogue, err := scenario.Load(scenarios.FS)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, p := range patternsOf(catalogue) {
		number := digits().FindString(p.log.Match.String())
		line := ""
		switch source := p.log.Match.String(); {
		case strings.HasPrefix(source, `connect\(\) to unix:`):
			line = "connect() to unix:/x failed (" + number + ": x) while connecting to upstream"
		case strings.HasPrefix(source, `connect\(\) failed`):
			line = "connect() failed (" + number + ": x) while connecting to upstream"
		case strings.HasPrefix(source, `recv\(\) failed`):
			line = "recv() failed (" + number + ": x) while reading response header from upstream"
		}
		for _, k := range known().Lines {
			if line != "" && k.Match.MatchString(line) {
				compared++
				if len(p.log.Level) != 1 || p.log.Level[0] != k.Level {
					t.Errorf("%s: %v in the catalogue, %s in the table", line, p.log.Level, k.Level)
				}
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d lines were compared", compared)
	}
}

func TestCommands(t *testing.T) {
	for line, want := range map[string]guide.Verdict{
		"nginx -t": guide.Holds, "sudo nginx -s reload": guide.Holds, "nginx -s restart": guide.Refuted, "nginx -x": guide.Refuted,
		"$ ss -tulpn | grep :3000": guide.Holds, "ss -tulpX": guide.Refuted, "tail -n 50 -f /var/log/nginx/error.log": guide.Holds, "tail -50f x": guide.Holds,
		"tail --lines=5 x": guide.Holds, "tail --liens=5 x": guide.Refuted, "systemctl restart app": guide.Holds, "systemctl restrat app": guide.Refuted,
		"systemctl --user status app": guide.Holds, "systemctl frobnicate app": "", "netstat -tulpn": guide.Holds, "curl -Q x": "", "nginx -g 'daemon off;'": guide.Holds,
	} {
		var got guide.Verdict
		for _, f := range commandsIn(guide.Statement{Line: 1, Kind: guide.Code, Lang: "bash", Text: line}) {
			got = f.Verdict
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// A draft has what was not decided, and cannot pass for a claims file.
func TestDraft(t *testing.T) {
	catalogue, err := scenario.Load(scenarios.FS)
	if err != nil {
		t.Fatal(err)
	}
	d, err := guide.Read(
		"a.txt",
		[]byte("A 502 with connection refused means that the app is down.\nThe sky is blue.\nconnect() failed (110: Connection refused)\n"),
	)
	if err != nil {
		t.Fatal(err)
	}
	s := New(d, catalogue)
	text := s.Draft(s.Decide(nil, protocol.NginxInfo{}))
	for _, want := range []string{`fragment: "A 502 with"`, "scenario: ", "expect: {status: 502}", "claim: \"\""} {
		if !strings.Contains(text, want) {
			t.Errorf("the draft has no %q:\n%s", want, text)
		}
	}
	for _, never := range []string{"sky", "line: 3"} {
		if strings.Contains(text, never) {
			t.Errorf("the draft has %q:\n%s", never, text)
		}
	}
	if _, err := guide.Load("draft.yaml", text, catalogue); err == nil || !strings.Contains(err.Error(), "claim is missing") {
		t.Errorf("a draft is taken for a claims file: %v", err)
	}
	if _, err := guide.Load("draft.yaml", strings.Replace(strings.Replace(text, `claim: ""`, "claim: it is down", 1), `when: ""`, "when: it is down", -1), catalogue); err != nil {
		t.Errorf("once it is written: %v", err)
	}
}

// What a guide shows because it is wrong is not held against it, and a name in a sentence
// is quoted as it stands there.
func TestExcused(t *testing.T) {
	for text, want := range map[string]guide.Verdict{
		"Set `proxy_readtimeout` here.":                                     guide.Refuted,
		"Do not use `proxy_readtimeout`.":                                   guide.Inconclusive,
		"Don't confuse it with `proxy_readtimeout`.":                        guide.Inconclusive,
		"What did not work was `proxy_readtimeout`.":                        guide.Inconclusive,
		"It didn't help, and the semicolon is missing: `proxy_readtimeout`": guide.Inconclusive,
	} {
		d, err := guide.Read("a.md", []byte(text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		s := New(d, nil)
		if len(s.snippets) != 1 {
			t.Fatalf("%q: %d snippets", text, len(s.snippets))
		}
		one := s.snippets[0]
		one.findings = []Finding{{Text: one.text, Verdict: guide.Refuted}}
		if f := s.decideSnippet(one)[0]; f.Verdict != want || f.Text != "proxy_readtimeout" {
			t.Errorf("%q: %s of %q, want %s", text, f.Verdict, f.Text, want)
		}
	}
}

// What newer versions take is said to be theirs, with the version where it is known.
func TestNewer(t *testing.T) {
	for refusal, want := range map[string]string{
		`"resolver" directive is not allowed here`: "newer nginx versions have it there; nginx -t: ",
		`invalid parameter "resolve"`:              "there since nginx 1.27.3; nginx -t: ",
	} {
		one := snippet{text: "upstream a {\nresolver 127.0.0.1; server b:80 resolve;\n}"}
		one.begin()
		w, err := wrap(one.tried)
		if err != nil {
			t.Fatal(err)
		}
		line := 1 + strings.Count(w.text[:strings.Index(w.text, "resolver")], "\n")
		said := fmt.Sprintf("nginx: [emerg] %s in /etc/nginx/conf.d/site.conf:%d\n", refusal, line)
		if !one.diagnose(said, w, near) || len(one.findings) != 1 {
			t.Fatalf("%s: %+v, %s", refusal, one.findings, one.trouble)
		}
		if f := one.findings[0]; f.Kind != Newer || f.Verdict != guide.Conditional || !strings.HasPrefix(f.Reason, want) {
			t.Errorf("%s: %s %s: %s", refusal, f.Kind, f.Verdict, f.Reason)
		}
		if !strings.Contains(one.tried, "server b:80") {
			t.Errorf("%s: it goes on without the server: %s", refusal, one.tried)
		}
	}
}
