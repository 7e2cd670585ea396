package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/internal/output"
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

func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// products is every product, with what can happen to it.
func products() map[string]output.Product {
	hinted := story()
	hinted.ShowHints = true
	return map[string]output.Product{
		"run": example(), "verify": verified(), "scan": scanned(), "advise": advised(),
		"check": compared(), "same": same(), "untold": untold(),
		"line": Explained{explained()}, "twice": Explained{explainedTwice()}, "unknown": Explained{explainedNot()},
		"log": Summary{summarized()}, "quiet": Summary{quiet()}, "story": hinted,
	}
}

// Every product in each of its forms, and what a person is told beside it on stderr.
func TestProducts(t *testing.T) {
	files := map[string]bool{}
	for name, p := range products() {
		for _, form := range p.Forms() {
			files[name+"."+form.Name] = true
			if form.Beside != nil {
				files[name+".beside"] = true
			}
			t.Run(name+"."+form.Name, func(t *testing.T) {
				golden(t, filepath.Join("products", name+"."+form.Name), in(t, p, form.Name, output.Screen{Width: 100}))
				if form.Beside != nil {
					golden(t, filepath.Join("products", name+".beside"), written(t, form.Beside))
				}
			})
		}
	}
	// A form that is gone must not go unnoticed.
	entries, err := os.ReadDir("testdata/products")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !files[entry.Name()] {
			t.Errorf("testdata/products/%s is of no product and form", entry.Name())
		}
	}
}

// in is a product in one of its forms.
func in(t *testing.T, p output.Product, form string, screen output.Screen) string {
	t.Helper()
	for _, f := range p.Forms() {
		if f.Name == form {
			return written(t, func(w io.Writer) error { return f.Write(w, screen) })
		}
	}
	t.Fatalf("no form %q", form)
	return ""
}

func TestFormats(t *testing.T) {
	r := example()
	for name, write := range map[string]func(io.Writer) error{
		"color.txt": func(w io.Writer) error { return r.table().WriteTable(w, output.Screen{Width: 100, Color: true}) },
		"progress.txt": func(w io.Writer) error {
			_, err := io.WriteString(w, Line(r.Results[0])+"\n"+Line(r.Results[1])+"\n")
			return err
		},
		"storycolor.txt": func(w io.Writer) error { return story().page().WriteText(w, output.Screen{Color: true}) },
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, written(t, write)) })
	}
}

// What a person reads holds nothing that a terminal obeys, and a page nothing that a
// browser does.
func TestNothingHostileGetsThrough(t *testing.T) {
	for name, p := range products() {
		for _, form := range p.Forms() {
			text := in(t, p, form.Name, output.Screen{})
			for _, bad := range []string{"\x1b", "\x07", "\x00", "\r", "\u202e"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s.%s holds %q", name, form.Name, bad)
				}
			}
			if form.Name == "html" && strings.Contains(text, "<script") {
				t.Errorf("%s.html: the script is alive", name)
			}
		}
	}
}

func TestYAMLSaysWhatJSONSays(t *testing.T) {
	for name, p := range products() {
		var fromJSON, fromYAML any
		if err := json.Unmarshal([]byte(in(t, p, "json", output.Screen{})), &fromJSON); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal([]byte(in(t, p, "yaml", output.Screen{})), &fromYAML); err != nil {
			t.Fatal(err)
		}
		// YAML has integers and times where JSON has numbers and strings.
		again, err := json.Marshal(fromYAML)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &fromYAML); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(fromJSON, fromYAML) {
			t.Errorf("%s: YAML reads as\n%s", name, again)
		}
	}
}

// The numbers of a suite are those of its cases, in every product that has suites.
func TestJUnitCounts(t *testing.T) {
	for name, want := range map[string][4]int{
		"run": {12, 1, 5, 2}, "verify": {9, 3, 1, 1}, "scan": {4, 1, 0, 1},
		"check": {3, 2, 1, 0}, "untold": {1, 0, 1, 0}, "same": {1, 0, 0, 0}, "advise": {3, 2, 0, 0},
	} {
		var all struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Skipped  int `xml:"skipped,attr"`
		}
		if err := xml.Unmarshal([]byte(in(t, products()[name], "junit", output.Screen{})), &all); err != nil {
			t.Fatal(err)
		}
		if got := [4]int{all.Tests, all.Failures, all.Errors, all.Skipped}; got != want {
			t.Errorf("%s: tests, failures, errors, skipped are %v, want %v", name, got, want)
		}
	}
}
