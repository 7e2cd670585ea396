package report

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/gatewaylab/lab/internal/explain"
	"github.com/gatewaylab/lab/internal/output"
)

// A record is written as encoding/json writes it, every field of it, and so that
// nothing in it is obeyed by a terminal.
func TestAppendRecord(t *testing.T) {
	for _, text := range []string{"", "plain", `a "quoted", b`, `back\slash`, "\x1b[31mred\x07", "line\nbreak\ttab", "<b>&</b>", "\xff\xfe",
		"ünï", "\u202e\u2028\u009b", "\x7f"} {
		r := explain.Record{Cause: text}
		fill(reflect.ValueOf(&r.Entry).Elem(), text)
		for _, also := range [][]string{nil, {text}, {"a", text}} {
			r.Also = also
			plain, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := string(AppendRecord([]byte("before "), r)), "before "+output.SpellOut(string(plain))+"\n"; got != want {
				t.Errorf("%q:\n got %s\nwant %s", text, got, want)
			}
		}
	}
}

// fill gives every field a value of its own.
func fill(v reflect.Value, text string) {
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String {
			f.SetString(v.Type().Field(i).Name + text)
		} else {
			f.SetInt(int64(i) + 1000)
		}
	}
}
