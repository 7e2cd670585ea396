package regress

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/labtest"
)

var options = Options{TimeScale: 100, Parallel: 10}

func open(t *testing.T, dir string) *deployment.Source {
	t.Helper()
	source, err := deployment.Open(dir, "", templateEnv)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// The same configuration twice is the same file, to the byte, and nothing differs.
func TestRecordTwice(t *testing.T) {
	pool := labtest.Pool(t)
	for _, shape := range shapes(t)[:labtest.Soak(2, len(shapes(t)))] {
		t.Run(shape, func(t *testing.T) {
			dir := "testdata/" + shape
			first, err := Record(t.Context(), pool, open(t, dir), options, Behaviour{}, 1)
			if err != nil {
				t.Fatal(err)
			}
			text, err := first.Behaviour.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "nginx.lab.yaml")
			if err := os.WriteFile(file, text, 0o644); err != nil {
				t.Fatal(err)
			}
			read, err := ReadBehaviour(file)
			if err != nil {
				t.Fatal(err)
			}
			checked, err := Check(t.Context(), pool, open(t, dir), options, read)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range checked.Differences {
				t.Errorf("%s:%d: %s", d.File, d.Line, d.Says)
			}
			for _, n := range slices.Concat(first.Inconclusive, checked.Inconclusive) {
				t.Log(n.Says)
				if strings.HasPrefix(n.Why, unmetFault) {
					t.Error("this fault has no control, or the stand-in is wrong")
				}
			}
			if len(first.Inconclusive) > 0 {
				return
			}
			if again, _ := checked.Behaviour.Bytes(); string(again) != string(text) {
				t.Errorf("it differs:\n%s\n%s", text, again)
			}
			for _, n := range checked.Config.Notes {
				t.Log(n)
			}
		})
	}
}

// What is recorded with scaled timeouts is what happens with the configuration's own.
func TestScaledIsReal(t *testing.T) {
	pool := labtest.Pool(t)
	dir := t.TempDir()
	const conf = "events {}\nhttp { upstream u { server a:1; server b:1; } server { listen 80; proxy_connect_timeout 1s; proxy_read_timeout 2s; proxy_send_timeout 3s;\n" +
		"location / { proxy_pass http://u; }\nlocation /limited { proxy_pass http://u; proxy_next_upstream_timeout 1500ms; } } }\n"
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	scaled, err := Record(t.Context(), pool, open(t, dir), options, Behaviour{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	checked, err := Check(t.Context(), pool, open(t, dir), Options{TimeScale: 1, Parallel: 10}, scaled.Behaviour)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range checked.Differences {
		t.Error(d.Says)
	}
}
