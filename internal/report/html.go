package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/trial"
)

//go:embed report.html
var page string

// WriteHTML writes one page that needs nothing else: the table, the failures, and
// what every trial saw.
func (r Report) WriteHTML(w io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"clean": output.Clean, "oneLine": output.OneLine, "seconds": output.Seconds,
		"label":      func(r experiment.Result) string { return oneLine(label(r)) },
		"rfc3339":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"transcript": transcript,
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("reading the page's template: %w", err)
	}
	type shownRow struct {
		Scenario, Part, Broken, After, Verdict, Time, Log string
		Head                                              bool
	}
	type shownFailure struct{ Verdict, Name, Evidence string }
	var rows []shownRow
	for _, row := range r.rows() {
		shown := shownRow{oneLine(row.scenario), oneLine(row.part), oneLine(row.broken.Status), oneLine(row.after.Status), string(row.verdict), output.Seconds(row.took), oneLine(row.broken.Log), row.kind == "scenario"}
		if !shown.Head {
			shown.Part = row.kind + ": " + shown.Part
		}
		rows = append(rows, shown)
	}
	var failures []shownFailure
	for _, f := range r.failures() {
		failures = append(failures, shownFailure{string(f.verdict), oneLine(f.name), f.evidence()})
	}
	return t.Execute(w, map[string]any{"Report": r, "Rows": rows, "Failures": failures, "Engine": oneLine(r.engineLine()), "Summary": r.Summary(),
		"Unfinished": oneLine(strings.Join(r.unfinished(), ", ")), "Stopped": r.stopped()})
}

// transcript is what a trial saw, as text.
func transcript(t trial.Observation) string {
	var b strings.Builder
	for _, p := range t.Phases {
		fmt.Fprintf(&b, "== %s\n%s%s%s", p.Name, stepLines(p), answerLines(p), logLines(p))
	}
	return clean(b.String())
}
