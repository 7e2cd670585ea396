package nginx

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	crossplane "github.com/nginxinc/nginx-go-crossplane"
)

// outline is directives as text, "name|argument|…", blocks with what is in them.
func outline(list []*Directive) []string {
	var all []string
	for _, d := range list {
		text := strings.Join(append([]string{d.Name}, d.Args...), "|")
		if d.IsBlock {
			text += "{" + strings.Join(outline(d.Block), " ") + "}"
		}
		if !d.Ended {
			text += "?"
		}
		all = append(all, text)
	}
	return all
}

func TestReadConfig(t *testing.T) {
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
	all, err := ReadConfig("n", text)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`user|www-data`, `http{log_format|main|$remote_addr "$request"|} map|$a|$b{default| ~^x{2}|"y" a b|c} ` +
		`location|~|^/a(?<v>\d+)/{return|200|one` + "\n" + `two} if|($x|=|a|){set|$y|${x}b} location|~|\.php${}}`}
	if got := outline(all); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	Walk(all, func(d *Directive) { checkPlaces(t, text, d) })
	d := all[1].Block[4]
	if d.At() != "n:9" || d.Column() != 3 || d.Head() != `location ~ \.php$ {` || d.In("http") != all[1] || d.In("server") != nil {
		t.Errorf("%s, column %d: %s in %v", d.At(), d.Column(), d.Head(), d.In("http"))
	}
	d = all[1].Block[0]
	if d.Arg(0) != "main" || d.Arg(3) != "" || d.Value() != `main $remote_addr "$request" }` || !d.Is("map", "log_format") {
		t.Errorf("%q %q %q", d.Arg(0), d.Arg(3), d.Value())
	}
}

// checkPlaces holds the places of a directive to the text there.
func checkPlaces(t *testing.T, text string, d *Directive) {
	t.Helper()
	end := text[d.End-1]
	switch {
	case d.Start < 0 || d.End <= d.Start || d.End > len(text) || d.Line != 1+strings.Count(text[:d.Start], "\n"):
		t.Errorf("%q stands from %d to %d of %d, line %d", d.Name, d.Start, d.End, len(text), d.Line)
	case !d.IsBlock && d.Ended && end != ';',
		d.IsBlock && (text[d.Body-1] != '{' || d.Body < d.Start || d.Body > d.End || d.Ended && end != '}'):
		t.Errorf("%q stands at %q", d.Name, text[d.Start:d.End])
	case len(d.Words) != 1+len(d.Args):
		t.Errorf("%q has %d words and %d arguments", d.Name, len(d.Words), len(d.Args))
	case d.Words[0].Start != d.Start || d.Column() < 1:
		t.Errorf("%q begins at %d, its first word at %d", d.Name, d.Start, d.Words[0].Start)
	}
	last := d.Start
	for i, w := range d.Words {
		if w.Start < last || w.End <= w.Start || w.End > d.End {
			t.Fatalf("word %d of %q stands from %d to %d", i, d.Name, w.Start, w.End)
		}
		last = w.End
	}
	for _, inside := range d.Block {
		if inside.Parent != d || inside.Start < d.Body || inside.End > d.End {
			t.Errorf("%q is not inside of %q", inside.Name, d.Name)
		}
	}
}

func TestReadConfigMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"a b":                          "n:1: unexpected end of file",
		"a {\nb;\n":                    "n:3: unexpected end of file, expecting \"}\" for the block of line 1",
		"a;\n}":                        "n:2: unexpected \"}\"",
		"a { b }":                      "n:1: unexpected '}'",
		"a;\n;":                        "n:2: unexpected ';'",
		"a \"b\"c;":                    "unexpected 'c' behind a quoted word",
		"a \"b;":                       "a quoted word that does not end",
		"x_by_lua_block {\n'\\\n' --}": "n:3: unexpected end of file in the block of line 1",
		strings.Repeat("a {", 100):     "more than 64 blocks",
	} {
		if _, err := ReadConfig("n", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
}

// Parts of configurations as people write them into texts: as much as there is is read.
func TestReadSnippet(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "",
		"; ; {":                                 "",
		"a b":                                   "a|b?",
		"a b\n":                                 "a|b?",
		"a b; c":                                "a|b c?",
		"listen 80":                             "listen|80?",
		"s { a b }":                             "s{a|b?}",
		"s { a b} c;":                           "s{a|b?} c",
		"s { t { a;":                            "s{t{a}?}?",
		"a; } b; } c":                           "a b c? 3 8",
		"a ${b}c;":                              "a|${b}c",
		"a ${b":                                 "a|${b?",
		"a 'b c; d":                             "a|b c; d?",
		"a \"b\"c d;":                           "a|b|c|d",
		`a "\"\." \.\';`:                        `a|"\.|\.'`,
		"a \\":                                  `a|\?`,
		`a $\x{`:                                `a|$\x{}?`,
		"# only; a comment":                     "",
		"x_by_lua_block { '}' -- }\n {} } b;":   "x_by_lua_block{} b",
		"x_by_lua_block { '":                    "x_by_lua_block{}?",
		"location / { proxy_pass http://b\n  }": "location|/{proxy_pass|http://b?}",
	} {
		all, stray := ReadSnippet(text)
		got := strings.Join(outline(all), " ")
		for _, at := range stray {
			got += fmt.Sprintf(" %d", at)
		}
		if got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
		Walk(all, func(d *Directive) { checkPlaces(t, text, d) })
	}
	deep := strings.Repeat("a {", 10_000)
	if all, _ := ReadSnippet(deep); len(all) != 1 {
		t.Errorf("%d directives", len(all))
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
		ours, err := ReadConfig(name, string(text))
		if err != nil {
			return err
		}
		theirs, err := crossplane.Parse(name, &crossplane.ParseOptions{
			SingleFile: true, StopParsingOnError: true, SkipDirectiveContextCheck: true, SkipDirectiveArgsCheck: true,
		})
		if err != nil {
			return err
		}
		readTheSame(t, name, ours, theirs.Config[0].Parsed)
		lenient, stray := ReadSnippet(string(text))
		if got, want := outline(lenient), outline(ours); !reflect.DeepEqual(got, want) || stray != nil {
			t.Errorf("%s as a snippet:\n%q\nas a configuration:\n%q", name, got, want)
		}
		return nil
	})
	if err != nil || files < 12 {
		t.Errorf("%d files, %v", files, err)
	}
}

func readTheSame(t *testing.T, name string, ours []*Directive, theirs crossplane.Directives) {
	t.Helper()
	if len(ours) != len(theirs) {
		t.Errorf("%s: %d directives, and %d", name, len(ours), len(theirs))
		return
	}
	for i, a := range ours {
		b := theirs[i]
		sameArgs := a.Name == "if" || strings.Join(a.Args, "|") == unescape(strings.Join(b.Args, "|"))
		if a.Name != b.Directive || a.Line != b.Line || !sameArgs {
			t.Errorf("%s:%d: %s %q; %d: %s %q", name, a.Line, a.Name, a.Args, b.Line, b.Directive, b.Args)
		}
		readTheSame(t, name, a.Block, b.Block)
	}
}

// FuzzRead gives a text to both readers. What the strict one takes the lenient one reads
// as the same, unless a word has a brace in it that nginx does not heed.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"", "a;", "a { b 'c' \"d\"; }", "a \\", "a ${b}c {", "x_by_lua_block { if '}' then -- }\n end }", "'", "a 'b'{", "\n\n}", "a;;",
		"$${;", "a } b }", "x_by_lua_block { \"", "server { listen 80", strings.Repeat("a {", 70), "a 'b\nc' d;\n e \\\n;",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		all, err := ReadConfig("n", text)
		if err != nil && (all != nil || !strings.HasPrefix(err.Error(), "n:")) {
			t.Errorf("%d directives and %v", len(all), err)
		}
		lenient, stray := ReadSnippet(text)
		if took := time.Since(began); took > slowest {
			t.Errorf("%d bytes take %s", len(text), took)
		}
		for _, list := range [][]*Directive{all, lenient} {
			last := 0
			Walk(list, func(d *Directive) {
				checkPlaces(t, text, d)
				if d.Start < last {
					t.Errorf("%q stands in front of what it follows", d.Name)
				}
				last = d.Start
			})
		}
		for _, at := range stray {
			if text[at] != '}' {
				t.Errorf("there is no brace at %d", at)
			}
		}
		braces := false
		Walk(all, func(d *Directive) { braces = braces || strings.Contains(d.Name+d.Value(), "}") })
		if err == nil && !braces {
			if got, want := outline(lenient), outline(all); !reflect.DeepEqual(got, want) || stray != nil {
				t.Errorf("%q as a snippet:\n%q\nas a configuration:\n%q", text, got, want)
			}
		}
	})
}
