package report

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/explain"
	"github.com/gatewaylab/lab/internal/output"
)

// Explained is the answer to one line of an error log, as a product.
type Explained struct{ explain.Line }

// Forms are the forms of the answer to a line.
func (e Explained) Forms() []output.Form {
	forms := output.Parts{Read: e.page, Value: func() any { return e.Line }, Grid: e.grid}.Forms()
	return append(forms, output.Form{Name: RecordsForm, Write: e.writeRecord})
}

// grid names the cause.
func (e Explained) grid() output.Grid { return output.Grid{Rows: [][]string{{e.Cause}}} }

func (e Explained) writeRecord(w io.Writer, _ output.Screen) error {
	record := explain.Record{Cause: e.Cause, Entry: e.Entry}
	for _, c := range e.Causes[min(1, len(e.Causes)):] {
		record.Also = append(record.Also, c.Cause)
	}
	_, err := w.Write(AppendRecord(nil, record))
	return err
}

// page is the whole answer for a person.
func (e Explained) page() output.Document {
	var page output.Document
	switch {
	case len(e.Causes) > 1:
		page = append(page, output.H(1, fmt.Sprintf("This line fits %d causes; what tells them apart stands below.", len(e.Causes))))
	case e.Cause == explain.Unknown:
		page = append(page, output.H(1, "unknown: no signature fits this line"))
	case e.Cause == explain.None:
		page = append(page, output.H(1, fmt.Sprintf("none: a line of level %s that is about no failure lab knows", oneLine(e.Entry.Level))))
	}
	for _, c := range e.Causes {
		if title := c.Cause + ": " + c.Title; len(page) == 0 {
			page = append(page, output.H(1, title))
		} else {
			page = append(page, output.P(title))
		}
	}
	page = append(page, output.Section("Line", ""), entryPairs(e.Entry))
	for _, c := range e.Causes {
		means := output.Section("Means", "")
		if len(e.Causes) > 1 {
			means.About = c.Cause
		}
		facts := output.Items("client sees: "+status(c.Answer), "level: "+levelNames(c.Answer)+unexpected(c, e.Entry))
		page = append(page, means, output.P(c.Means))
		if len(e.Causes) == 1 {
			page = append(append(page, facts), answerPage(c.Answer)...)
			continue
		}
		if len(c.Phases) > 0 {
			facts = withItem(facts, "the line says: while "+strings.Join(c.Phases, ", or while "))
		}
		for _, l := range c.LookAlikes {
			facts = withItem(facts, "not "+l.Cause+": "+l.Tell)
		}
		facts = withItem(facts, "happens in: "+cmp.Or(scenarioIDs(c.Answer), "no scenario of the catalogue"))
		page = append(page, withItem(facts, "read on: "+c.Guide))
	}
	return page
}

// withItem is a list with one more item, and what stands below that.
func withItem(l output.List, text string, more ...string) output.List {
	item := output.Item{Text: output.Plain(text)}
	for _, one := range more {
		item.More = append(item.More, output.Plain(one))
	}
	l.Items = append(l.Items, item)
	return l
}

// entryPairs are the fields that an entry has.
func entryPairs(e explain.Entry) output.Pairs {
	pairs := output.Pairs{Width: len("connection")}
	for _, field := range entryFields(e) {
		if field[1] != "" && field[1] != "0" {
			pairs.Rows = append(pairs.Rows, output.Pair{Name: field[0], Value: oneLine(field[1])})
		}
	}
	return pairs
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

func unexpected(c explain.Match, e explain.Entry) string {
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

// answerPage is what can be confused with a cause, and what repairs it.
func answerPage(a explain.Answer) output.Document {
	var list output.List
	for _, l := range a.LookAlikes {
		list = withItem(list, l.Cause+": "+l.Title, l.Tell)
	}
	page := output.Document{output.Section("Look-alikes", "and what tells them"), list}
	if len(a.Scenarios) == 0 {
		page = append(page, output.Section("Fixes", ""), output.P("no scenario of the catalogue produces this line, so no fix is proven"))
	} else {
		page = append(page, output.Section("Possible causes", "and fixes that were proven in a run"))
	}
	if len(a.Scenarios) > 1 {
		apart := output.Items(a.Apart...)
		apart.Marks = output.Bullets
		page = append(page, apart)
	}
	var scenarios output.List
	for _, p := range a.Scenarios {
		var more []string
		for _, f := range p.Fixes {
			more = append(more, "fix: "+oneLine(f.Say))
		}
		scenarios = withItem(scenarios, oneLine(p.ID)+": "+oneLine(p.Title), append(more, proven(p))...)
	}
	return append(page, scenarios, output.Section("Read on", ""), output.P(a.Guide))
}

// proven says when a scenario's fixes were proven last, and how to see it.
func proven(p explain.Possible) string {
	last := p.LastRun
	if last == nil {
		return "not yet proven on this machine: " + p.Run
	}
	on := last.When.Format(time.DateOnly) + " on nginx " + oneLine(last.Nginx)
	if last.Verdict != string(experiment.Verified) {
		return fmt.Sprintf("%s in the last run, %s: %s", oneLine(last.Verdict), on, p.Run)
	}
	return fmt.Sprintf("proven %s; see it happen: %s", on, p.Run)
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
