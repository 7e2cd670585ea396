package output

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// TestSuites is a product as test results, which CI systems show.
type TestSuites struct {
	Took   time.Duration
	Suites []TestSuite
}

// TestSuite is several test cases about one thing.
type TestSuite struct {
	Name       string
	Took       time.Duration
	Started    time.Time
	Properties [][2]string
	Cases      []TestCase
}

// TestCase is one statement and what came of it.
type TestCase struct {
	Name    string
	Took    time.Duration
	Outcome TestOutcome
	Type    string // the outcome in lab's words
	Message string
	Text    string
}

// TestOutcome is what came of a test case.
type TestOutcome int

// The outcomes. Where lab could not tell, that is an error and no failure.
const (
	Passed TestOutcome = iota
	FailedTest
	ErroredTest
	SkippedTest
)

// The types of the JUnit form: a product's types with XML tags would tie the two together.
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
		Name       string           `xml:"name,attr"`
		Tests      int              `xml:"tests,attr"`
		Failures   int              `xml:"failures,attr"`
		Errors     int              `xml:"errors,attr"`
		Skipped    int              `xml:"skipped,attr"`
		Time       string           `xml:"time,attr"`
		Timestamp  string           `xml:"timestamp,attr,omitempty"`
		Properties *junitProperties `xml:"properties"`
		Cases      []junitCase      `xml:"testcase"`
	}
	junitProperties struct {
		All []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitOutcome `xml:"failure"`
		Error   *junitOutcome `xml:"error"`
		Skipped *junitOutcome `xml:"skipped"`
	}
	junitOutcome struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// Write writes the suites as JUnit XML.
func (t TestSuites) Write(w io.Writer) error {
	all := junitSuites{Name: "lab", Time: junitTime(t.Took)}
	for _, s := range t.Suites {
		suite := s.junit()
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

func (s TestSuite) junit() junitSuite {
	suite := junitSuite{
		Name: OneLine(s.Name), Time: junitTime(s.Took), Tests: len(s.Cases),
	}
	if !s.Started.IsZero() {
		suite.Timestamp = s.Started.UTC().Format("2006-01-02T15:04:05")
	}
	if len(s.Properties) > 0 {
		suite.Properties = &junitProperties{}
	}
	for _, p := range s.Properties {
		suite.Properties.All = append(suite.Properties.All, junitProperty{p[0], OneLine(p[1])})
	}
	for _, one := range s.Cases {
		c := junitCase{Class: suite.Name, Name: OneLine(one.Name), Time: junitTime(one.Took)}
		outcome := &junitOutcome{OneLine(one.Message), OneLine(one.Type), Clean(one.Text)}
		switch one.Outcome {
		case FailedTest:
			c.Failure = outcome
			suite.Failures++
		case ErroredTest:
			c.Error = outcome
			suite.Errors++
		case SkippedTest:
			outcome.Type = ""
			c.Skipped = outcome
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, c)
	}
	return suite
}

func junitTime(d time.Duration) string { return fmt.Sprintf("%.3f", max(d, 0).Seconds()) }

// OneSuite is a product that is one suite.
func OneSuite(suite TestSuite) TestSuites { return TestSuites{suite.Took, []TestSuite{suite}} }
