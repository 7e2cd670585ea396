package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/wholefile"
)

// Evidence is the last lines that a run has seen of a scenario, kept for `lab show`.
type Evidence struct {
	When    time.Time          `json:"when"`
	Nginx   string             `json:"nginx"`
	OpenSSL string             `json:"openssl"`
	Image   string             `json:"image"`
	Verdict experiment.Verdict `json:"verdict"`
	Status  string             `json:"status"` // when broken
	Log     []string           `json:"log"`
	Backend []string           `json:"backend,omitempty"` // what the scenario's server logged then
}

// evidenceLines is how many log lines are kept of a scenario.
const evidenceLines = 5

// evidencePath is where a scenario's evidence is kept; ids hold no separators, and
// Base makes sure of it.
func evidencePath(cache, id string) string {
	return filepath.Join(cache, "evidence", filepath.Base(id)+".json")
}

// Remember keeps what this run has seen of each scenario.
func (r Report) Remember(cache string) error {
	for _, result := range r.Results {
		e := Evidence{When: r.Started.UTC(), Nginx: r.Nginx.Version, OpenSSL: r.Nginx.OpenSSL, Image: r.Image.Name,
			Verdict: result.Verdict, Status: result.Symptom.Status, Log: brokenLog(result), Backend: brokenBackendLog(result)}
		for _, t := range result.Trials {
			e.Nginx, e.Image = cmp.Or(t.Nginx, e.Nginx), cmp.Or(t.Image, e.Image)
		}
		// A run that was stopped before it saw anything does not replace one that saw.
		if e.Status == "" && len(e.Log) == 0 {
			continue
		}
		text, err := json.MarshalIndent(e, "", "  ")
		if err != nil {
			return fmt.Errorf("keeping the evidence of %q: %w", result.ID, err)
		}
		path := evidencePath(cache, result.ID)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("keeping the evidence of %q: %w", result.ID, err)
		}
		if err := wholefile.WriteText(path, text); err != nil {
			return fmt.Errorf("keeping the evidence of %q: %w", result.ID, err)
		}
	}
	return nil
}

// brokenLog is the end of the error log of the broken state, in the first trial
// that shows it.
func brokenLog(result experiment.Result) []string {
	lines := []string{}
	for _, t := range result.Trials {
		for _, p := range t.Phases {
			if p.Name != experiment.BrokenPhase || len(lines) > 0 {
				continue
			}
			for _, entry := range p.Log {
				if entry.AtLeast("warn") {
					lines = append(lines, entry.Raw)
				}
			}
		}
	}
	return lines[max(0, len(lines)-evidenceLines):]
}

// brokenBackendLog is the end of what a server logged in the broken state.
func brokenBackendLog(result experiment.Result) []string {
	for _, t := range result.Trials {
		for _, p := range t.Phases {
			if p.Name != experiment.BrokenPhase || len(p.Backends) == 0 {
				continue
			}
			var lines []string
			for _, name := range slices.Sorted(maps.Keys(p.Backends)) {
				for line := range strings.Lines(p.Backends[name]) {
					lines = append(lines, name+": "+strings.TrimRight(line, "\n"))
				}
			}
			return lines[max(0, len(lines)-evidenceLines):]
		}
	}
	return nil
}

// Recall returns what a run has seen of a scenario last; nil if none has.
func Recall(cache, id string) *Evidence {
	text, err := os.ReadFile(evidencePath(cache, id))
	if err != nil {
		return nil
	}
	var e Evidence
	if json.Unmarshal(text, &e) != nil {
		return nil
	}
	return &e
}
