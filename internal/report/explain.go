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

// RecordsForm is a record for each entry, a line each.
const RecordsForm = "jsonl"

// Summary is what is in a log, as a product.
type Summary struct{ explain.Summary }

// Forms are the forms of what is in a log.
func (s Summary) Forms() []output.Form {
	return output.Replaced(output.Parts{Read: s.page, Value: func() any { return s.Summary }, Grid: s.names}.Forms(),
		output.PlainForm, func(w io.Writer, _ output.Screen) error { return s.plain().WritePlain(w) })
}

func (s Summary) names() output.Grid {
	var g output.Grid
	for _, c := range s.Causes {
		g.Rows = append(g.Rows, []string{c.Cause})
	}
	return g
}

// page is what is in a log for a person.
func (s Summary) page() output.Document {
	title := fmt.Sprintf("%s: %s", oneLine(strings.Join(s.Inputs, ", ")), output.Plural(s.Entries, "entry"))
	if s.First != "" {
		title += fmt.Sprintf(", %s to %s", oneLine(s.First), oneLine(s.Last))
	}
	page := output.Document{
		output.H(1, title),
		output.P(fmt.Sprintf("%d recognised, %d unknown, %d about no failure, %s",
			s.Recognised, s.Unknown, s.None, output.Plural(s.OtherLines, "other line"))),
		output.Gap{},
	}
	if len(s.Causes) > 0 {
		grid := output.Grid{Columns: []string{"CAUSE", "COUNT", "FIRST", "LAST", "TITLE"}}
		for _, c := range s.Causes {
			grid.Rows = append(grid.Rows, []string{c.Cause, strconv.FormatInt(c.Count, 10), c.First, c.Last, c.Title})
		}
		page = append(page, output.Table{Grid: grid})
	}
	switch {
	case s.Ambiguous == 1:
		page = append(page, output.P("1 entry fits several causes, and is counted in each"))
	case s.Ambiguous > 1:
		page = append(page, output.P(fmt.Sprintf("%d entries fit several causes, and are counted in each", s.Ambiguous)))
	}
	for _, c := range s.Causes {
		page = append(page, causePage(c)...)
	}
	page = append(page, unknownPage(s.Summary)...)
	if s.Access != nil {
		page = append(page, accessPage(*s.Access)...)
	}
	return page
}

func causePage(c explain.Cause) output.Document {
	pairs := output.Pairs{Width: len("client sees")}
	add := func(name, value string) {
		if value != "" {
			pairs.Rows = append(pairs.Rows, output.Pair{Name: name, Value: value})
		}
	}
	add("client sees", status(c.Answer))
	add("upstreams", shortList(c.Upstreams))
	add("requests", shortList(c.URIs))
	add("clients", shortList(c.Clients))
	pairs.Rows = append(pairs.Rows, output.Pair{Name: "when", Value: busiest(c.Times)})
	var statuses []string
	for _, status := range slices.Sorted(maps.Keys(c.Statuses)) {
		statuses = append(statuses, fmt.Sprintf("%s (%d)", oneLine(status), c.Statuses[status]))
	}
	add("access log", strings.Join(statuses, ", "))
	add("happens in", scenarioIDs(c.Answer))
	pairs.Rows = append(pairs.Rows, output.Pair{Name: "read on", Value: c.Guide})
	heading := output.H(2, c.Cause)
	heading.About = c.Title
	return output.Document{heading, pairs}
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

// shownUnknowns is how many kinds of unknown lines a person is shown.
const shownUnknowns = 10

func unknownPage(s explain.Summary) output.Document {
	if s.Unknown == 0 {
		return nil
	}
	heading := output.Section("Unknown", "no signature fits")
	var kinds output.Pairs
	for _, u := range s.Unknowns[:min(shownUnknowns, len(s.Unknowns))] {
		kinds.Rows = append(kinds.Rows, output.Pair{
			Name: strconv.FormatInt(u.Count, 10), Value: cut(oneLine(u.Shape), 120),
			More: []string{"such as: " + cut(oneLine(u.Sample), 240)},
		})
	}
	page := output.Document{heading, kinds}
	if len(s.Unknowns) > shownUnknowns || s.UnknownOthers > 0 {
		page = append(page, output.P("and more kinds: -o json has them"))
	}
	return page
}

func accessPage(a explain.Access) output.Document {
	page := output.Document{
		output.Section("Access log", ""),
		output.P(fmt.Sprintf("%s, %d of them with an error line, %s",
			output.Plural(a.Requests, "request"), a.Joined, output.Plural(a.OtherLines, "other line"))),
	}
	var list output.List
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
		var more []string
		for _, one := range row.counts.Top {
			more = append(more, fmt.Sprintf("%d  %s", one.Count, cut(oneLine(one.Name), 120)))
		}
		if row.counts.Others > 0 {
			more = append(more, fmt.Sprintf("%d  others", row.counts.Others))
		}
		list = withItem(list, row.say+":", more...)
	}
	var short []string
	for _, s := range a.Short {
		short = append(short, fmt.Sprintf("%d of %d  %s: %d bytes instead of %d",
			s.Count, s.Of, cut(oneLine(s.Request), 120), s.Bytes, s.Usual))
	}
	if len(short) > 0 {
		list = withItem(list, "200 and shorter than nearly all answers to the same request; cut, or another answer:", short...)
	}
	page = append(page, list)
	if !a.Complete {
		page = append(page, output.P("more requests left error lines than lab remembers: some of those without one may have one"))
	}
	return append(page, output.P("a cut answer without an error line has a status like any other: only lengths can tell it"))
}
