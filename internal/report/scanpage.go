package report

import (
	"cmp"
	"fmt"
	"time"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/guide/scan"
	"github.com/gatewaylab/lab/internal/output"
)

// page is a report that can be sent to the guide's author.
func (s Scan) page() output.Document {
	on := fmt.Sprintf("Verdicts follow from trials on a real nginx (%s, %s), run on %s, "+
		"and from tables of versions where a source is named; ", s.Nginx.Version, s.Nginx.OpenSSL, s.Started.UTC().Format(time.DateOnly))
	page := output.Document{
		output.H(1, s.Guide+", as far as it can be checked"),
		output.P(s.Summary()),
		output.Paragraph{Text: output.Spans(output.Plain(on), command("lab run ID"), output.Plain(" repeats a trial."))},
	}
	for _, v := range []guide.Verdict{guide.Refuted, guide.Conditional, guide.Inconclusive, guide.Holds} {
		if s.Counts[v] == 0 {
			continue
		}
		var list output.List
		for _, f := range s.Findings {
			if f.Verdict == v {
				list.Items = append(list.Items, itemOfFinding(f))
			}
		}
		page = append(page, output.H(2, capital(scanWord(v))), list)
	}
	return page
}

func itemOfFinding(f scan.Finding) output.Item {
	item := output.Item{
		Text: output.Plain(fmt.Sprintf("line %d, %s: %s", f.Line, f.Kind, cut(oneLine(f.Text), 240))),
		More: []output.Text{output.Plain(f.Reason)},
	}
	if f.Correct != "" {
		item.More = append(item.More, correct(f.Correct))
	}
	for _, e := range f.Evidence {
		if e.Scenario != scan.ConfigTest {
			seen := fmt.Sprintf(": %s %s", e.Status, cut(oneLine(e.Log), 240))
			item.More = append(item.More, output.Spans(command("lab run "+e.Scenario), output.Plain(seen)))
		}
	}
	if f.Source != "" {
		item.More = append(item.More, output.Plain("Source: "+f.Source))
	}
	return item
}

// suites is a case per finding. What was not decided is skipped: it is no failure of the
// guide.
func (s Scan) suites() output.TestSuites {
	suite := output.TestSuite{
		Name: "lab guide scan " + s.Guide, Took: s.Took, Started: s.Started,
		Properties: [][2]string{{"nginx", s.Nginx.Version}, {"openssl", s.Nginx.OpenSSL}, {"image", s.Image.Name}},
	}
	for _, f := range s.Findings {
		c := output.TestCase{
			Name: fmt.Sprintf("line %d, %s: %s", f.Line, f.Kind, cut(oneLine(f.Text), 160)), Type: scanWord(f.Verdict), Message: f.Reason,
		}
		switch f.Verdict {
		case guide.Refuted:
			c.Outcome = output.FailedTest
			if f.Correct != "" {
				c.Text = "correct: " + f.Correct
			}
		case guide.Inconclusive:
			c.Outcome = output.SkippedTest
		}
		suite.Cases = append(suite.Cases, c)
	}
	if s.ExitCode != output.OK && s.ExitCode != output.Failed {
		suite.Cases = append(suite.Cases, output.TestCase{
			Name: "trials", Outcome: output.ErroredTest, Type: "inconclusive",
			Message: cmp.Or(s.Stop.Why, "lab could not tell in some of the trials"),
		})
	}
	return output.OneSuite(suite)
}
