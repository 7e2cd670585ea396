package deployment

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/nginx"
)

const whole = `user app;
worker_processes auto; pid /run/nginx.pid;
error_log /var/log/error.log
    warn;
events {}
http {
    access_log /var/log/a.log;
    proxy_read_timeout 2s;
    upstream u { server 10.0.0.1:80; server b.internal:8080 backup; }
    server {
        listen 80; listen [::]:443 ssl http2; listen 9000 http2;
        location / { proxy_pass http://u; access_log off; access_log /x; }
        location = /x { fastcgi_pass unix:/run/x.sock; fastcgi_read_timeout 1500ms; }
    }
}
`

func site(t *testing.T, text string) *Site {
	t.Helper()
	tree, err := Expand("/etc/nginx/nginx.conf", map[string]string{"/etc/nginx/nginx.conf": text})
	if err != nil {
		t.Fatal(err)
	}
	return NewSite(tree)
}

func TestAdapt(t *testing.T) {
	s := site(t, whole)
	e := s.Adapt(Adaptation{Scale: NewScale(s.Times(), 100), User: "www-data www-data", Taken: []string{"80"}})
	s.Mark(e)
	text := e.Result()["/etc/nginx/nginx.conf"]
	// nginx's words about a line are about the same line of the configuration as it is.
	if strings.Count(text, "\n") != strings.Count(whole, "\n") {
		t.Errorf("%d lines, were %d:\n%s", strings.Count(text, "\n"), strings.Count(whole, "\n"), text)
	}
	lines := strings.Split(text, "\n")
	for line, want := range map[int][]string{
		1:  {"daemon off;", "worker_processes 1;", "user www-data www-data;"},
		6:  {"log_format lab_record", "fastcgi_connect_timeout 900ms;", "proxy_connect_timeout 900ms;", "fastcgi_read_timeout 900ms;"},
		8:  {"proxy_read_timeout 600ms;"},
		11: {"listen 127.0.0.1:80;", "listen [::]:443 ssl http2;", "listen 9000;"},
		12: {`set $lab_trail "${lab_trail}0,";`, "access_log /lab/trial/log/access.log lab_record;"},
		13: {`set $lab_trail "${lab_trail}1,";`, "fastcgi_read_timeout 300ms;"},
	} {
		for _, w := range want {
			if !strings.Contains(lines[line-1], w) {
				t.Errorf("line %d has not %q: %s", line, w, lines[line-1])
			}
		}
	}
	for _, gone := range []string{"user app", "worker_processes auto", "/run/nginx.pid", "warn", "/var/log", "access_log off", "/x;",
		"proxy_read_timeout 900ms"} {
		if strings.Contains(text, gone) {
			t.Errorf("%q is still there:\n%s", gone, text)
		}
	}
	if _, err := nginx.ReadConfig("n", text); err != nil {
		t.Error(err)
	}
}

func TestScale(t *testing.T) {
	s := NewScale([]time.Duration{time.Hour, 60 * time.Second, 2 * time.Second, time.Second, 60 * time.Second, 0}, 100)
	for real, want := range map[time.Duration]time.Duration{time.Second: 300 * time.Millisecond, 2 * time.Second: 600 * time.Millisecond,
		time.Minute: 900 * time.Millisecond, time.Hour: 3 * time.Second} {
		if got := s.Of(real); got != want {
			t.Errorf("%s is scaled to %s, want %s", real, got, want)
		}
	}
}

func TestSamples(t *testing.T) {
	for expression, want := range map[string]string{
		`^/v(?<version>[0-9]+)/`: "/v1/", `\.(?:gif|jpg)$`: ".gif", `^/(?!internal)x`: "/x", `^/a{2,}b*c?$`: "/aa", `(?>x)y`: "xy",
		`^/[^/]+/z`: "/1/z",
	} {
		if got := Samples(expression); len(got) == 0 || got[0] != want {
			t.Errorf("%s: %q, want %s", expression, got, want)
		}
	}
	if got := Samples(`(`); got != nil {
		t.Errorf("%q", got)
	}
}

func TestSite(t *testing.T) {
	s := site(t, whole)
	p, ok := s.PassOf(s.Locations[0])
	if !ok || p.Upstream.Name != "u" || len(p.Upstream.Peers) != 2 || !p.Upstream.Peers[1].Backup ||
		p.Upstream.Peers[1].Name != "b.internal:8080" {
		t.Errorf("%+v", p)
	}
	if p, _ := s.PassOf(s.Locations[1]); p.Family.Name != "fastcgi" || p.Upstream.Peers[0].Addresses[0] != "unix:/run/x.sock" {
		t.Errorf("%+v", p)
	}
	if !s.Own("127.0.0.1:80") || s.Own("10.0.0.1:80") || !s.Own("[::1]:443") || s.Own("127.0.0.1:3000") {
		t.Error("whose address is whose")
	}
	if at := s.Servers[0].Listens; len(at) != 3 || !at[1].TLS || at[1].Host != "::" || at[0].TLS {
		t.Errorf("%+v", at)
	}
}

func TestParseDump(t *testing.T) {
	dump := "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n# configuration file /etc/nginx/nginx.conf:\na;\n# b\n\n" +
		"# configuration file /etc/nginx/mime.types:\nc;\n\n"
	got := ParseDump(dump)
	if len(got) != 2 || got["/etc/nginx/nginx.conf"] != "a;\n# b\n" || got["/etc/nginx/mime.types"] != "c;\n" {
		t.Errorf("%q", got)
	}
}

func TestMend(t *testing.T) {
	s := site(t, "http { server { ssl_certificate /c.pem; ssl_certificate_key /k.pem; include missing.conf; ssl_dhparam dh.pem; } }")
	var in StandIns
	for complaint, want := range map[string]string{
		`cannot load certificate "/c.pem": BIO_new_file() failed (SSL: error:80000002)`:                     "/k.pem",
		`open() "/etc/nginx/missing.conf" failed (2: No such file or directory) in /etc/nginx/nginx.conf:1`: "/etc/nginx/missing.conf",
		`BIO_new_file("/etc/nginx/dh.pem") failed (SSL: error)`:                                             "/etc/nginx/dh.pem",
	} {
		if _, err := in.Mend(s, complaint); err != nil {
			t.Errorf("%s: %v", complaint, err)
		}
		if _, ok := in.Files[want]; !ok {
			t.Errorf("%s: nothing stands in for %s", complaint, want)
		}
	}
	for complaint, want := range map[string]string{
		`unknown directive "brotli" in /etc/nginx/nginx.conf:3`: "this nginx lacks the module; name an image that has it " +
			"with --nginx IMAGE",
		`invalid parameter "resolve" in /etc/nginx/nginx.conf:3`:           "if another version of nginx takes it",
		`cannot load certificate "/c.pem": PEM_read_bio_X509_AUX() failed`: "also with a stand-in",
		`"proxy_pass" directive is duplicate in /etc/nginx/nginx.conf:3`:   "nginx refuses the configuration",
	} {
		if _, err := in.Mend(s, complaint); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", complaint, err, want)
		}
	}
	if r, err := in.Mend(s, `getpwnam("app") failed in /etc/nginx/nginx.conf:1`); err != nil || !r.User {
		t.Errorf("%+v, %v", r, err)
	}
	der := string(dhParameters())
	if !strings.HasPrefix(der, "-----BEGIN DH PARAMETERS-----") {
		t.Error(der)
	}
	p, ok := new(big.Int).SetString(dhPrime, 16)
	if !ok || p.BitLen() != 2048 || !p.ProbablyPrime(10) {
		t.Error("not the prime of RFC 3526")
	}
}
