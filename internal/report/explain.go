package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/explain"
	"github.com/gatewaylab/lab/internal/output"
)

// WriteSummary writes what is in a log for a person.
func WriteSummary(w io.Writer, s explain.Summary, screen output.Screen) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", oneLine(strings.Join(s.Inputs, ", ")), many(s.Entries, "entry", "entries"))
	if s.First != "" {
		fmt.Fprintf(&b, ", %s to %s", oneLine(s.First), oneLine(s.Last))
	}
	fmt.Fprintf(&b, "\n%d recognised, %d unknown, %d about no failure, %s\n\n", s.Recognised, s.Unknown, s.None, many(s.OtherLines, "other line", "other lines"))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	b.Reset()
	if len(s.Causes) > 0 {
		grid := output.Grid{Columns: []string{"CAUSE", "COUNT", "FIRST", "LAST", "TITLE"}}
		for _, c := range s.Causes {
			grid.Rows = append(grid.Rows, []string{c.Cause, strconv.FormatInt(c.Count, 10), c.First, c.Last, c.Title})
		}
		if err := grid.WriteTable(w, screen); err != nil {
			return err
		}
	}
	if s.Ambiguous > 0 {
		fmt.Fprintf(&b, "%s several causes, and %s counted in each\n", many(s.Ambiguous, "entry fits", "entries fit"), map[bool]string{true: "is", false: "are"}[s.Ambiguous == 1])
	}
	for _, c := range s.Causes {
		writeCause(&b, c)
	}
	writeUnknowns(&b, s)
	if s.Access != nil {
		writeAccess(&b, *s.Access)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func many(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func writeCause(b *strings.Builder, c explain.Cause) {
	heading(b, c.Cause, c.Title)
	fmt.Fprintf(b, "  client sees  %s\n", status(c.Answer))
	for _, row := range []struct {
		name   string
		counts explain.Counts
	}{{"upstreams", c.Upstreams}, {"requests", c.URIs}, {"clients", c.Clients}} {
		if text := shortList(row.counts); text != "" {
			fmt.Fprintf(b, "  %-11s  %s\n", row.name, text)
		}
	}
	fmt.Fprintf(b, "  when         %s\n", busiest(c.Times))
	if len(c.Statuses) > 0 {
		var list []string
		for _, status := range slices.Sorted(maps.Keys(c.Statuses)) {
			list = append(list, fmt.Sprintf("%s (%d)", oneLine(status), c.Statuses[status]))
		}
		fmt.Fprintf(b, "  access log   %s\n", strings.Join(list, ", "))
	}
	if ids := scenarioIDs(c.Answer); ids != "" {
		fmt.Fprintf(b, "  happens in   %s\n", ids)
	}
	fmt.Fprintf(b, "  read on      %s\n", c.Guide)
}

// shown is how many names a line of the summary has.
const shown = 3

func shortList(c explain.Counts) string {
	var list []string
	others := c.Others
	for i, one := range c.Top {
		if i < shown {
			list = append(list, fmt.Sprintf("%s (%d)", cut(oneLine(one.Name), 80), one.Count))
		} else {
			others += one.Count
		}
	}
	if others > 0 {
		list = append(list, fmt.Sprintf("others (%d)", others))
	}
	return strings.Join(list, ", ")
}

// busiest are the moments with the most entries, in their order.
func busiest(moments []explain.Moment) string {
	most := slices.Clone(moments)
	slices.SortStableFunc(most, func(a, b explain.Moment) int { return int(min(max(b.Count-a.Count, -1), 1)) })
	rest := int64(0)
	for _, m := range most[min(shown, len(most)):] {
		rest += m.Count
	}
	most = most[:min(shown, len(most))]
	slices.SortFunc(most, func(a, b explain.Moment) int { return strings.Compare(a.Time, b.Time) })
	var list []string
	for _, m := range most {
		list = append(list, fmt.Sprintf("%s (%d)", oneLine(m.Time), m.Count))
	}
	if rest > 0 {
		list = append(list, fmt.Sprintf("at other times (%d)", rest))
	}
	return strings.Join(list, ", ")
}

func writeUnknowns(b *strings.Builder, s explain.Summary) {
	if s.Unknown == 0 {
		return
	}
	heading(b, "UNKNOWN", "no signature fits")
	for i, u := range s.Unknowns {
		if i == shownUnknowns {
			break
		}
		fmt.Fprintf(b, "  %d  %s\n     such as: %s\n", u.Count, cut(oneLine(u.Shape), 120), cut(oneLine(u.Sample), 240))
	}
	if more := len(s.Unknowns) - shownUnknowns; more > 0 || s.UnknownOthers > 0 {
		fmt.Fprintf(b, "  and more kinds: -o json has them\n")
	}
}

const shownUnknowns = 10

func writeAccess(b *strings.Builder, a explain.Access) {
	heading(b, "ACCESS LOG", "")
	fmt.Fprintf(b, "  %s, %d of them with an error line, %s\n", many(a.Requests, "request", "requests"), a.Joined, many(a.OtherLines, "other line", "other lines"))
	for _, row := range []struct {
		say    string
		counts explain.Counts
	}{
		{"500 and above without an error line: the upstream's own answer, or one that the configuration returns", a.Silent},
		{"a good status behind which an upstream failed", a.Masked},
		{"not completed, as $request_completion says", a.Incomplete},
	} {
		if len(row.counts.Top) == 0 {
			continue
		}
		fmt.Fprintf(b, "  %s:\n", row.say)
		for _, one := range row.counts.Top {
			fmt.Fprintf(b, "    %d  %s\n", one.Count, cut(oneLine(one.Name), 120))
		}
		if row.counts.Others > 0 {
			fmt.Fprintf(b, "    %d  others\n", row.counts.Others)
		}
	}
	if len(a.Short) > 0 {
		fmt.Fprintf(b, "  200 and shorter than nearly all answers to the same request; cut, or another answer:\n")
	}
	for _, s := range a.Short {
		fmt.Fprintf(b, "    %d of %d  %s: %d bytes instead of %d\n", s.Count, s.Of, cut(oneLine(s.Request), 120), s.Bytes, s.Usual)
	}
	if !a.Complete {
		fmt.Fprintf(b, "  more requests left error lines than lab remembers: some of those without one may have one\n")
	}
	fmt.Fprintf(b, "  a cut answer without an error line has a status like any other: only lengths can tell it\n")
}

// PlainSummary is a summary for awk and cut: kind, cause or name, count, first, last, text.
func PlainSummary(s explain.Summary) output.Grid {
	var g output.Grid
	row := func(kind, name string, count int64, first, last, text string) {
		g.Rows = append(g.Rows, []string{kind, name, strconv.FormatInt(count, 10), first, last, text})
	}
	row("entries", "all", s.Entries, s.First, s.Last, strings.Join(s.Inputs, ", "))
	for _, c := range s.Causes {
		row("cause", c.Cause, c.Count, c.First, c.Last, c.Title)
	}
	for _, c := range s.Causes {
		for _, kind := range []struct {
			name   string
			counts explain.Counts
		}{{"upstream", c.Upstreams}, {"request", c.URIs}, {"client", c.Clients}} {
			for _, one := range kind.counts.Top {
				row(kind.name, c.Cause, one.Count, one.First, one.Last, one.Name)
			}
			if kind.counts.Others > 0 {
				row(kind.name, c.Cause, kind.counts.Others, "", "", "(others)")
			}
		}
		for _, m := range c.Times {
			row("time", c.Cause, m.Count, m.Time, m.Time, m.Time)
		}
		for _, status := range slices.Sorted(maps.Keys(c.Statuses)) {
			row("status", c.Cause, c.Statuses[status], "", "", status)
		}
	}
	for _, u := range s.Unknowns {
		row("unknown", u.Shape, u.Count, u.First, u.Last, u.Sample)
	}
	if a := s.Access; a != nil {
		for _, kind := range []struct {
			name   string
			counts explain.Counts
		}{{"silent", a.Silent}, {"masked", a.Masked}, {"incomplete", a.Incomplete}} {
			for _, one := range kind.counts.Top {
				row(kind.name, "-", one.Count, one.First, one.Last, one.Name)
			}
		}
		for _, one := range a.Short {
			row("short", "-", one.Count, "", "", fmt.Sprintf("%s: %d bytes instead of %d", one.Request, one.Bytes, one.Usual))
		}
	}
	if s.None > 0 {
		row(explain.None, "-", s.None, "", "", "entries about no failure")
	}
	if s.OtherLines > 0 {
		row("other", "-", s.OtherLines, "", "", "lines that are no error-log entries")
	}
	return g
}
