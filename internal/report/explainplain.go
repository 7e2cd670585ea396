package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/explain"
	"github.com/gatewaylab/lab/internal/output"
)

// plain is a summary for awk and cut: kind, cause or name, count, first, last, text.
func (s Summary) plain() output.Grid {
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
