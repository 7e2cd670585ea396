package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/output"
)

// Forms are the forms of a report on a guide, as files and as output.
func (g Guide) Forms() []output.Form {
	return output.FindingForms(g.Lab, func() any { return g.document() }, g.writeMarkdown, g.Findings)
}

// Grid is a row per claim; a pipe gets the reason whole.
func (g Guide) Grid() output.Grid {
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

// WriteDetails writes, for a person, what is wrong and what is right instead, what has
// moved, what has no claim, and then the summary.
func (g Guide) WriteDetails(w io.Writer, screen output.Screen) error {
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
			fmt.Fprintf(&b, "\n\n%s  %s, line %d: %s", paint(string(d.Verdict), screen.Color), d.Claim.ID, line(d), oneLine(d.Reason))
			continue
		}
		fmt.Fprintf(&b, "\n\n%s  %s, line %d: %s", paint(string(d.Verdict), screen.Color), d.Claim.ID, line(d), oneLine(d.Claim.Say))
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
			fmt.Fprintf(&b, "\n  see it: lab run %s%s", strings.Join(ids, " "), g.Again)
		}
	}
	if open > openShown {
		fmt.Fprintf(&b, "\n\n… and %d more that are inconclusive", open-openShown)
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	if missing := g.Coverage.Missing; len(missing) > 0 {
		fmt.Fprintf(&b, "\n%s no claim:\n", plural(len(missing), "statement")+map[bool]string{true: " has", false: " have"}[len(missing) == 1])
		for _, s := range missing {
			fmt.Fprintf(&b, "  line %d: %s\n", s.Line, cut(oneLine(s.Text), 100))
		}
	}
	if g.Coverage.Percent() < g.Least {
		fmt.Fprintf(&b, "\n%s  the claims cover %d%% of the statements, and --coverage-min asks for %d%%\n", paint("fail", screen.Color), g.Coverage.Percent(), g.Least)
	}
	fmt.Fprintf(&b, "\n%s\n", g.Summary())
	_, err := io.WriteString(w, b.String())
	return err
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

// writeMarkdown writes a report that can be sent to the guide's author.
func (g Guide) writeMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, claim by claim\n\n%s\n\nEvery verdict follows from trials on a real nginx (%s, %s), run on %s; `lab run ID` repeats one.\n",
		inline(g.Guide), inline(g.Summary()), inline(g.Nginx.Version), inline(g.Nginx.OpenSSL), g.Started.UTC().Format(time.DateOnly))
	for _, v := range []guide.Verdict{guide.Refuted, guide.Conditional, guide.Inconclusive} {
		if g.Counts[v] == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n", strings.ToUpper(string(v[0]))+string(v[1:]))
		for _, d := range g.Decisions {
			if d.Verdict == v {
				g.markdownClaim(&b, d)
			}
		}
	}
	b.WriteString("\n## All claims\n\n| claim | line | verdict | what it says | why |\n| --- | --- | --- | --- | --- |\n")
	for _, d := range g.Decisions {
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s |\n", inline(d.Claim.ID), line(d), g.word(d), inline(d.Claim.Say), inline(d.Reason))
	}
	if len(g.Coverage.Missing) > 0 {
		b.WriteString("\n## Without a claim\n\n")
		for _, s := range g.Coverage.Missing {
			fmt.Fprintf(&b, "- line %d: %s\n", s.Line, inline(cut(oneLine(s.Text), 160)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (g Guide) markdownClaim(b *strings.Builder, d guide.Decision) {
	fmt.Fprintf(b, "\n### %s, line %d\n\n", inline(d.Claim.ID), line(d))
	if d.Found.Statement.Text != "" {
		fmt.Fprintf(b, "> %s\n\n", inline(d.Found.Statement.Text))
	}
	fmt.Fprintf(b, "Claim: %s\n\n", inline(d.Claim.Say))
	if !d.Found.Here() {
		fmt.Fprintf(b, "%s\n", inline(d.Reason))
		return
	}
	if d.Claim.Correct != "" && d.Verdict != guide.Inconclusive {
		fmt.Fprintf(b, "**Correct:** %s\n\n", inline(d.Claim.Correct))
	}
	for _, e := range d.Evidence {
		fmt.Fprintf(b, "- %s (`lab run %s`, %s)\n", inline(evidenceLine(e)), inline(e.Case.Scenario), inline(e.Case.Moment()))
	}
}
