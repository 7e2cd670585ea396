package scan_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/guide/scan"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/scenarios"
)

var update = flag.Bool("update", false, "write the golden files")

// Texts of different shapes with mistakes planted: all of them are found, and nothing
// else. Lines of the golden files are line, kind, verdict.
func TestPlantedMistakesAreFound(t *testing.T) {
	t.Parallel()
	catalogue, err := scenario.Load(scenarios.FS)
	if err != nil {
		t.Fatal(err)
	}
	pool := labtest.Pool(t)
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		golden := strings.TrimSuffix(file, filepath.Ext(file)) + ".findings"
		if file == golden {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			d, err := guide.Read(file, text)
			if err != nil {
				t.Fatal(err)
			}
			s := scan.New(d, catalogue)
			results := experiment.Run(t.Context(), pool, s.Scenarios, experiment.Options{Parallel: 2})
			if err := s.Check(t.Context(), pool); err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, f := range s.Decide(results, pool.Nginx()) {
				fmt.Fprintf(&got, "%d %s %s\n", f.Line, f.Kind, f.Verdict)
				t.Logf("%d %s %s: %.90q: %s", f.Line, f.Kind, f.Verdict, f.Text, f.Reason)
			}
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("found:\n%swant:\n%s", got.String(), want)
			}
		})
	}
}
