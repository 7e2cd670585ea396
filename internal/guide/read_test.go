package guide

import (
	"fmt"
	"strings"
	"testing"
)

// This test checks the statements of each format, with the lines on which they begin and end.
func TestRead(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"markdown", "a.md", "# Title\n\nOne. Two\nof it.\n\n- item one\n- item *two*\n  - nested `code`\n\n1. first\n2. second\n", `
1-1 heading "Title"
3-3 sentence "One."
3-4 sentence "Two of it."
6-6 item "item one"
7-7 item "item two"
8-8 item "nested code"
10-10 item "first"
11-11 item "second"`},
		{"markdown code", "a.md", "Text:\n\n```nginx\nlisten 80;\n\nroot /x;\n```\n\n    indented 1;\n\n```\n[error] 1#1: *1 no live upstreams\nafter\n```\n", `
1-1 sentence "Text:"
4-6 code nginx "listen 80;\n\nroot /x;"
9-9 code "indented 1;"
12-12 log "[error] 1#1: *1 no live upstreams"
13-13 code "after"`},
		{"markdown table", "a.md", "| a | b |\n|---|---|\n| 502 | *refused* |\n| 504 | `timed out` |\n", `
3-3 row "502 | refused"
4-4 row "504 | timed out"`},
		{"markdown, Windows lines", "a.md", "# T\r\n\r\nOne.\r\n\r\n```\r\nx;\r\n```\r\n", `
1-1 heading "T"
3-3 sentence "One."
6-6 code "x;"`},
		{"markdown quote", "a.md", "> quoted\n> text\n\n***\n\n<!-- no -->\n\nlast\n", `
1-2 sentence "quoted text"
8-8 sentence "last"`},
		{"markdown escapes", "a.md", "proxy\\_pass \\(x\\) &lt;y&gt; &#38; `a\\_b &lt;` c \\| d\n\n| a | b |\n|---|---|\n| 502<br>503 | c\\_d\\|`x\\|y`&#124;z |\n", `
1-1 sentence "proxy_pass (x) <y> & a\\_b &lt; c | d"
5-5 row "502 503 | c_d|x|y|z"`},
		{"markdown with html", "a.md", "One.\n\n<details>\n<summary>Why &amp; how</summary>\n<p>A 502\nof it. Two.</p>\n</details>\n\n<!-- no\nno -->\n\n<pre>\nlisten 80;\n\nroot /x;\n</pre>\nlast\n", `
1-1 sentence "One."
4-4 sentence "Why & how"
5-6 sentence "A 502 of it."
6-6 sentence "Two."
13-15 code "listen 80;\n\nroot /x;"
17-17 sentence "last"`},
		{"markdown by its marks", "-", "x\n```\ncode;\n```\n", `
1-1 sentence "x"
3-3 code "code;"`},
		{"html", "a.html", "<html><head><title>no</title></head><body>\n<h1>Title &amp; more</h1>\n<p>One\ntwo. Three.</p>\n<ul><li>item <b>one</b></li>\n<li>two<ul><li>nested</li></ul></li></ul>\n</body></html>", `
2-2 heading "Title & more"
3-4 sentence "One two."
4-4 sentence "Three."
5-5 item "item one"
6-6 item "two"
6-6 item "nested"`},
		{"html code", "a.html", "<p>See</p>\n<pre class=\"language-nginx\">listen 80;\n  root /x;\n</pre>\n<pre><code class=\"lang-bash\">nginx -t</code></pre>\n<pre>\n[error] 1#1: x &lt;y&gt;\nz</pre>", `
1-1 sentence "See"
2-3 code nginx "listen 80;\n  root /x;"
5-5 code bash "nginx -t"
7-7 log "[error] 1#1: x <y>"
8-8 code "z"`},
		{"html table", "a.html", "<table><tr><th>s</th><th>why</th></tr>\n<tr><td>502</td>\n<td>refused</td></tr></table>", `
1-1 row "s | why"
2-3 row "502 | refused"`},
		{"html, unclosed", "a.html", "<p>one<p>two\n<li>three<pre>x;", `
1-1 sentence "one"
1-1 sentence "two"
2-2 item "three"
2-2 code "x;"`},
		{"html, not shown", "a.html", "<script>var a=1;</script><style>p{}</style><nav>Home</nav><p>text</p>", `
1-1 sentence "text"`},
		{"html, head not closed", "a.html", "<!doctype html><html><head><title>no</title><body><p>text</p>", `
1-1 sentence "text"`},
		{"html, hard blanks", "a.html", "<p>a&nbsp;b</p><pre>proxy_buffering&nbsp;off;</pre>", `
1-1 sentence "a b"
1-1 code "proxy_buffering off;"`},
		{"html by its start", "-", "<!DOCTYPE html>\n<p>one</p>", `
2-2 sentence "one"`},
		{"text", "a.txt", "A title\nThe first line\ngoes on here. And\nanother one.\n- item\n2. second\n\nLast", `
1-1 sentence "A title"
2-3 sentence "The first line goes on here."
3-4 sentence "And another one."
5-5 item "item"
6-6 item "second"
8-8 sentence "Last"`},
		{"text, marks within a line", "a.txt", "- One. - Two. – Three. • Four.\nproxy_a\u00a01s;\nproxy_b 1s;\n", `
1-1 item "One."
1-1 item "Two."
1-1 item "Three."
1-1 item "Four."
2-3 code nginx "proxy_a 1s;\nproxy_b 1s;"`},
		{"text log", "a.txt", "Look\n2024/01/01 00:00:00 [error] 1#1: *1 x. Y\nnext", `
1-1 sentence "Look"
2-2 log "2024/01/01 00:00:00 [error] 1#1: *1 x. Y"
3-3 sentence "next"`},
		{"text configuration", "a.txt", "Put this:\nserver {\n    listen 80;\n\n    location / { }\n}\nand\nproxy_read_timeout 5s;\nproxy_send_timeout 5s;\nend", `
1-1 sentence "Put this:"
2-6 code nginx "server {\n    listen 80;\n\n    location / { }\n}"
7-7 sentence "and"
8-9 code nginx "proxy_read_timeout 5s;\nproxy_send_timeout 5s;"
10-10 sentence "end"`},
		{"mediawiki", "a.wiki", "== Limits ==\n'''Bold''' text.\n* item\n** nested\n<syntaxhighlight lang=\"nginx\">\nlisten 80;\n</syntaxhighlight>\n{| class=\"wikitable\"\n! status !! line\n|-\n| 503 || limiting\n|}\n", `
1-1 heading "Limits"
2-2 sentence "Bold text."
3-3 item "item"
4-4 item "nested"
6-6 code nginx "listen 80;"
9-9 row "status | line"
11-11 row "503 | limiting"`},
		{"confluence", "a.wiki", "h2. Proxy\n\nText.\n{code:language=nginx|title=x}\nlisten 80;\n{code}\n{noformat}\nplain\n{noformat}\n|| status || why ||\n| 502 | refused |\n", `
1-1 heading "Proxy"
3-3 sentence "Text."
5-5 code nginx "listen 80;"
8-8 code "plain"
10-10 row "status | why"
11-11 row "502 | refused"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Read(c.file, []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, s := range d.Statements {
				lang := ""
				if s.Lang != "" {
					lang = s.Lang + " "
				}
				fmt.Fprintf(&got, "\n%d-%d %s %s%q", s.Line, s.End, s.Kind, lang, s.Text)
			}
			if got.String() != c.want {
				t.Errorf("read:%s\nwant:%s", got.String(), c.want)
			}
		})
	}
}

func TestLineAt(t *testing.T) {
	d, err := Read("a.md", []byte("One\ntwo. Three\nfour.\n\n```\na\n\nb\n```\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		word string
		line int
	}{{"One", 1}, {"two", 2}, {"Three", 2}, {"four", 3}, {"a", 6}, {"b", 8}} {
		for _, s := range d.Statements {
			if at := strings.Index(s.Text, c.word); at == 0 || at > 0 && !strings.Contains("abcdefghijklmnopqrstuvwxyz", s.Text[at-1:at]) {
				if got := s.LineAt(at); got != c.line {
					t.Errorf("%q is on line %d, and LineAt says %d", c.word, c.line, got)
				}
				break
			}
		}
	}
}

func TestParts(t *testing.T) {
	d, err := Read("a.txt", []byte("First\nsecond (and\nthird.\n"))
	if err != nil || len(d.Statements) != 1 {
		t.Fatal(err, d.Statements)
	}
	if got := d.Statements[0].Parts(); len(got) != 3 || got[0] != "First " || got[1] != "second (and " || got[2] != "third." {
		t.Errorf("%q", got)
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "it is empty"}, {" \n\t\n", "it is empty"}, {"a\x00b", "not UTF-8"}, {"a\xffb", "not UTF-8"},
		{"***", "no text"}, {strings.Repeat("a\n", MaxDocument/2+1), "more than"},
	} {
		if _, err := Read("a.md", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: %v, want %q", c.text, err, c.want)
		}
	}
}

// A fragment must be short, and no other statement may contain it.
func TestFragment(t *testing.T) {
	d, err := Read("a.txt", []byte("The app answers 502 for a while.\nThe app answers 504 for a while.\nThe app answers 504 "+
		"for a while.\nSame\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"app answers 502", "app answers 504", "app answers 504", ""} {
		if got := d.Fragments().Of(d.Statements[i]); got != want {
			t.Errorf("%q: %q, want %q", d.Statements[i].Text, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"# a\n\n- b\n\n```nginx\nlisten 80;\n```\n", "<p>a<pre>b;\n[error] c</pre><table><tr><td>d",
		"h2. x\n{code:nginx}\ny;\n{code}\n|| a || b ||\n", "server {\nlisten 80;\n}\na. B\r\nc", "[error] 1#1: x\n\u202e|a|b|\n* c"} {
		f.Add("a.md", seed)
		f.Add("a.html", seed)
		f.Add("a.txt", seed)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		if len(text) > 1<<16 {
			t.Skip()
		}
		d, err := Read(name, []byte(text))
		if err != nil {
			return
		}
		fragments := d.Fragments()
		for _, s := range d.Statements {
			if s.Line < 1 || s.End < s.Line || s.End > d.Lines || strings.TrimSpace(s.Text) == "" {
				t.Fatalf("a statement on lines %d to %d of %d: %q", s.Line, s.End, d.Lines, s.Text)
			}
			for at := 0; at < len(s.Text); at += 1 + len(s.Text)/64 {
				if line := s.LineAt(at); line < s.Line || line > s.End {
					t.Fatalf("position %d of a statement on lines %d to %d is on line %d", at, s.Line, s.End, line)
				}
			}
			if fragment := fragments.Of(s); fragment != "" && !strings.Contains(normal(s.Text), normal(fragment)) {
				t.Fatalf("the fragment %q is none of %q", fragment, s.Text)
			}
		}
	})
}
