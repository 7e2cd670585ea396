package scan

import (
	"io"
	"strings"
	"testing"

	crossplane "github.com/nginxinc/nginx-go-crossplane"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/scenarios"
)

// Whatever stands in a guide, it is looked through, wrapped and mended without harm, and
// what is found is where it says.
func FuzzScan(f *testing.F) {
	for _, seed := range []struct{ text, said string }{
		{"location / { proxy_pass http://b\n" +
			" proxy_read_timeout 5s; " +
			"}", `nginx: [emerg] invalid number of arguments in "proxy_pass" directive in /lab/trial/conf.d/site.conf:3`},
		{"server {\n listen 80;\n ...\n", `nginx: [emerg] unexpected end of file, expecting "}" in /lab/trial/conf.d/site.conf:4`},
		{"[crit] 1#1: *1 connect() to unix:/x failed (2: No such file or directory) while connecting to upstream, client: 1.1.1.1", ""},
		{"502: `SSL_do_handshake() failed (SSL: error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure)`", ""},
		{"http { include /etc/x; keepalive_timeout 5; map $a $b { x y; } } " +
			"}", `nginx: [emerg] "x" directive is duplicate in /lab/trial/conf.d/site.conf:2`},
		{"nginx -s restart\nss -tulpn | grep :3", ""},
	} {
		f.Add(seed.text, seed.said)
	}
	catalogue, err := scenario.Load(scenarios.FS)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, said string) {
		if len(text) > 1<<12 {
			t.Skip()
		}
		for _, name := range []string{"a.md", "a.txt"} {
			d, err := guide.Read(name, []byte("```nginx\n"+text+"\n```\n"+text))
			if err != nil {
				continue
			}
			s := New(d, catalogue)
			for _, one := range s.snippets {
				one.begin()
				for range rounds {
					w, err := wrap(one.tried)
					if err != nil {
						break
					}
					if strings.Count(w.text, "\n") != len(w.lines) {
						t.Fatalf("%d lines are known of %q", len(w.lines), w.text)
					}
					if !one.diagnose(said, w, near) {
						break
					}
				}
				one.passed = true
			}
			findings := s.Decide(nil, s.nginx)
			for _, found := range findings {
				if found.Line < 1 || found.Line > d.Lines || found.Verdict == "" || found.Kind == "" {
					t.Fatalf("of %d lines: %+v", d.Lines, found)
				}
			}
			s.Draft(findings)
		}
	})
}

// What reaches outside is not given to nginx, however it is written.
func FuzzNoInclude(f *testing.F) {
	for _, seed := range []string{"include /etc/passwd;", "http { \"include\" /etc/passwd; }", "server { 'load_module' x.so; }",
		"location / { in\\clude x; }", "map $a $b { include x; }", "x { {include y;} }", "# }\ninclude a;", "${include} x;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// The library that looks takes other characters for blanks than nginx does.
		other := func(r rune) bool { return r > '~' || r < ' ' && !strings.ContainsRune("\t\r\n", r) }
		if len(text) > 1<<12 || strings.ContainsFunc(text, other) {
			t.Skip()
		}
		w, err := wrap(text)
		if err != nil {
			return
		}
		read, err := crossplane.Parse("site.conf", &crossplane.ParseOptions{
			Open:       func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(w.text)), nil },
			SingleFile: true, StopParsingOnError: true, SkipDirectiveContextCheck: true, SkipDirectiveArgsCheck: true,
		})
		if err != nil {
			return // nginx refuses it, too
		}
		var look func(crossplane.Directives)
		look = func(list crossplane.Directives) {
			for _, d := range list {
				if d.Directive == "include" || d.Directive == "load_module" {
					t.Fatalf("%q leaves %q %q in %q", text, d.Directive, d.Args, w.text)
				}
				look(d.Block)
			}
		}
		look(read.Config[0].Parsed)
	})
}
