package report_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/report"
)

// Runs with the same cache may end at the same time; what they keep stays readable.
func TestRememberSideBySide(t *testing.T) {
	cache := t.TempDir()
	var all sync.WaitGroup
	for n := range 4 {
		r := report.Report{Results: []experiment.Result{{ID: "refused", Symptom: experiment.Look{Status: strings.Repeat("5", 1+2000*n)}}}}
		all.Go(func() {
			for range 200 {
				if err := r.Remember(cache); err != nil {
					t.Error(err)
				}
				if report.Recall(cache, "refused") == nil {
					t.Error("what was kept is not readable")
					return
				}
			}
		})
	}
	all.Wait()
}
