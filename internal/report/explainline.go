package report

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/explain"
)

// WriteExplained writes the whole answer to one error-log line for a person.
func WriteExplained(w io.Writer, line explain.Line) error {
	var b strings.Builder
	switch {
	case len(line.Causes) > 1:
		fmt.Fprintf(&b, "This line fits %d causes; what tells them apart stands below.\n", len(line.Causes))
	case line.Cause == explain.Unknown:
		fmt.Fprintln(&b, "unknown: no signature fits this line")
	case line.Cause == explain.None:
		fmt.Fprintf(&b, "none: a line of level %s that is about no failure lab knows\n", oneLine(line.Entry.Level))
	}
	for _, c := range line.Causes {
		fmt.Fprintf(&b, "%s: %s\n", c.Cause, c.Title)
	}
	heading(&b, "LINE", "")
	for _, field := range entryFields(line.Entry) {
		if field[1] != "" && field[1] != "0" {
			fmt.Fprintf(&b, "  %-10s  %s\n", field[0], oneLine(field[1]))
		}
	}
	for _, c := range line.Causes {
		about := ""
		if len(line.Causes) > 1 {
			about = c.Cause
		}
		heading(&b, "MEANS", about)
		fmt.Fprintf(&b, "  %s\n", c.Means)
		fmt.Fprintf(&b, "  client sees: %s\n", status(c.Answer))
		fmt.Fprintf(&b, "  level: %s%s\n", levelNames(c.Answer), unexpected(c, line.Entry))
		if len(line.Causes) == 1 {
			writeAnswer(&b, c.Answer)
			continue
		}
		if len(c.Phases) > 0 {
			fmt.Fprintf(&b, "  the line says: while %s\n", strings.Join(c.Phases, ", or while "))
		}
		for _, l := range c.LookAlikes {
			fmt.Fprintf(&b, "  not %s: %s\n", l.Cause, l.Tell)
		}
		fmt.Fprintf(&b, "  happens in: %s\n  read on: %s\n", cmp.Or(scenarioIDs(c.Answer), "no scenario of the catalogue"), c.Guide)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// entryFields are an entry's fields in the order of the line.
func entryFields(e explain.Entry) [][2]string {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	return [][2]string{
		{"time", e.Time}, {"level", e.Level}, {"pid", number(e.PID)}, {"connection", number(e.Connection)}, {"message", e.Message},
		{"errno", number(int64(e.Errno))}, {"phase", e.Phase}, {"client", e.Client}, {"server", e.Server}, {"request", e.Request},
		{"subrequest", e.Subrequest}, {"upstream", e.Upstream}, {"host", e.Host}, {"referrer", e.Referrer},
	}
}

func status(a explain.Answer) string {
	if a.Retried {
		return a.Status + "; or another server's answer, a 200 mostly, if the upstream has one that was asked next"
	}
	return a.Status
}

func levelNames(a explain.Answer) string {
	var names []string
	for _, l := range a.Levels {
		names = append(names, l.String())
	}
	return strings.Join(names, ", ")
}

func unexpected(c explain.Because, e explain.Entry) string {
	if !c.Unexpected {
		return ""
	}
	return fmt.Sprintf("; this line has %q, which nginx does not write", oneLine(e.Level))
}

func scenarioIDs(a explain.Answer) string {
	var ids []string
	for _, p := range a.Scenarios {
		ids = append(ids, oneLine(p.ID))
	}
	return strings.Join(ids, ", ")
}

func writeAnswer(b *strings.Builder, a explain.Answer) {
	heading(b, "LOOK-ALIKES", "and what tells them")
	for _, l := range a.LookAlikes {
		fmt.Fprintf(b, "  %s: %s\n    %s\n", l.Cause, l.Title, l.Tell)
	}
	if len(a.Scenarios) == 0 {
		heading(b, "FIXES", "")
		fmt.Fprintf(b, "  no scenario of the catalogue produces this line, so no fix is proven\n")
	} else {
		heading(b, "POSSIBLE CAUSES", "and fixes that were proven in a run")
	}
	if len(a.Scenarios) > 1 {
		for _, how := range a.Apart {
			fmt.Fprintf(b, "  - %s\n", how)
		}
	}
	for _, p := range a.Scenarios {
		fmt.Fprintf(b, "  %s: %s\n", oneLine(p.ID), oneLine(p.Title))
		for _, f := range p.Fixes {
			fmt.Fprintf(b, "    fix: %s\n", oneLine(f.Say))
		}
		fmt.Fprintf(b, "    %s\n", proven(p))
	}
	heading(b, "READ ON", "")
	fmt.Fprintf(b, "  %s\n", a.Guide)
}

// proven says when a scenario's fixes were proven last, and how to see it.
func proven(p explain.Possible) string {
	switch {
	case p.LastRun == nil:
		return "not yet proven on this machine: " + p.Run
	case p.LastRun.Verdict != string(experiment.Verified):
		return fmt.Sprintf("%s in the last run, %s on nginx %s: %s", oneLine(p.LastRun.Verdict), p.LastRun.When.Format("2006-01-02"), oneLine(p.LastRun.Nginx), p.Run)
	}
	return fmt.Sprintf("proven %s on nginx %s; see it happen: %s", p.LastRun.When.Format("2006-01-02"), oneLine(p.LastRun.Nginx), p.Run)
}

// AppendFollowed appends a record as a line for a person: time, level, cause, where, and
// what was said where the cause says nothing.
func AppendFollowed(out []byte, r explain.Record) []byte {
	said := ""
	if r.Cause == explain.Unknown || r.Cause == explain.None {
		said = cmp.Or(r.Message, r.Raw)
	}
	cells := []string{r.Time, r.Level, strings.Join(append([]string{r.Cause}, r.Also...), ","), r.Upstream, r.Request, said}
	for i, cell := range cells {
		cells[i] = cmp.Or(oneLine(cell), "-")
	}
	return append(append(out, strings.Join(cells, "\t")...), '\n')
}
