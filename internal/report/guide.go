package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/output"
)

// Guide is what a run says about a guide's claims.
type Guide struct {
	Run
	Guide     string // its file
	Claims    string // their file
	Decisions []guide.Decision
	Coverage  guide.Coverage
	Least     int      // percent that the coverage should have
	Allowed   []string // claims whose refutation is known
	Counts    map[guide.Verdict]int
	Trials    int
	Hearings  int // how often a claim that did not hold was heard again
	ExitCode  int
}

// claimVerdicts lists the verdicts on claims in the order of summaries.
var claimVerdicts = []guide.Verdict{guide.Holds, guide.Conditional, guide.Refuted, guide.Untestable, guide.Inconclusive}

// NewGuide makes the report on a guide; g has everything but what is counted.
func NewGuide(g Guide, results []experiment.Result) Guide {
	g.Counts = map[guide.Verdict]int{}
	for _, r := range results {
		g.Trials += len(r.Trials)
	}
	g.ExitCode = output.OK
	if g.Coverage.Percent() < g.Least {
		g.ExitCode = output.Failed
	}
	trouble, skipped := troubleOf(results, g.Stop), 0
	for _, d := range g.Decisions {
		g.Counts[d.Verdict]++
		switch {
		case d.Verdict == guide.Refuted && !g.allowed(d):
			g.ExitCode = output.Worse(g.ExitCode, output.Failed)
		case !d.Found.Here():
			g.ExitCode = output.Worse(g.ExitCode, output.Usage)
		case d.Skipped: // as in `lab run`, where what is skipped fails nothing
			skipped++
		case d.Verdict == guide.Inconclusive:
			g.ExitCode = output.Worse(g.ExitCode, trouble)
		}
	}
	if skipped > 0 && skipped+g.Counts[guide.Untestable] == len(g.Decisions) {
		g.ExitCode = output.Worse(g.ExitCode, output.Inconclusive)
	}
	return g
}

// troubleOf is the exit code of what kept results from being conclusive.
func troubleOf(results []experiment.Result, stop Stop) int {
	code := output.Inconclusive
	for _, r := range results {
		if r.Verdict == experiment.Inconclusive {
			code = output.Worse(code, codeOf(r.Verdict, r.Cause, stop))
		}
		for _, p := range r.Parts {
			if p.Verdict == experiment.Inconclusive {
				code = output.Worse(code, codeOf(p.Verdict, p.Cause, stop))
			}
		}
	}
	return code
}

func (g Guide) allowed(d guide.Decision) bool { return slices.Contains(g.Allowed, d.Claim.ID) }

// line is where a claim stands now, or stood.
func line(d guide.Decision) int {
	if d.Found.Statement.Line > 0 {
		return d.Found.Statement.Line
	}
	return d.Claim.At.Line
}

// findings are what the guide's author should see beside the lines.
func (g Guide) findings() []output.Finding {
	var list []output.Finding
	for _, d := range g.Decisions {
		f := output.Finding{
			Rule: d.Claim.ID, Level: "warning", File: g.Guide, Line: line(d), End: d.Found.Statement.End, Title: string(d.Verdict),
		}
		switch {
		case !d.Found.Here():
			f.Level, f.Title = "error", string(d.Found.Standing)
		case d.Verdict == guide.Refuted && !g.allowed(d):
			f.Level = "error"
		case d.Verdict == guide.Refuted:
			f.Level, f.Title = "note", "refuted (known)"
		case d.Verdict == guide.Holds || d.Verdict == guide.Untestable:
			continue
		}
		f.Message = d.Claim.Say + "\n" + string(d.Verdict) + ": " + d.Reason
		if d.Claim.Correct != "" && d.Found.Here() {
			f.Message += "\nCorrect: " + strings.TrimSpace(d.Claim.Correct)
		}
		list = append(list, f)
	}
	for _, s := range g.Coverage.Missing {
		if g.Least > 0 {
			list = append(list, output.Finding{
				Rule: "coverage", Level: "note", File: g.Guide, Line: s.Line, End: s.End,
				Title: "no claim", Message: "Nothing decides this statement: " + cut(oneLine(s.Text), 120),
			})
		}
	}
	return list
}

// Summary is the verdicts in one line.
func (g Guide) Summary() string {
	var parts []string
	for _, v := range claimVerdicts {
		if n := g.Counts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	text := fmt.Sprintf("%s: %s", output.Plural(len(g.Decisions), "claim"), strings.Join(parts, ", "))
	if n := len(g.Allowed); n > 0 {
		text += fmt.Sprintf(" (%d allowed)", n)
	}
	text += fmt.Sprintf("; %d of %s that look checkable have one", g.Coverage.Claimed, output.Plural(g.Coverage.Counted, "statement"))
	if g.Coverage.Counted != g.Coverage.Checkable {
		text = strings.Replace(text, " that look checkable", "", 1)
	}
	text += fmt.Sprintf("; %s in %s", output.Plural(g.Trials, "trial"), output.Seconds(g.Took))
	if g.Hearings > 0 {
		text += fmt.Sprintf(", and %s", output.Plural(g.Hearings, "second hearing"))
	}
	if g.Nginx.Version != "" {
		text += fmt.Sprintf(" on nginx %s (%s)", oneLine(g.Nginx.Version), oneLine(g.Nginx.OpenSSL))
	}
	return text
}
