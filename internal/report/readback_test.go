package report

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/trial"
)

// filler gives every exported field of a value a content of its own, so that a field that
// gets lost or takes another's place shows.
type filler struct{ n int64 }

func (f *filler) fill(v reflect.Value) {
	f.n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, int(f.n), time.UTC)))
		return
	case trial.Step:
		steps := []trial.Step{
			{Do: "chmod", Mode: "0660", Target: fmt.Sprintf("/lab/run/a %d.sock", f.n)},
			{Do: "wait", Wait: protocol.Duration(f.n)}, {Do: "run", Run: "systemctl  status app"},
		}
		v.Set(reflect.ValueOf(steps[f.n%int64(len(steps))]))
		return
	case strict.Regexp:
		v.Set(reflect.ValueOf(strict.Quote(fmt.Sprintf("(%d: Connection refused)", f.n))))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d <&>\u2028\n", f.n))
	case reflect.Int, reflect.Int64:
		v.SetInt(f.n)
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(uint64(f.n % 256))
	case reflect.Float64:
		v.SetFloat(float64(f.n) + 0.1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key)
			f.fill(element)
			v.SetMapIndex(key, element)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				f.fill(v.Field(i))
			}
		}
	default:
		panic("the test cannot fill a " + v.Type().String())
	}
}

// What a run's JSON report holds is read back as it was, to the last field: reports of
// several machines can be merged. So can the scenarios that `lab show` writes.
func TestReportIsReadBack(t *testing.T) {
	t.Parallel()
	for _, filled := range []any{&document{}, &trial.Observation{}, &scenario.Scenario{}} {
		new(filler).fill(reflect.ValueOf(filled).Elem())
		text, err := json.Marshal(filled)
		if err != nil {
			t.Fatal(err)
		}
		back := reflect.New(reflect.TypeOf(filled).Elem()).Interface()
		if err := json.Unmarshal(text, back); err != nil {
			t.Errorf("%T: %v", filled, err)
			continue
		}
		again, err := json.Marshal(back)
		if err != nil {
			t.Fatal(err)
		}
		// Compiled expressions are not compared: their text is, which the JSON has.
		if _, patterns := filled.(*scenario.Scenario); !patterns && !reflect.DeepEqual(filled, back) || string(again) != string(text) {
			t.Errorf("%T was\n%s\nand is read back as\n%s", filled, text, again)
		}
	}
}
