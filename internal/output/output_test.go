package output

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at it and run the test with -update if that is meant:\n%s", path, got)
	}
}

// document has every block, with text in it that would do harm.
func document() Document {
	rows := Grid{Columns: []string{"NAME", "STATE", "WHY"}, Rows: [][]string{{"one", "verified", hostile}, {"two", "refuted", "a|b"}}}
	return Document{
		Heading{Level: 1, Text: Spans(Plain("lab: "), Styled(State, "refuted"), Plain(" "+hostile))},
		P("- no list"), P("1. no list either, " + hostile), Gap{},
		Table{Grid: rows, Strong: func(row int) bool { return row == 0 }},
		Section("Broken", "what is changed "+hostile),
		Paragraph{Spans(Plain("run "), Styled(Command, "lab run `x`"), Plain(" and "), Styled(Strong, "look"), Plain(" at it"))},
		Quote{Plain("it is 504\nalways")},
		List{Items: []Item{{Text: Plain("first"), More: []Text{Plain("more of it")}}, {Text: Plain("second " + hostile)}}},
		List{Marks: Bullets, Items: Items("a", "b").Items}, List{Marks: Numbers, Items: Items("a", "b").Items}, List{},
		Pairs{Width: 6, Rows: []Pair{{Name: "time", Value: "03:04", More: []string{"and later"}}, {Name: "much longer", Value: hostile}}},
		Pairs{},
		Heading{Level: 3, Text: Plain("Evidence"), ID: `x"y`},
		Prose{"Two lines\nof one paragraph.\n\n+ another " + hostile + "\n"},
		Code{"--- a\n+++ b\n-old\n+new ```\n"}, Log{"[error] " + hostile + "\n  indented\n"},
		Details{Plain("unfold <me>"), Document{P("inside")}},
	}
}

func TestDocument(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"document.md": document().WriteMarkdown, "document.html": document().WriteHTML,
		"document.txt": func(w io.Writer) error { return document().WriteText(w, Screen{Width: 60}) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.String())
		if strings.ContainsAny(b.String(), "\x1b\x07\x00\r\u202e") {
			t.Errorf("%s holds what a terminal obeys", name)
		}
		if name != "document.txt" && strings.Contains(strings.ReplaceAll(b.String(), "\n[error] red <script", ""), "<script") {
			t.Errorf("%s holds a script that is alive", name)
		}
	}
}

// A screen with colours has those of a difference and of a verdict.
func TestDocumentInColor(t *testing.T) {
	var b bytes.Buffer
	if err := (Document{Code{"-old\n+new\n same"}, Paragraph{Styled(State, "refuted")}}).WriteText(&b, Screen{Color: true}); err != nil {
		t.Fatal(err)
	}
	want := "  \x1b[31m-old\x1b[0m\n  \x1b[32m+new\x1b[0m\n   same\n\x1b[1;31mrefuted\x1b[0m\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func listing(rows ...string) Listing {
	l := Listing{Title: "Things", Grid: Grid{Columns: []string{"THING"}}, Fields: map[string]any{"things": rows}, Empty: "no things"}
	for _, row := range rows {
		l.Grid.Rows = append(l.Grid.Rows, []string{row})
	}
	return l
}

// The forms of a list, with rows and without.
func TestListing(t *testing.T) {
	for _, test := range []struct {
		form  string
		rows  []string
		want  string
		empty string
	}{
		{"table", []string{"a", "b"}, "THING\na\nb\n", "no things\n"},
		{"plain", []string{"a", "b"}, "a\nb\n", "no things\n"},
		{"name", []string{"a", "b"}, "a\nb\n", ""},
		{
			"json", []string{"a"}, "{\n  \"schemaVersion\": 2,\n  \"things\": [\n    \"a\"\n  ]\n}\n",
			"{\n  \"schemaVersion\": 2,\n  \"things\": null\n}\n",
		},
		{"yaml", []string{"a"}, "schemaVersion: 2\nthings:\n  - a\n", "schemaVersion: 2\nthings: null\n"},
		{"markdown", []string{"a"}, "# Things\n\n| thing |\n| --- |\n| a |\n", "# Things\n\nno things\n"},
	} {
		for want, l := range map[string]Listing{test.want: listing(test.rows...), test.empty: listing()} {
			form, err := formOf(l, test.form)
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := form.Write(&b, Screen{}); err != nil {
				t.Fatal(err)
			}
			if b.String() != want {
				t.Errorf("%s: got %q, want %q", test.form, b.String(), want)
			}
		}
	}
}

