package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/trial"
)

// page is the run for a person: a table, and what is not verified.
func (r Report) page() output.Document {
	facts := output.Items("started: "+r.Started.UTC().Format(time.RFC3339), "lab: "+r.Lab, "image: "+r.Image.origin())
	for _, name := range slices.Sorted(maps.Keys(r.Servers)) {
		facts.Items = append(facts.Items, output.Item{Text: output.Plain(name + ": " + r.Servers[name].origin())})
	}
	facts.Items = append(facts.Items, output.Item{Text: output.Plain("engine: " + r.engineLine())})
	page := output.Document{
		output.Heading{Level: 1, Text: output.Spans(output.Plain("lab: "), output.Styled(output.State, string(r.Verdict)))},
		output.P(r.Summary()), facts, r.pageTable(),
	}
	failures := r.failures()
	if len(failures) > 0 {
		page = append(page, output.H(2, "What is not verified"))
	}
	for _, f := range failures {
		page = append(page,
			output.Heading{Level: 3, Text: output.Spans(output.Styled(output.State, string(f.verdict)), output.Plain(": "+f.name))},
			output.Log{Text: f.evidence()})
	}
	if cut := r.unfinished(); len(cut) > 0 {
		page = append(page, output.H(2, "Not finished"), output.P(r.stopped()+": "+strings.Join(cut, ", ")))
	}
	if skips := r.skips(); len(skips) > 0 {
		page = append(page, output.H(2, "Skipped"), output.Items(skips...))
	}
	return page
}

func (r Report) pageTable() output.Table {
	grid := output.Grid{Columns: []string{"scenario", "part", "broken", "after", "verdict", "time", "error log when broken"}}
	rows := r.rows()
	for _, row := range rows {
		part := ""
		if row.part != "" {
			part = row.kind + ": " + row.part
		}
		grid.Rows = append(grid.Rows, []string{
			row.scenario, part, row.broken.Status, row.after.Status, string(row.verdict), output.Seconds(row.took), row.broken.Log,
		})
	}
	return output.Table{Grid: grid, Strong: func(i int) bool { return rows[i].kind == "scenario" }}
}

// pageWithEvidence is the page with what every trial saw.
func (r Report) pageWithEvidence() output.Document {
	page := append(r.page(), output.H(2, "Evidence"))
	for _, result := range r.Results {
		page = append(page, output.Heading{Level: 3, Text: output.Plain(label(result)), ID: label(result)}, output.P(result.Title))
		for _, t := range result.Trials {
			page = append(page, output.Details{
				Summary: output.Plain(t.Trial + ", " + output.Seconds(t.Took.D())),
				Blocks:  output.Document{output.Log{Text: transcript(t)}},
			})
		}
	}
	return page
}

// origin is an image, where it came from, and its id.
func (i Image) origin() string { return fmt.Sprintf("%s (%s, %s)", i.Name, i.Origin, i.ID) }

func (r Report) engineLine() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s (%s/%s)", r.Engine.Name, r.Engine.Version, r.Engine.OS, r.Engine.Arch))
}

// transcript is what a trial saw, as text.
func transcript(t trial.Observation) string {
	var b strings.Builder
	for _, p := range t.Phases {
		fmt.Fprintf(&b, "== %s\n%s%s%s", p.Name, stepLines(p), answerLines(p), logLines(p))
	}
	return clean(b.String())
}
