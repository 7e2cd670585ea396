package scenario

import (
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatewaylab/lab/scenarios"
)

func TestIndexIsTheCatalogue(t *testing.T) {
	all, err := Load(scenarios.FS)
	if err != nil {
		t.Fatal(err)
	}
	entries, current := ReadIndex(scenarios.Index, scenarios.FS)
	if !current || !reflect.DeepEqual(entries, Entries(all)) {
		t.Errorf("scenarios/index.tsv does not follow the scenarios: run go generate ./... and commit")
	}
}

// Entries of a scenario that is newer than the index must not be shown as they were.
func TestStaleIndex(t *testing.T) {
	made, err := MakeIndex(folder(sound))
	if err != nil {
		t.Fatal(err)
	}
	renamed, added := fstest.MapFS{}, folder(sound)
	for name, file := range folder(sound) {
		renamed["two"+strings.TrimPrefix(name, "one")] = file
		added["two"+strings.TrimPrefix(name, "one")] = file
	}
	for _, row := range []struct {
		name  string
		index string
		files fstest.MapFS
		want  bool
	}{
		{"current", string(made), folder(sound), true},
		{"changed", string(made), folder(strings.Replace(sound, "title: the", "title: one", 1)), false},
		{"renamed", string(made), renamed, false},
		{"added", string(made), added, false},
		{"removed", string(made), fstest.MapFS{}, false},
		{"not merged", "<<<<<<< HEAD\n" + string(made), folder(sound), false},
		{"empty", "{}", folder(sound), false},
	} {
		if _, current := ReadIndex([]byte(row.index), row.files); current != row.want {
			t.Errorf("%s: current %t, want %t", row.name, current, row.want)
		}
	}
}
