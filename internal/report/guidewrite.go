package report

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/output"
)

// Forms are the forms of a report on a guide.
func (g Guide) Forms() []output.Form {
	return output.Parts{
		Grid: g.grid, Details: g.writeDetails, Value: g.value, Page: g.page, Lab: g.Lab, Findings: g.findings, Suites: g.suites,
	}.Forms()
}

// grid is a row per claim; a pipe gets the reason whole.
func (g Guide) grid() output.Grid {
	grid := output.Grid{Columns: []string{"CLAIM", "LINE", "VERDICT", "REASON"}}
	for _, d := range g.Decisions {
		grid.Rows = append(grid.Rows, []string{d.Claim.ID, strconv.Itoa(line(d)), g.word(d), d.Reason})
	}
	return grid
}

func (g Guide) word(d guide.Decision) string {
	if d.Verdict == guide.Refuted && g.allowed(d) {
		return "refuted (allowed)"
	}
	return string(d.Verdict)
}

// writeDetails writes, for a person, what is wrong and what is right instead, what has
// moved, what has no claim, and then the summary.
func (g Guide) writeDetails(w io.Writer, screen output.Screen) error {
	var b strings.Builder
	for _, d := range g.Decisions {
		if d.Found.Standing == guide.Moved {
			fmt.Fprintf(&b, "\n%s", oneLine(d.Found.Note))
		}
	}
	open := 0
	for _, d := range g.Decisions {
		if d.Verdict == guide.Holds || d.Verdict == guide.Untestable {
			continue
		}
		if d.Verdict == guide.Inconclusive && d.Found.Here() {
			if open++; open > openShown {
				continue
			}
			fmt.Fprintf(&b, "\n\n%s: %s", claimHead(d, screen), oneLine(d.Reason))
			continue
		}
		fmt.Fprintf(&b, "\n\n%s: %s", claimHead(d, screen), oneLine(d.Claim.Say))
		if !d.Found.Here() {
			fmt.Fprintf(&b, "\n  %s", oneLine(d.Reason))
			continue
		}
		for _, e := range d.Evidence {
			fmt.Fprintf(&b, "\n  %s", oneLine(evidenceLine(e)))
		}
		if d.Claim.Correct != "" {
			fmt.Fprintf(&b, "\n  correct: %s", oneLine(d.Claim.Correct))
		}
		if ids := scenariosOf(d); len(ids) > 0 {
			fmt.Fprintf(&b, "\n  see it: lab run %s", oneLine(strings.Join(ids, " ")+g.Again))
		}
	}
	if open > openShown {
		fmt.Fprintf(&b, "\n\n… and %d more that are inconclusive", open-openShown)
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	if missing := g.Coverage.Missing; len(missing) > 0 {
		have := "have"
		if len(missing) == 1 {
			have = "has"
		}
		fmt.Fprintf(&b, "\n%s %s no claim:\n", output.Plural(len(missing), "statement"), have)
		for _, s := range missing {
			fmt.Fprintf(&b, "  line %d: %s\n", s.Line, cut(oneLine(s.Text), 100))
		}
	}
	if g.Coverage.Percent() < g.Least {
		fmt.Fprintf(&b, "\n%s  %s\n", paint("fail", screen.Color), g.tooLittle())
	}
	fmt.Fprintf(&b, "\n%s\n", g.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// claimHead is a claim's verdict, its id and where it stands.
func claimHead(d guide.Decision, screen output.Screen) string {
	return fmt.Sprintf("%s  %s, line %d", paint(string(d.Verdict), screen.Color), oneLine(d.Claim.ID), line(d))
}

// tooLittle says that the claims cover less than was asked for.
func (g Guide) tooLittle() string {
	return fmt.Sprintf("the claims cover %d%% of the statements, and --coverage-min asks for %d%%", g.Coverage.Percent(), g.Least)
}

// openShown is how many undecided claims are told one by one: after an interruption it
// may be all.
const openShown = 10

// evidenceLine is one case in a sentence.
func evidenceLine(e guide.Evidence) string {
	text := fmt.Sprintf("%s: when %s", e.Outcome, e.Case.When)
	switch e.Outcome {
	case guide.Disagrees:
		text += fmt.Sprintf(": %s, not %s", e.Seen, e.Expected)
	case guide.Undecided, guide.Untried:
		text += ": " + e.Reason
	default:
		if e.Status != "" {
			text += ": " + e.Status
		}
	}
	if e.Subsets != nil {
		text += "; " + e.Subsets.String()
	}
	if e.Log != "" {
		text += "; nginx: " + cut(oneLine(e.Log), 220)
	}
	return text
}

func scenariosOf(d guide.Decision) []string {
	var ids []string
	seen := map[string]bool{}
	for _, e := range d.Evidence {
		if !seen[e.Case.Scenario] {
			seen[e.Case.Scenario] = true
			ids = append(ids, e.Case.Scenario)
		}
	}
	return ids
}

// page is a report that can be sent to the guide's author.
func (g Guide) page() output.Document {
	on := fmt.Sprintf("Every verdict follows from trials on a real nginx (%s, %s), run on %s; ",
		g.Nginx.Version, g.Nginx.OpenSSL, g.Started.UTC().Format(time.DateOnly))
	page := output.Document{
		output.H(1, g.Guide+", claim by claim"),
		output.P(g.Summary()),
		output.Paragraph{Text: output.Spans(output.Plain(on), command("lab run ID"), output.Plain(" repeats one."))},
	}
	for _, v := range []guide.Verdict{guide.Refuted, guide.Conditional, guide.Inconclusive} {
		if g.Counts[v] == 0 {
			continue
		}
		page = append(page, output.H(2, capital(string(v))))
		for _, d := range g.Decisions {
			if d.Verdict == v {
				page = append(page, pageOfClaim(d)...)
			}
		}
	}
	all := output.Grid{Columns: []string{"claim", "line", "verdict", "what it says", "why"}}
	for _, d := range g.Decisions {
		all.Rows = append(all.Rows, []string{d.Claim.ID, strconv.Itoa(line(d)), g.word(d), d.Claim.Say, d.Reason})
	}
	page = append(page, output.H(2, "All claims"), output.Table{Grid: all})
	if len(g.Coverage.Missing) > 0 {
		var missing []string
		for _, s := range g.Coverage.Missing {
			missing = append(missing, fmt.Sprintf("line %d: %s", s.Line, cut(oneLine(s.Text), 160)))
		}
		page = append(page, output.H(2, "Without a claim"), output.Items(missing...))
	}
	return page
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

func pageOfClaim(d guide.Decision) output.Document {
	page := output.Document{output.H(3, fmt.Sprintf("%s, line %d", d.Claim.ID, line(d)))}
	if d.Found.Statement.Text != "" {
		page = append(page, output.Quote{Text: output.Plain(d.Found.Statement.Text)})
	}
	page = append(page, output.P("Claim: "+d.Claim.Say))
	if !d.Found.Here() {
		return append(page, output.P(d.Reason))
	}
	if d.Claim.Correct != "" && d.Verdict != guide.Inconclusive {
		page = append(page, output.Paragraph{Text: correct(d.Claim.Correct)})
	}
	var list output.List
	for _, e := range d.Evidence {
		list.Items = append(list.Items, output.Item{Text: output.Spans(
			output.Plain(evidenceLine(e)+" ("), command("lab run "+e.Case.Scenario), output.Plain(", "+e.Case.Moment()+")"))})
	}
	return append(page, list)
}

// suites is a case per claim. It fails where the exit code says so.
func (g Guide) suites() output.TestSuites {
	suite := output.TestSuite{
		Name: "lab guide verify " + g.Guide, Took: g.Took, Started: g.Started,
		Properties: [][2]string{{"claims", g.Claims}, {"nginx", g.Nginx.Version}, {"openssl", g.Nginx.OpenSSL}, {"image", g.Image.Name}},
	}
	for _, d := range g.Decisions {
		c := output.TestCase{Name: d.Claim.ID, Type: string(d.Verdict), Message: d.Reason}
		switch {
		case !d.Found.Here():
			c.Outcome, c.Type, c.Message = output.FailedTest, string(d.Found.Standing), cmp.Or(d.Reason, d.Found.Note)
		case d.Verdict == guide.Refuted && !g.allowed(d):
			c.Outcome = output.FailedTest
		case d.Skipped:
			c.Outcome = output.SkippedTest
		case d.Verdict == guide.Inconclusive:
			c.Outcome = output.ErroredTest
		}
		var text []string
		for _, e := range d.Evidence {
			text = append(text, oneLine(evidenceLine(e)))
		}
		c.Text = strings.Join(text, "\n")
		suite.Cases = append(suite.Cases, c)
	}
	if g.Coverage.Percent() < g.Least {
		suite.Cases = append(suite.Cases, output.TestCase{
			Name: "coverage", Outcome: output.FailedTest, Type: "coverage",
			Message: g.tooLittle(),
		})
	}
	return output.OneSuite(suite)
}
