package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/trial"
)

// plain is the rows for a pipe, where each repeats its scenario, for grep: scenario, kind,
// part, status when broken, status afterwards, verdict, seconds, error log, and with
// repetitions how many of them were verified.
func (r Report) plain() output.Grid {
	var g output.Grid
	repeated := r.repeated()
	for _, row := range r.rows() {
		cells := []string{row.scenario, strings.ReplaceAll(row.kind, " ", "-"), row.part, row.broken.Status, row.after.Status,
			string(row.verdict), strconv.FormatFloat(row.took.Seconds(), 'f', 3, 64), row.broken.Log + row.after.Log}
		if repeated {
			cells = append(cells, row.count())
		}
		g.Rows = append(g.Rows, cells)
	}
	return g
}

// repeated reports whether there were several repetitions.
func (r Report) repeated() bool {
	return slices.ContainsFunc(r.Results, func(result experiment.Result) bool { return result.Repeat > 0 })
}

// table is the rows for a terminal: the parts are indented below their scenario, and
// repetitions folded into one row.
func (r Report) table() output.Grid {
	g := output.Grid{Columns: []string{"SCENARIO", "BROKEN", "AFTER", "VERDICT", "TIME", "ERROR LOG WHEN BROKEN"}}
	repeated := r.repeated()
	if repeated {
		g.Columns = slices.Insert(g.Columns, 4, "VERIFIED")
	}
	for _, row := range r.folded() {
		name := row.scenario
		if row.kind != "scenario" {
			name = "  " + row.kind + ": " + row.part
		}
		cells := []string{name, row.broken.Status, row.after.Status, string(row.verdict), output.Seconds(row.took), row.broken.Log}
		if repeated {
			cells = slices.Insert(cells, 4, row.count())
		}
		g.Rows = append(g.Rows, cells)
	}
	return g
}

// Forms are the forms of a run. In all but the table what is meant for people goes to
// stderr.
func (r Report) Forms() []output.Form {
	forms := output.Parts{Grid: r.plain, Value: r.value, Page: r.page, Suites: r.suites}.Forms()
	forms = output.Replaced(forms, output.TableForm, func(w io.Writer, screen output.Screen) error {
		return errors.Join(r.table().WriteTable(w, screen), r.writeDetails(w, screen))
	})
	forms = output.Replaced(forms, output.NameForm, func(w io.Writer, _ output.Screen) error { return r.writeNames(w) })
	forms = output.Replaced(forms, "html", func(w io.Writer, _ output.Screen) error { return r.pageWithEvidence().WriteHTML(w) })
	return output.WithBeside(forms, func(w io.Writer) error { return r.writeDetails(w, output.Screen{}) })
}

// writeDetails writes what commands have said, what is not verified, and where the time went.
func (r Report) writeDetails(w io.Writer, screen output.Screen) error {
	var commands error
	if r.Commands {
		commands = r.WriteCommands(w)
	}
	return errors.Join(commands, r.writeSummary(w, screen), r.writeTimings(w, screen))
}

// writeNames writes the ids of the scenarios, each once.
func (r Report) writeNames(w io.Writer) error {
	seen := map[string]bool{}
	var g output.Grid
	for _, result := range r.Results {
		if !seen[result.ID] {
			seen[result.ID] = true
			g.Rows = append(g.Rows, []string{oneLine(result.ID)})
		}
	}
	return g.WriteNames(w)
}

// writeSummary writes the failures and then the counts, for a person.
func (r Report) writeSummary(w io.Writer, screen output.Screen) error {
	for _, f := range r.failures() {
		if _, err := fmt.Fprintf(w, "\n%s", f.text(screen)); err != nil {
			return err
		}
	}
	if cut := r.unfinished(); len(cut) > 0 {
		if _, err := fmt.Fprintf(w, "\n%s  %s: %s\n", paint("inconclusive", screen.Color), r.stopped(),
			oneLine(strings.Join(cut, ", "))); err != nil {
			return err
		}
	}
	for _, text := range r.skips() {
		if _, err := fmt.Fprintf(w, "\n%s  %s\n", paint("skipped", screen.Color), text); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%s\n", r.Summary())
	return err
}

// stopped says why scenarios are not finished.
func (r Report) stopped() string {
	if r.Stop.Why != "" {
		return "not finished, since " + oneLine(r.Stop.Why)
	}
	return "interrupted"
}

// Summary is the run in one line.
func (r Report) Summary() string {
	s, p := r.Counts.Scenarios, r.Counts.Parts
	parts := []string{fmt.Sprintf("%s: %d verified", output.Plural(s.Total, "scenario"), s.Verified)}
	for _, other := range []struct {
		n    int
		word string
	}{{s.Refuted, "refuted"}, {s.Inconclusive, "inconclusive"}, {s.Skipped, "skipped"}} {
		if other.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", other.n, other.word))
		}
	}
	text := strings.Join(parts, ", ")
	text += fmt.Sprintf("; %d of %s proven", p.Verified, output.Plural(p.Total, "statement"))
	text += fmt.Sprintf("; %s in %s", output.Plural(r.Counts.Trials, "trial"), output.Seconds(r.Took))
	if r.Counts.Hearings > 0 {
		text += fmt.Sprintf(", and %s", output.Plural(r.Counts.Hearings, "second hearing"))
	}
	if r.Nginx.Version != "" {
		text += fmt.Sprintf(" on nginx %s (%s)", oneLine(r.Nginx.Version), oneLine(r.Nginx.OpenSSL))
	}
	return text + r.Counts.busy()
}

// busy says how busy the machine was, where so many trials felt it that it is worth to know.
func (c Counts) busy() string {
	if c.Stalled == 0 || c.Stalled*20 < c.Trials {
		return ""
	}
	return fmt.Sprintf(". The machine was busy: in %d of %s a process waited %s or more for a CPU or a disk, %s at the longest",
		c.Stalled, output.Plural(c.Trials, "trial"), trial.TooSlow, output.Seconds(c.Stall.D()))
}
