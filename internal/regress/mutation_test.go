package regress

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/labtest"
)

// mutation is a change of a configuration that makes it behave otherwise.
type mutation struct {
	shape, file string
	old, new    string
	location    string // that must be named
	line        string // the line, of the changed file, that must be pointed at
	says        string // a part of the sentence
}

var mutations = []mutation{
	{"app", "nginx.conf", "            proxy_read_timeout 15s;\n", "", "/", "location / {", "proxy_read_timeout, which was 15s, is gone (nginx's default is 60s)"},
	{"app", "nginx.conf", "error_page 502 504 /50x.html;", "", "/reports/", "location /reports/ {", "error_page, which was 502 504 /50x.html, is gone"},
	{"app", "nginx.conf", "            proxy_pass http://127.0.0.1:3000;\n            proxy_set_header", "            proxy_pass http://127.0.0.1:3001;\n            proxy_set_header", "/", "proxy_pass http://127.0.0.1:3001;", "/ is passed to 127.0.0.1:3001, was 127.0.0.1:3000"},
	{"app", "nginx.conf", "listen 80 default_server;", "listen 81 default_server;", "", "listen 81 default_server;", "listens on 81, was 80"},
	{"names", "conf.d/shop.conf", "error timeout http_503;", "error timeout http_503 non_idempotent;", "/api/", "proxy_next_upstream error timeout http_503 non_idempotent;", "sent twice"},
	{"names", "conf.d/shop.conf", "        proxy_next_upstream off;\n", "", "~ ^/(checkout|pay)/", "location ~ ^/(checkout|pay)/ {", "proxy_next_upstream, which was off, is gone"},
	{"names", "snippets/proxy.conf", "proxy_connect_timeout 2s;\n", "", "/", "", "proxy_connect_timeout, which was 2s, is gone"},
	{"names", "conf.d/blog.conf", "        proxy_intercept_errors on;\n", "", "/", "location / {", "proxy_intercept_errors, which was on, is gone"},
	{"php", "nginx.conf", "            fastcgi_read_timeout 30s;\n", "", "~ \\.php$", "location ~ \\.php$ {", "fastcgi_read_timeout, which was 30s, is gone"},
	{"uwsgi", "site.conf", "uwsgi_read_timeout 40s", "uwsgi_read_timeout 90s", "/", "uwsgi_read_timeout 90s;", "uwsgi_read_timeout is 90s, was 40s"},
	{"grpc", "nginx.conf", "            grpc_ssl_verify on;\n", "", "/secure.Vault/", "location /secure.Vault/ {", "grpc_ssl_verify, which was on, is gone (nginx's default is off)"},
	{"grpc", "nginx.conf", "            grpc_ssl_server_name on;\n", "", "/secure.Vault/", "location /secure.Vault/ {", "grpc_ssl_server_name, which was on, is gone"},
	{"mtls", "nginx.conf", "proxy_ssl_verify on;", "proxy_ssl_verify off;", "/", "proxy_ssl_verify off;", "proxy_ssl_verify is off, was on"},
	{"mtls", "nginx.conf", "proxy_ssl_server_name on;", "", "/", "location / {", "proxy_ssl_server_name, which was on, is gone"},
	{"mtls", "nginx.conf", "            proxy_ssl_certificate /etc/nginx/client.pem;\n            proxy_ssl_certificate_key /etc/nginx/client.key;\n", "", "/", "location / {", "proxy_ssl_certificate"},
	{"mtls", "nginx.conf", "https://10.9.8.7:8443", "https://10.9.8.7:9443", "/legacy/", "proxy_pass https://10.9.8.7:9443;", "10.9.8.7:9443"},
	{"balanced", "nginx.conf", " max_fails=0;\n        server 192.168.7.2:9000 max_fails=0;", ";\n        server 192.168.7.2:9000;", "/never", "upstream never {", "the block of the upstream"},
	{"balanced", "nginx.conf", "http_502 http_503;", "http_502;", "/orders", "proxy_next_upstream error timeout http_502;", "proxy_next_upstream is"},
	{"balanced", "nginx.conf", "        server api-3.internal:8080 backup;\n", "", "/", "upstream api {", "is passed to"},
	{"variables", "nginx.conf", "resolver_timeout 5s;", "", "/search", "", "resolver_timeout 30s"},
	{"variables", "nginx.conf", "proxy_read_timeout 25s;", "", "/", "location / {", "proxy_read_timeout, which was 25s, is gone"},
	{"variables", "nginx.conf", "default  tenants.internal:8080;", "default  tenants.internal:8090;", "/", "proxy_pass http://$tenant_backend;", "tenants.internal:8090"},
	{"maintenance", "nginx.conf", "=200 @fallback", "@fallback2", "/status", "", ""},
	{"maintenance", "nginx.conf", "        error_page 503 @maintenance;\n", "", "/", "", "error_page"},
	{"maintenance", "nginx.conf", "proxy_intercept_errors on;", "proxy_intercept_errors off;", "/", "proxy_intercept_errors off;", "proxy_intercept_errors is off, was on"},
	{"cache", "nginx.conf", "            proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;\n", "", "/", "location / {", "proxy_cache_use_stale"},
	{"websocket", "nginx.conf", "            proxy_read_timeout 1h;\n", "", "/ws", "location /ws {", "proxy_read_timeout, which was 3600s, is gone"},
	{"template", "templates/default.conf.template", "        proxy_read_timeout ${READ_TIMEOUT};\n", "", "/", "location / {", "proxy_read_timeout, which was 7s, is gone"},
}

