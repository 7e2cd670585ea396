package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/guide/scan"
	"github.com/gatewaylab/lab/internal/output"
)

// Scan is what a run says about a guide without claims.
type Scan struct {
	Run
	Guide    string // its file
	Findings []scan.Finding
	Counts   map[guide.Verdict]int
	Trials   int
	ExitCode int
}

// NewScan makes the report on a guide; s has everything but what is counted.
func NewScan(s Scan, results []experiment.Result) Scan {
	s.Counts, s.ExitCode = map[guide.Verdict]int{}, output.OK
	for _, r := range results {
		s.Trials += len(r.Trials)
	}
	for _, f := range s.Findings {
		s.Counts[f.Verdict]++
	}
	if s.Counts[guide.Refuted] > 0 {
		s.ExitCode = output.Failed
	}
	// What was not decided is no failure of the guide; what the lab could not run is one
	// of the lab.
	for _, r := range results {
		if r.Verdict == experiment.Inconclusive {
			s.ExitCode = output.Worse(s.ExitCode, codeOf(r.Verdict, r.Cause, s.Stop))
		}
	}
	if s.Stop.ExitCode != output.OK {
		s.ExitCode = output.Worse(s.ExitCode, s.Stop.ExitCode)
	}
	return s
}

// scanWords are the verdicts in the words of a scan: what was not decided is listed.
func scanWord(v guide.Verdict) string {
	if v == guide.Inconclusive {
		return "not decided"
	}
	return string(v)
}

// Forms are the forms of a report on a guide without claims.
func (s Scan) Forms() []output.Form {
	return output.Parts{
		Grid: s.grid, Details: s.writeDetails, Value: s.value, Page: s.page, Lab: s.Lab, Findings: s.findings, Suites: s.suites,
	}.Forms()
}

// findings is what the guide's author should see beside the lines.
func (s Scan) findings() []output.Finding {
	var list []output.Finding
	for _, f := range s.Findings {
		level := map[guide.Verdict]string{guide.Refuted: "error", guide.Conditional: "warning"}[f.Verdict]
		if level == "" {
			continue
		}
		one := output.Finding{
			Rule: string(f.Kind), Level: level, File: s.Guide, Line: f.Line,
			Title: string(f.Verdict), Message: oneLine(f.Text) + "\n" + f.Reason,
		}
		if f.Correct != "" {
			one.Message += "\nCorrect: " + f.Correct
		}
		list = append(list, one)
	}
	return list
}

// grid is a row per finding; a pipe gets the texts whole.
func (s Scan) grid() output.Grid {
	grid := output.Grid{Columns: []string{"LINE", "KIND", "VERDICT", "TEXT", "REASON"}}
	for _, f := range s.Findings {
		text := cut(oneLine(f.Text), 160)
		grid.Rows = append(grid.Rows, []string{strconv.Itoa(f.Line), string(f.Kind), scanWord(f.Verdict), text, f.Reason})
	}
	return grid
}

// writeDetails writes, for a person, what is wrong and what is right instead, and then
// the summary.
func (s Scan) writeDetails(w io.Writer, screen output.Screen) error {
	var b strings.Builder
	for _, f := range s.Findings {
		if f.Verdict != guide.Refuted && f.Verdict != guide.Conditional {
			continue
		}
		fmt.Fprintf(&b, "\n%s  line %d, %s: %s\n  %s\n",
			paint(string(f.Verdict), screen.Color), f.Line, f.Kind, cut(oneLine(f.Text), 200), oneLine(f.Reason))
		if f.Correct != "" {
			fmt.Fprintf(&b, "  correct: %s\n", cut(oneLine(f.Correct), 300))
		}
		if ids := ranFor(f); len(ids) > 0 {
			fmt.Fprintf(&b, "  see it: lab run %s\n", oneLine(strings.Join(ids, " ")+s.Again))
		}
		if f.Source != "" {
			fmt.Fprintf(&b, "  source: %s\n", oneLine(f.Source))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", s.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// ranFor is the scenarios of the catalogue that a finding rests on.
func ranFor(f scan.Finding) []string {
	ids := []string{}
	for _, e := range f.Evidence {
		if e.Scenario != scan.ConfigTest {
			ids = append(ids, e.Scenario)
		}
	}
	return ids
}

// Summary is the verdicts in one line.
func (s Scan) Summary() string {
	var parts []string
	for _, v := range claimVerdicts {
		if n := s.Counts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, scanWord(v)))
		}
	}
	text := "nothing in it looks checkable"
	if len(parts) > 0 {
		text = fmt.Sprintf("%s: %s", output.Plural(len(s.Findings), "checkable thing"), strings.Join(parts, ", "))
	}
	text += fmt.Sprintf("; %s in %s", output.Plural(s.Trials, "trial"), output.Seconds(s.Took))
	if s.Nginx.Version != "" {
		text += fmt.Sprintf(" on nginx %s (%s)", oneLine(s.Nginx.Version), oneLine(s.Nginx.OpenSSL))
	}
	return text
}

// scanDocument is the JSON form of a report on a guide without claims.
type scanDocument struct {
	SchemaVersion int                `json:"schemaVersion"`
	Lab           string             `json:"lab"`
	Guide         string             `json:"guide"`
	Started       time.Time          `json:"started"`
	Took          protocol.Duration  `json:"took"`
	Trials        int                `json:"trials"`
	Nginx         protocol.NginxInfo `json:"nginx"`
	Image         Image              `json:"image"`
	ExitCode      int                `json:"exitCode"`
	Counts        map[string]int     `json:"counts"`
	Findings      []scanFinding      `json:"findings"`
}

type scanFinding struct {
	Line     int            `json:"line"`
	Kind     scan.Kind      `json:"kind"`
	Verdict  guide.Verdict  `json:"verdict"`
	Text     string         `json:"text"` // the guide's own
	Reason   string         `json:"reason"`
	Correct  string         `json:"correct,omitempty"`
	Source   string         `json:"source,omitempty"`
	Evidence []scanEvidence `json:"evidence"`
	Suggests []string       `json:"suggests,omitempty"`
}

type scanEvidence struct {
	Scenario string `json:"scenario"`
	Trial    string `json:"trial"`
	Status   string `json:"status,omitempty"`
	Log      string `json:"log,omitempty"`
	Run      string `json:"run,omitempty"`
}

func (s Scan) value() any {
	d := scanDocument{
		SchemaVersion: output.SchemaVersion, Lab: s.Lab, Guide: s.Guide,
		Started: s.Started.UTC(), Took: protocol.Duration(s.Took), Trials: s.Trials,
		Nginx: s.Nginx, Image: s.Image, ExitCode: s.ExitCode, Counts: map[string]int{"total": len(s.Findings)}, Findings: []scanFinding{},
	}
	for _, v := range claimVerdicts {
		if v != guide.Untestable {
			d.Counts[string(v)] = s.Counts[v]
		}
	}
	for _, f := range s.Findings {
		one := scanFinding{f.Line, f.Kind, f.Verdict, f.Text, f.Reason, f.Correct, f.Source, []scanEvidence{}, f.Suggests}
		for _, e := range f.Evidence {
			run := ""
			if e.Scenario != scan.ConfigTest {
				run = "lab run " + e.Scenario
			}
			one.Evidence = append(one.Evidence, scanEvidence{e.Scenario, e.Trial, e.Status, e.Log, run})
		}
		d.Findings = append(d.Findings, one)
	}
	return d
}
