package report

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/internal/output"
)

// spoil puts text into every string that can be reached, names of a map too.
func spoil(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem(), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			// Kinds are lab's own words, as are the types of string left out below.
			if v.Type().Field(i).IsExported() && v.Type().Field(i).Name != "Kind" {
				spoil(v.Field(i), text)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				spoil(v.Index(i), text)
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			spoil(value, text)
			v.SetMapIndex(key, value)
			if key.Kind() == reflect.String {
				v.SetMapIndex(reflect.ValueOf(key.String()+text).Convert(v.Type().Key()), value)
			}
		}
	case reflect.String:
		if v.CanSet() && v.Type() == reflect.TypeFor[string]() {
			v.SetString(v.String() + text)
		}
	}
}

// outputs is every form that lab prints or writes, of products in which every text is
// spoiled.
func outputs(t *testing.T, text string, some map[string]output.Product) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, p := range some {
		spoiled := reflect.New(reflect.TypeOf(p))
		spoiled.Elem().Set(reflect.ValueOf(p))
		spoil(spoiled, text)
		p = spoiled.Elem().Interface().(output.Product)
		for _, form := range p.Forms() {
			all[name+", "+form.Name] = in(t, p, form.Name, output.Screen{})
			if form.Beside != nil {
				all[name+", beside"] = written(t, form.Beside)
			}
		}
		all[name+", narrow"] = in(t, p, output.TableForm, output.Screen{Width: 40})
	}
	r := example()
	spoil(reflect.ValueOf(&r).Elem(), text)
	all["progress"] = Line(r.Results[1])
	files, err := r.evidenceFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		// A config is kept as nginx got it; the loader lets none in with anything to hide.
		if !strings.HasSuffix(f.name, "nginx.conf") {
			all["evidence "+f.name] = f.text
		}
		if !filepath.IsLocal(f.name) || strings.ContainsFunc(f.name, unprintable) {
			t.Errorf("the evidence would be written to %q", f.name)
		}
	}
	return all
}

func unprintable(r rune) bool {
	return clean(string(r)) != string(r)
}

// Whatever a scenario, a log line, an answer, the engine or the image says: nothing
// that a terminal obeys comes out of any form.
func TestNothingHostileGetsOutOfAnyForm(t *testing.T) {
	for _, text := range []string{hostile, "\x1b[2J", "\x1b]0;t\x07", "\u009b31m", "\x7f\u0085\u008d", "a\u202eb\u2066", "\u2028\u2029",
		"\ufeff\ufffe", "\xff\xfe\xc2", "\r", "\x00"} {
		for name, got := range outputs(t, text, products()) {
			for at, r := range got {
				if unprintable(r) || r == utf8.RuneError && !strings.HasPrefix(got[at:], "\uFFFD") {
					t.Errorf("%q: %s holds %q in %q", text, name, r, got[max(0, at-30):min(len(got), at+30)])
					break
				}
			}
		}
	}
}

func FuzzForms(f *testing.F) {
	for _, text := range []string{
		hostile, "plain", "", " ", "\n", " a\n b\n", "\n\n a", "- a: b # c", "true", "~", "0x1f", "1_000", "2026-01-02", "'", `"`, "\\", "---", "...", "!!binary x", "&a *a", "| >", "a: b: c", "\t", "\ttab\n\tx ",
		"\u0085", "\u2028x", "\ufeff", "\xff", "𝄞", "<<", "=", "%", "@", "`", "{a", "]]>", "</script>", "\u009b31m", "a\r\nb\r", strings.Repeat("x", 1000), strings.Repeat("a b ", 300),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// One product each time: all of them would be a second.
		every := products()
		names := slices.Sorted(maps.Keys(every))
		name := names[int(crc32.ChecksumIEEE([]byte(text)))%len(names)]
		for name, got := range outputs(t, text, map[string]output.Product{name: every[name]}) {
			if at := strings.IndexFunc(got, unprintable); at >= 0 || !utf8.ValidString(got) {
				t.Errorf("%s is not clean: %q", name, got[max(0, at-30):min(len(got), max(at, 0)+30)])
			}
			if len(got) > 200_000+2000*len(text) {
				t.Errorf("%s has %d bytes", name, len(got))
			}
		}
		// What is a language is that language, and says the text itself.
		want := strings.ToValidUTF8(text, "\uFFFD")
		value := map[string]any{"text": text, "list": []string{text}}
		var fromJSON, fromYAML struct {
			Text string
			List []string
		}
		if err := json.Unmarshal([]byte(written(t, func(w io.Writer) error { return output.WriteJSON(w, value) })), &fromJSON); err != nil {
			t.Error(err)
		}
		if err := yaml.Unmarshal([]byte(written(t, func(w io.Writer) error { return output.WriteYAML(w, value) })), &fromYAML); err != nil {
			t.Error(err)
		}
		// One replacement for each wrong byte, or for several: encoding/json's affair.
		if utf8.ValidString(text) && (fromJSON.Text != want || fmt.Sprint(fromJSON) != fmt.Sprint(fromYAML)) {
			t.Errorf("%q in JSON is %q, in YAML %q", text, fromJSON, fromYAML)
		}
		r := example()
		spoil(reflect.ValueOf(&r).Elem(), text)
		if err := xml.Unmarshal([]byte(in(t, r, "junit", output.Screen{})), &struct{}{}); err != nil {
			t.Error(err)
		}
	})
}

// The evidence is written inside its folder whatever scenario, trial and backend are called.
func TestEvidenceStaysInItsFolder(t *testing.T) {
	for _, text := range []string{"/../../x", "..", "\x00", "\n", hostile} {
		r := example()
		spoil(reflect.ValueOf(&r).Elem(), text)
		outer := t.TempDir()
		if err := r.WriteEvidence(filepath.Join(outer, "in")); err != nil {
			continue // refused is fine, too
		}
		if entries, err := os.ReadDir(outer); err != nil || len(entries) != 1 {
			t.Errorf("%q: %v, %v", text, entries, err)
		}
	}
}
