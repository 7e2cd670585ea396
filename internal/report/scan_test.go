package report

import (
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/guide/scan"
	"github.com/gatewaylab/lab/internal/output"
)

// What is wrong fails, what is right elsewhere or not decided does not, and trouble of
// the lab's is none of the guide's.
func TestScanExitCode(t *testing.T) {
	slow := []experiment.Result{{Verdict: experiment.Inconclusive, Cause: experiment.Slow}}
	for _, c := range []struct {
		verdicts []guide.Verdict
		results  []experiment.Result
		want     int
	}{
		{nil, nil, output.OK},
		{[]guide.Verdict{guide.Holds, guide.Conditional, guide.Inconclusive}, nil, output.OK},
		{[]guide.Verdict{guide.Holds, guide.Refuted}, nil, output.Failed},
		{[]guide.Verdict{guide.Refuted}, slow, output.Failed},
		{[]guide.Verdict{guide.Holds}, slow, output.Inconclusive},
	} {
		s := Scan{}
		for _, v := range c.verdicts {
			s.Findings = append(s.Findings, scan.Finding{Line: 1, Kind: scan.LogLine, Verdict: v})
		}
		if got := NewScan(s, c.results).ExitCode; got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.verdicts, got, c.want)
		}
	}
}

// A guide's text commands no terminal and no workflow, in any form.
func TestScanIsClean(t *testing.T) {
	evil := "x\x1b[31m\u202e\n::error::y|<b>"
	s := NewScan(
		Scan{
			Guide: "a.md",
			Findings: []scan.Finding{
				{Line: 3, Kind: scan.Status, Verdict: guide.Refuted, Text: evil, Reason: evil, Correct: evil, Source: evil,
					Evidence: []scan.Evidence{{Scenario: "wrong-port", Log: evil}}},
			},
		},
		nil,
	)
	for _, form := range s.Forms() {
		var b strings.Builder
		if err := form.Write(&b, output.Screen{}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(b.String(), "\x1b\u202e") || strings.Contains(b.String(), "\n::error::y") ||
			form.Name == "markdown" && strings.Contains(b.String(), "<b>") {
			t.Errorf("%s:\n%s", form.Name, b.String())
		}
		if !strings.Contains(b.String(), "3") {
			t.Errorf("%s does not name the line:\n%s", form.Name, b.String())
		}
	}
}
