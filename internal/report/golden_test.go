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

func TestFormats(t *testing.T) {
	r := example()
	for name, write := range map[string]func(io.Writer) error{
		"table.txt":   func(w io.Writer) error { return r.WriteTable(w, output.Screen{Width: 100}) },
		"color.txt":   func(w io.Writer) error { return r.WriteTable(w, output.Screen{Width: 100, Color: true}) },
		"plain.txt":   r.WritePlain,
		"name.txt":    r.WriteNames,
		"summary.txt": func(w io.Writer) error { return r.WriteSummary(w, output.Screen{}) },
		"report.json": r.WriteJSON,
		"report.yaml": r.WriteYAML,
		"junit.xml":   r.WriteJUnit,
		"report.md":   r.WriteMarkdown,
		"report.html": r.WriteHTML,
		"progress.txt": func(w io.Writer) error {
			_, err := io.WriteString(w, Line(r.Results[0])+"\n"+Line(r.Results[1])+"\n")
			return err
		},
		"story.txt":      func(w io.Writer) error { return story().Write(w, true, output.Screen{}) },
		"story.json":     func(w io.Writer) error { return output.WriteJSON(w, story()) },
		"storycolor.txt": func(w io.Writer) error { return story().Write(w, false, output.Screen{Color: true}) },
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, written(t, write)) })
	}
}

// What a person reads holds nothing that a terminal obeys.
func TestNothingHostileGetsThrough(t *testing.T) {
	r := example()
	for name, write := range map[string]func(io.Writer) error{
		"table": func(w io.Writer) error { return r.WriteTable(w, output.Screen{}) }, "plain": r.WritePlain,
		"summary":  func(w io.Writer) error { return r.WriteSummary(w, output.Screen{}) },
		"markdown": r.WriteMarkdown, "html": r.WriteHTML, "junit": r.WriteJUnit,
	} {
		text := written(t, write)
		for _, bad := range []string{"\x1b", "\x07", "\x00", "\r", "\u202e"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
	}
	if page := written(t, r.WriteHTML); strings.Contains(page, "<script") {
		t.Error("html: the script is alive")
	}
}

func TestYAMLSaysWhatJSONSays(t *testing.T) {
	r := example()
	var fromJSON, fromYAML any
	if err := json.Unmarshal([]byte(written(t, r.WriteJSON)), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(written(t, r.WriteYAML)), &fromYAML); err != nil {
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
		t.Errorf("YAML reads as\n%s", again)
	}
}

func TestJUnitIsXML(t *testing.T) {
	var all junitSuites
	if err := xml.Unmarshal([]byte(written(t, example().WriteJUnit)), &all); err != nil {
		t.Fatal(err)
	}
	if all.Tests != 12 || all.Failures != 1 || all.Errors != 5 || all.Skipped != 2 {
		t.Errorf("%d tests, %d failures, %d errors, %d skipped", all.Tests, all.Failures, all.Errors, all.Skipped)
	}
}
