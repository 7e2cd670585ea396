package nginx

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNormal(t *testing.T) {
	const (
		refused = "connect() to 10.0.0.7:3000 failed (111: Connection refused)"
		tls     = "SSL_do_handshake() failed (SSL: error:0A000438:SSL routines::tlsv1 alert (x):SSL alert number 80) while x"
		limited = `limiting requests, excess: 1.960 by zone "api"`
	)
	for _, c := range []struct {
		replaced      Parts
		message, want string
	}{
		{0, refused, refused},
		{0, limited, limited},
		{Target, refused, "connect() to * failed (111: Connection refused)"},
		{Target, "connect() to 10.0.0.7:3000 works", "connect() to 10.0.0.7:3000 works"},
		{Target, "connect() to ", "connect() to"},
		{ErrorText, refused, "connect() to 10.0.0.7:3000 failed (111)"},
		{ErrorText, "certificate verify error: (10:has expired)", "certificate verify error: (10)"},
		{ErrorText, "(5) (6: a (a: b) (7: cut", "(5) (6) (7: cut"},
		{ErrorText, "(no: 1) () (: x)", "(no: 1) () (: x)"},
		{Numbers | ErrorText, "(5) 6", "(5) N"},
		{ExcessRate, "excess: .5", "excess: .5"},
		{OpenSSL, tls, "SSL_do_handshake() failed (SSL) while x"},
		{OpenSSL, "SSL_read() failed (SSL: error:1) (5: x)", "SSL_read() failed (SSL) (5: x)"},
		{OpenSSL, "SSL_read() failed (SSL: error:1", "SSL_read() failed (SSL: error:1"},
		{Quoted, `"a" and "b, c" and "cut`, `"…" and "…" and "…`},
		{ExcessRate, limited, `limiting requests, excess by zone "api"`},
		{ExcessRate, "excess: none", "excess: none"},
		{Numbers, refused, "connect() to N:N failed (N: Connection refused)"},
		{Numbers | ErrorText, refused, "connect() to N:N failed (111)"},
		{Numbers, "1.5 2. .3 v4", "N N. .N vN"},
		{ErrorText, "  a \t\n b ", "a b"},
		{Target | ErrorText | OpenSSL | Quoted | ExcessRate | Numbers, "", ""},
	} {
		if got := Normal(c.message, c.replaced); got != c.want {
			t.Errorf("%06b of %q:\n got %q\nwant %q", c.replaced, c.message, got, c.want)
		}
	}
	if got := string(AppendNormal([]byte("[error] "), []byte(" a  1"), Numbers)); got != "[error] a N" {
		t.Errorf("what is appended to is not kept: %q", got)
	}
}

func TestSplitAction(t *testing.T) {
	for said, want := range map[string][2]string{
		"a failed while connecting to upstream":        {"a failed", "connecting to upstream"},
		"a while b while reading HTTP/2 header":        {"a while b", "reading HTTP/2 header"},
		`"/x while y" failed`:                          {`"/x while y" failed`, ""},
		"nothing":                                      {"nothing", ""},
		"cut while ":                                   {"cut while ", ""},
		"a failed (111: x) while connecting, upstream": {"a failed (111: x) while connecting, upstream", ""},
	} {
		if message, action := SplitAction(said); message != want[0] || action != want[1] {
			t.Errorf("%q is split into %q and %q, want %q", said, message, action, want)
		}
	}
}

func FuzzNormal(f *testing.F) {
	for _, line := range recordedLines(f) {
		f.Add(line, uint(ErrorText|OpenSSL|Quoted|ExcessRate))
	}
	for _, text := range []string{"", "(", "(1", "(SSL: )", "(SSL: ):", "() to  failed", `"`, "excess: ", "1.", "(1)(2:)"} {
		f.Add(text, ^uint(0))
	}
	f.Fuzz(func(t *testing.T, text string, parts uint) {
		replaced := Parts(parts)
		got := Normal(text, replaced)
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q becomes %q, which is not text", text, got)
		}
		if strings.ContainsAny(got, "\n\t") || strings.Contains(got, "  ") {
			t.Errorf("%q becomes %q, with blanks that are left", text, got)
		}
		isBlank := func(r rune) bool { return strings.ContainsRune(string(blanks), r) }
		if replaced == 0 && got != strings.Join(strings.FieldsFunc(text, isBlank), " ") {
			t.Errorf("%q becomes %q, although nothing is to be replaced", text, got)
		}
		if replaced.has(Numbers) && !replaced.has(ErrorText) && strings.ContainsAny(got, "0123456789") {
			t.Errorf("%q becomes %q, with numbers that are left", text, got)
		}
	})
}
