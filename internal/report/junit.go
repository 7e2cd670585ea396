package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"

	"github.com/gatewaylab/lab/internal/experiment"
)

// The JUnit form's own types: a domain type with XML tags would tie the two together.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"` // seconds
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitOutcome `xml:"failure"` // refuted
		Error   *junitOutcome `xml:"error"`   // inconclusive: the lab could not tell
		Skipped *junitOutcome `xml:"skipped"`
	}
	junitOutcome struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a suite per scenario, with a case for its controls and one per
// fix, wrong fix and demonstration.
func (r Report) WriteJUnit(w io.Writer) error {
	all := junitSuites{Name: "lab", Time: junitTime(r.Took)}
	for _, result := range r.Results {
		suite := r.junitSuite(result)
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
		all.Skipped += suite.Skipped
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r Report) junitSuite(result experiment.Result) junitSuite {
	suite := junitSuite{
		Name: oneLine(label(result)), Time: junitTime(result.Took.D()), Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"title", oneLine(result.Title)}, {"nginx", oneLine(r.Nginx.Version)}, {"openssl", oneLine(r.Nginx.OpenSSL)}, {"image", oneLine(r.Image.Name)},
		},
	}
	var took time.Duration
	for _, p := range result.Parts {
		took += p.Took.D()
	}
	verdict, reason, failure := controls(result)
	suite.add("controls", result.Took.D()-took, verdict, reason, failure)
	for _, p := range result.Parts {
		suite.add(oneLine(p.Kind+" "+p.ID), p.Took.D(), p.Verdict, p.Reason, p.Failure)
	}
	return suite
}

func (s *junitSuite) add(name string, took time.Duration, verdict experiment.Verdict, reason string, failure *experiment.Failure) {
	c := junitCase{Class: s.Name, Name: name, Time: junitTime(took)}
	outcome := &junitOutcome{Message: oneLine(reason), Type: string(verdict)}
	if failure != nil {
		outcome.Text = failing{failure: failure}.evidence()
	}
	s.Tests++
	switch verdict {
	case experiment.Refuted:
		c.Failure = outcome
		s.Failures++
	case experiment.Inconclusive:
		c.Error = outcome
		s.Errors++
	case experiment.Skipped:
		outcome.Type = ""
		c.Skipped = outcome
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func junitTime(d time.Duration) string { return fmt.Sprintf("%.3f", max(d, 0).Seconds()) }
