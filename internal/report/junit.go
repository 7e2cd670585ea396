package report

import (
	"time"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
)

// suites is a suite per scenario, with a case for its controls and one per fix, wrong fix
// and demonstration.
func (r Report) suites() output.TestSuites {
	all := output.TestSuites{Took: r.Took}
	for _, result := range r.Results {
		all.Suites = append(all.Suites, r.suite(result))
	}
	return all
}

func (r Report) suite(result experiment.Result) output.TestSuite {
	suite := output.TestSuite{
		Name: label(result), Took: result.Took.D(), Started: r.Started,
		Properties: [][2]string{{"title", result.Title}, {"nginx", r.Nginx.Version}, {"openssl", r.Nginx.OpenSSL}, {"image", r.Image.Name}},
	}
	var took time.Duration
	for _, p := range result.Parts {
		took += p.Took.D()
	}
	verdict, reason, failure := controls(result)
	suite.Cases = append(suite.Cases, testCase("controls", result.Took.D()-took, verdict, reason, failure))
	for _, p := range result.Parts {
		suite.Cases = append(suite.Cases, testCase(p.Kind+" "+p.ID, p.Took.D(), p.Verdict, p.Reason, p.Failure))
	}
	return suite
}

func testCase(name string, took time.Duration, verdict experiment.Verdict, reason string, failure *experiment.Failure) output.TestCase {
	c := output.TestCase{Name: name, Took: took, Type: string(verdict), Message: reason}
	if failure != nil {
		c.Text = failing{failure: failure}.evidence()
	}
	switch verdict {
	case experiment.Refuted:
		c.Outcome = output.FailedTest
	case experiment.Inconclusive:
		c.Outcome = output.ErroredTest
	case experiment.Skipped:
		c.Outcome = output.SkippedTest
	}
	return c
}