func copied(t *testing.T, shape string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), shape)
	if err := os.CopyFS(dir, os.DirFS("testdata/"+shape)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// change rewrites one file of a copy.
func change(t *testing.T, file string, rewrite func(string) string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	after := rewrite(string(text))
	if after == string(text) {
		t.Fatalf("%s is as before", file)
	}
	if err := os.WriteFile(file, []byte(after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMutations(t *testing.T) {
	pool := labtest.Pool(t)
	recorded := map[string]Behaviour{}
	// In the short form one of each kind, of shapes that are quickly recorded.
	short := map[string]bool{"fastcgi_read_timeout": true, "grpc_ssl_verify": true, "proxy_ssl_server_name": true, "=200": true, "error_page": true, "https://10.9.8.7:8443": true, "proxy_intercept_errors": true}
	for _, m := range mutations {
		if first, _, _ := strings.Cut(strings.TrimSpace(m.old), " "); labtest.Soak(0, 1) == 0 && (!short[first] || m.shape == "app" || m.shape == "names") {
			continue
		}
		t.Run(m.shape+" "+strings.Join(strings.Fields(m.old), " "), func(t *testing.T) {
			if _, ok := recorded[m.shape]; !ok {
				r, err := Record(t.Context(), pool, open(t, "testdata/"+m.shape), options, Behaviour{}, 1)
				if err != nil {
					t.Fatal(err)
				}
				recorded[m.shape] = r.Behaviour
			}
			dir := copied(t, m.shape)
			file := filepath.Join(dir, m.file)
			change(t, file, func(text string) string {
				text = strings.Replace(text, m.old, m.new, 1)
				return strings.Replace(text, "location @fallback {", map[bool]string{true: "location @fallback2 {", false: "location @fallback {"}[strings.Contains(m.new, "@fallback2")], 1)
			})
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			believing := options
			believing.NoSecondHearing = labtest.Soak(0, 1) == 0 // hearings take their time, one after the other
			checked, err := Check(t.Context(), pool, open(t, dir), believing, recorded[m.shape])
			if err != nil {
				t.Fatal(err)
			}
			differences := checked.Differences
			found := false
			for _, d := range differences {
				line := ""
				if lines := strings.Split(string(text), "\n"); d.File == file && d.Line > 0 && d.Line <= len(lines) {
					line = strings.TrimSpace(lines[d.Line-1])
				}
				if d.Location == m.location && (m.line == "" || line == m.line) && strings.Contains(d.Says, m.says) {
					found = true
				}
			}
			if !found {
				t.Errorf("not found among %d", len(differences))
			}
			for i, d := range differences {
				if !found || i < 2 {
					t.Logf("%s:%d: %s", strings.TrimPrefix(d.File, dir), d.Line, d.Says)
				}
			}
		})
	}
}

// What a person changes for the looks is nobody's difference.
func TestReformatted(t *testing.T) {
	pool := labtest.Pool(t)
	for shape, rewrite := range map[string]func(string) string{
		"app": func(s string) string {
			return strings.ReplaceAll(strings.ReplaceAll(s, "    ", "\t"), "{\n", "{ # a block\n\n")
		},
		"names":    func(s string) string { return strings.ReplaceAll(s, "\n    location", "\n\n    # next\n    location") },
		"balanced": swapLocations,
		"mtls":     swapLocations,
		"cache": func(s string) string {
			return strings.ReplaceAll(s, "proxy_read_timeout 10s;", "proxy_read_timeout 10000ms;")
		},
	} {
		if labtest.Soak(0, 1) == 0 && shape != "mtls" && shape != "cache" {
			continue
		}
		t.Run(shape, func(t *testing.T) {
			recorded, err := Record(t.Context(), pool, open(t, "testdata/"+shape), options, Behaviour{}, 1)
			if err != nil {
				t.Fatal(err)
			}
			dir := copied(t, shape)
			file := filepath.Join(dir, "nginx.conf")
			if shape == "names" {
				file = filepath.Join(dir, "conf.d/shop.conf")
				if err := os.Rename(filepath.Join(dir, "conf.d/blog.conf"), filepath.Join(dir, "conf.d/01-blog.conf")); err != nil {
					t.Fatal(err)
				}
			}
			change(t, file, rewrite)
			checked, err := Check(t.Context(), pool, open(t, dir), options, recorded.Behaviour)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range checked.Differences {
				t.Errorf("%s:%d: %s", d.File, d.Line, d.Says)
			}
			was, _ := recorded.Behaviour.Bytes()
			for _, n := range slices.Concat(recorded.Inconclusive, checked.Inconclusive) {
				t.Log(n.Says)
			}
			if is, _ := checked.Behaviour.Bytes(); string(is) != string(was) && recorded.Inconclusive == nil {
				t.Errorf("the file differs:\n%s", is)
			}
		})
	}
}

// swapLocations puts the last location of a configuration in front of the first one, and
// the servers of its upstreams into the other order.
func swapLocations(s string) string {
	first := strings.Index(s, "        location ")
	last := strings.LastIndex(s, "        location ")
	end := last + strings.Index(s[last:], "\n        }\n") + len("\n        }\n")
	s = s[:first] + s[last:end] + s[first:last] + s[end:]
	a, b := "        server 192.168.7.1:9000 max_fails=0;\n", "        server 192.168.7.2:9000 max_fails=0;\n"
	return strings.Replace(s, a+b, b+a, 1)
}
