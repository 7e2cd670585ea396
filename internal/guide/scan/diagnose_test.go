package scan

import (
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/nginx"
)

// What nginx says, word for word, and what it is about.
func TestKindOf(t *testing.T) {
	for said, want := range map[string]Kind{
		`unknown directive "proxy_pas"`:                                             Unknown,
		`"proxy_pass" directive is not allowed here`:                                Misplaced,
		`"root" directive is duplicate`:                                             Duplicate,
		`duplicate location "/"`:                                                    Duplicate,
		`a duplicate default server for 0.0.0.0:80`:                                 Duplicate,
		`invalid number of arguments in "proxy_pass" directive`:                     Arguments,
		`unexpected "}"`:                                                            Syntax,
		`unexpected end of file, expecting ";" or "}"`:                              Syntax,
		`directive "root" is not terminated by ";"`:                                 Syntax,
		`directive "server" has no opening "{"`:                                     Syntax,
		`"proxy_read_timeout" directive invalid value`:                              Value,
		`invalid value "yes" in "gzip" directive, it must be "on" or "off"`:         Value,
		`invalid parameter "resolve"`:                                               Value,
		`invalid parameters in the format string`:                                   Value,
		`invalid condition "x"`:                                                     Value,
		`invalid URL prefix`:                                                        Value,
		`invalid URL prefix in "app"`:                                               Value,
		`invalid port in "80x" of the "listen" directive`:                           Value,
		`invalid number of "arguments in`:                                           Value,
		`invalid event type "x"`:                                                    Value,
		`invalid return code "abc"`:                                                 Value,
		`invalid host in upstream "http://app"`:                                     Value,
		`unknown parameter "x"`:                                                     Value,
		`"proxy_busy_buffers_size" must be equal to or greater than the maximum of`: Value,
		`host not found in upstream "app"`:                                          "",
		`open() "/etc/x" failed (2: No such file or directory)`:                     "",
		`invalid host in "/x" of the "listen" directive`:                            "",
		`bind() to 0.0.0.0:80 failed (98: Address already in use)`:                  "",
	} {
		if got := kindOf(said); got != want {
			t.Errorf("%s: %q, want %q", said, got, want)
		}
	}
}

// One refusal each: the finding, or why there is none, and what is tried next.
func TestDiagnose(t *testing.T) {
	for _, c := range []struct {
		text, said string // the complaint is about the snippet's last line
		verdict    guide.Verdict
		kind       Kind
		trouble    string
		left       string
	}{
		{"proxy_pas http://b;", `unknown directive "proxy_pas"`, guide.Refuted, Unknown, "", ""},
		{"BAD b;", `unknown directive "BAD"`, "", "", "nginx -t says: unknown directive", "BAD b;"},
		{"allow all;", `"allow" directive is not allowed here`, "", "", "nginx -t says: ", "allow all;"},
		{"server {\nkeepalive 8; }", `"keepalive" directive is not allowed here`, guide.Refuted, Misplaced, "", "server { }"},
		{"root /a;\nroot /b;", `"root" directive is duplicate`, guide.Refuted, Duplicate, "", "root /a;"},
		{"root /a; # or\nroot /b;", `"root" directive is duplicate`, guide.Inconclusive, Duplicate, "", "root /a; # or"},
		{"gzip yes;", `invalid value "yes" in "gzip" directive, it must be "on" or "off"`, guide.Refuted, Value, "", ""},
		{
			"proxy_buffer_size 1k;\ngzip on;\nproxy_busy_buffers_size 2k;", `"proxy_busy_buffers_size" must be less than the size`,
			guide.Refuted, Value, "", "gzip on;",
		},
		{"root <your-folder>;", `"root" directive invalid value`, "", "", "", ""},
		{"gzip on;", "host not found", "", "", "nginx -t says: host not found", "gzip on;"},
		{"gzip on;", "", "", "", "nginx -t fails without a reason", "gzip on;"},
	} {
		one := snippet{text: c.text, tried: c.text}
		w := wrapped{lines: []int{strings.Count(c.text, "\n")}}
		output := "killed"
		if c.said != "" {
			output = "nginx: [emerg] " + c.said + " in /etc/nginx/conf.d/site.conf:1\n"
		}
		again := one.diagnose(output, w, func(string) string { return "" })
		left := strings.Join(strings.Fields(one.tried), " ")
		if again != (c.trouble == "") || !strings.HasPrefix(one.trouble, c.trouble) || left != c.left {
			t.Errorf("%q: %t, trouble %q, tried next %q; want %q, %q",
				c.text, again, one.trouble, one.tried, c.trouble, c.left)
		}
		var f Finding
		if len(one.findings) > 0 {
			f = one.findings[0]
		}
		if f.Verdict != c.verdict || f.Kind != c.kind || len(one.findings) > 1 {
			t.Errorf("%q: %+v; want %s, %s", c.text, one.findings, c.verdict, c.kind)
		}
	}
	w := wrapped{lines: []int{7}}
	for file, want := range map[string]int{
		"/etc/nginx/conf.d/site.conf:1": 7, "/etc/nginx/conf.d/site.conf:2": -1, "/etc/nginx/nginx.conf:1": -1,
	} {
		if got := w.lineOf(nginx.ReadComplaint("[emerg] x in " + file)); got != want {
			t.Errorf("%s is line %d of the snippet, want %d", file, got, want)
		}
	}
}