// A list is cut to the screen, unless it is to be read to its end.
func TestListingIsCut(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, whole := range []bool{false, true} {
		l := listing(long)
		l.Whole = whole
		var b bytes.Buffer
		if err := (Destination{Out: &b, Form: "table", Screen: Screen{Width: 40}}).Write(l, nil); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), long) != whole {
			t.Errorf("whole %t: %q", whole, b.String())
		}
	}
}

// A product goes to its files and to stdout; what a person is told goes to stderr.
func TestDestination(t *testing.T) {
	told := parts()
	for _, test := range []struct {
		form        string
		quiet       bool
		out, beside string
	}{
		{"table", false, "NAME\nx\ntold\n", ""},
		{"plain", false, "x\n", "told\n"},
		{"plain", true, "x\n", ""},
		{"name", false, "x\n", ""},
	} {
		var out, beside bytes.Buffer
		d := Destination{Out: &out, Err: &beside, Form: test.form, Quiet: test.quiet}
		if err := d.Write(told, nil); err != nil {
			t.Fatal(err)
		}
		if out.String() != test.out || beside.String() != test.beside {
			t.Errorf("%s: stdout %q, stderr %q", test.form, out.String(), beside.String())
		}
	}
}

// product is a product of the parts.
type product struct{ Parts }

func (p product) Forms() []Form { return p.Parts.Forms() }

func parts() product {
	return product{Parts{
		Grid: func() Grid { return Grid{Columns: []string{"NAME"}, Rows: [][]string{{"x"}}} },
		Details: func(w io.Writer, _ Screen) error {
			_, err := io.WriteString(w, "told\n")
			return err
		},
	}}
}

// One file that cannot be written does not keep the others, nor stdout, from being, and
// leaves nothing behind.
func TestFilesAreWrittenWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	broken := parts()
	broken.Value = func() any { return func() {} } // which JSON cannot hold
	files := []File{
		{"plain", filepath.Join(dir, "missing", "x")}, {"json", filepath.Join(dir, "x.json")}, {"plain", filepath.Join(dir, "plain.txt")},
		{"sarif", filepath.Join(dir, "x.sarif")},
	}
	var out bytes.Buffer
	d := Destination{Out: &out, Err: io.Discard, Form: "name"}
	err := d.Write(broken, files)
	var none ErrNoForm
	if !errors.As(err, &none) || none.Form != "sarif" || out.String() != "x\n" {
		t.Errorf("stdout %q, error %v", out.String(), err)
	}
	for _, file := range []string{"missing", "json="} {
		if !strings.Contains(err.Error(), file) {
			t.Errorf("the error does not name %s: %v", file, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "plain.txt")); err != nil || string(text) != "x\n" {
		t.Errorf("%q, %v", text, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if err := d.Check(parts(), files); !errors.As(err, &none) {
		t.Errorf("checked beforehand: %v", err)
	}
}

func TestParseFile(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"json=" + filepath.Join(dir, "a"):   "",
		"json":                              `"json" is not FORMAT=FILE, as in json=FILE`,
		"json=":                             "is not FORMAT=FILE",
		"jsn=a":                             `no format "jsn" in "jsn=a", did you mean "json"?; there are table, json`,
		"json=" + filepath.Join(dir, "x/a"): "make it first",
		"json=" + dir:                       "is a folder: name a file",
	} {
		_, err := ParseFile(text, []string{"table", "json"})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
