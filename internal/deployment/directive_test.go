package deployment

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/nginx"
)

func TestRead(t *testing.T) {
	const text = `# a comment; with { braces }
user  www-data;
http { # "quoted
  log_format main '$remote_addr "$request"' '}';
  map $a $b { default ""; "~^x{2}" "\"y\""; 'a b' c; }
  location ~ ^/a(?<v>\d+)/ { return 200 "one
two"; }
  if ($x = "a") { set $y ${x}b; }
  location ~ \.php$ {}
}`
	all, err := Read("n", text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	walk(all, func(d *Directive) {
		got = append(got, strings.Join(append([]string{d.Name}, d.Args...), "|"))
		if at := text[d.start:d.end]; d.Name != "" && !strings.HasPrefix(strings.TrimLeft(at, `"'`), d.Name[:1]) || !strings.HasSuffix(at, map[bool]string{true: "{", false: ";"}[d.braces]) {
			t.Errorf("%s stands at %q", d.Name, at)
		}
	})
	want := []string{
		"user|www-data", "http", `log_format|main|$remote_addr "$request"|}`, "map|$a|$b", "default|", `~^x{2}|"y"`, "a b|c",
		`location|~|^/a(?<v>\d+)/`, "return|200|one\ntwo", "if|($x|=|a|)", "set|$y|${x}b", `location|~|\.php$`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if d := all[1].Block[4]; d.Name != "location" || d.Line != 9 || text[d.close] != '}' {
		t.Errorf("%+v", d)
	}
}

func TestReadMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"a b":                      "n:1: unexpected end of file",
		"a {\nb;\n":                "n:3: unexpected end of file, expecting \"}\" for the block of line 1",
		"a;\n}":                    "n:2: unexpected \"}\"",
		"a;\n;":                    "n:2: unexpected ';'",
		"a \"b\"c;":                "unexpected 'c' behind a quoted word",
		"a \"b;":                   "a quoted word that does not end",
		strings.Repeat("a {", 100): "more than 64 blocks",
	} {
		if _, err := Read("n", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
}

// Another reader of nginx's language finds the same in the configurations of the tests;
// it keeps what nginx unescapes, and takes the parentheses from conditions.
func TestReadAsOthersDo(t *testing.T) {
	files := 0
	err := filepath.WalkDir("../regress/testdata", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		ours, err := Read(name, string(text))
		if err != nil {
			return err
		}
		theirs, err := nginx.ParseConfig(string(text))
		if err != nil {
			return err
		}
		same(t, name, ours, theirs)
		return nil
	})
	if err != nil || files < 12 {
		t.Errorf("%d files, %v", files, err)
	}
}

func same(t *testing.T, name string, ours []*Directive, theirs nginx.Directives) {
	t.Helper()
	if len(ours) != len(theirs) {
		t.Errorf("%s: %d directives, and %d", name, len(ours), len(theirs))
		return
	}
	for i, a := range ours {
		b := theirs[i]
		if a.Name != b.Directive || a.Line != b.Line || a.Name != "if" && strings.Join(a.Args, "|") != unescape(strings.Join(b.Args, "|")) {
			t.Errorf("%s:%d: %s %q; %d: %s %q", name, a.Line, a.Name, a.Args, b.Line, b.Directive, b.Args)
		}
		same(t, name, a.Block, b.Block)
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{"", "a;", "a { b 'c' \"d\"; }", "a \\", "a ${b}c {", "x_by_lua_block { if '}' then -- }\n end }", "'", "a 'b'{", "\n\n}", "a;;", "$${;"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := Read("n", text)
		if err != nil {
			return
		}
		last := 0
		walk(all, func(d *Directive) {
			if d.start < last || d.end <= d.start || d.end > len(text) || d.Line < 1 || d.Line > 1+strings.Count(text, "\n") {
				t.Errorf("%q stands at %d to %d of %d, line %d", d.Name, d.start, d.end, len(text), d.Line)
			}
			last = d.start
		})
	})
}
