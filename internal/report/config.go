package report

import (
	"fmt"
	"io"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/regress"
)

// Config is the comparison of a configuration's behaviour with what was recorded.
type Config struct {
	Lab         string
	Config      string // as the user named it
	File        string // the behaviour file
	Nginx       string
	Differences []regress.Difference
	Took        time.Duration
	Diff        bool // two configurations are compared, and File describes the other one
}

// Forms are the forms of a comparison.
func (c Config) Forms() []output.Form {
	forms := output.Parts{
		Grid: c.grid, Value: c.value, Page: c.page, Lab: c.Lab, Findings: c.findings, Suites: c.suites,
	}.Forms()
	forms = output.Replaced(forms, output.TableForm, func(w io.Writer, screen output.Screen) error {
		if len(c.Differences) == 0 {
			return nil // the summary says so
		}
		return c.grid().WriteTable(w, screen)
	})
	return output.WithBeside(forms, c.beside, output.TableForm, output.PlainForm, output.NameForm)
}

func (c Config) value() any {
	return struct {
		SchemaVersion int                  `json:"schemaVersion"`
		Lab           string               `json:"lab"`
		Config        string               `json:"config"`
		File          string               `json:"file"`
		Nginx         string               `json:"nginx"`
		Took          protocol.Duration    `json:"took"`
		Same          bool                 `json:"same"`
		Differences   []regress.Difference `json:"differences"`
	}{
		output.SchemaVersion, c.Lab, c.Config, c.File, c.Nginx, protocol.Duration(c.Took),
		len(c.Differences) == 0, append([]regress.Difference{}, c.Differences...),
	}
}

// ruleOf is what a difference is about.
func ruleOf(d regress.Difference) string {
	if d.Fault != "" {
		return d.Fault
	}
	return d.Fields[0]
}

// findings is a finding per difference, on the configuration's lines.
func (c Config) findings() []output.Finding {
	var all []output.Finding
	for _, d := range c.Differences {
		all = append(all, output.Finding{
			Rule: "behaviour/" + ruleOf(d), Level: "error", File: d.File, Line: d.Line,
			Title: "the configuration behaves otherwise than recorded", Message: d.Says,
		})
	}
	return all
}

// suites is a case per difference, which fails, and one that passes where there is none.
func (c Config) suites() output.TestSuites {
	suite := output.TestSuite{
		Name: c.command() + " " + c.Config, Took: c.Took, Properties: [][2]string{{"file", c.File}, {"nginx", c.Nginx}},
	}
	for _, d := range c.Differences {
		suite.Cases = append(suite.Cases, output.TestCase{
			Name:    fmt.Sprintf("%s%s: %s", d.Server, d.Location, ruleOf(d)),
			Outcome: output.FailedTest, Type: "difference", Message: d.Says, Text: fmt.Sprintf("%s:%d: %s", d.File, d.Line, d.Says),
		})
	}
	if len(c.Differences) == 0 {
		suite.Cases = []output.TestCase{{Name: "behaves as recorded", Took: c.Took}}
	}
	return output.OneSuite(suite)
}

func (c Config) grid() output.Grid {
	grid := output.Grid{Columns: []string{"WHERE", "SERVER", "DIFFERENCE"}}
	for _, d := range c.Differences {
		grid.Rows = append(grid.Rows, []string{fmt.Sprintf("%s:%d", d.File, d.Line), d.Server, d.Says})
	}
	return grid
}

// Summary is all of it in one line.
func (c Config) Summary() string {
	took, differences := c.Took.Round(100*time.Millisecond), plural(len(c.Differences), "difference")
	switch {
	case c.Diff && len(c.Differences) == 0:
		return fmt.Sprintf("%s behaves as %s; nginx %s, %s", c.Config, c.File, c.Nginx, took)
	case c.Diff:
		return fmt.Sprintf("%s between %s and %s; nginx %s, %s", differences, c.File, c.Config, c.Nginx, took)
	case len(c.Differences) == 0:
		return fmt.Sprintf("%s behaves as recorded in %s; nginx %s, %s", c.Config, c.File, c.Nginx, took)
	}
	return fmt.Sprintf("%s to %s; `lab config record` takes them over; nginx %s, %s", differences, c.File, c.Nginx, took)
}

func (c Config) beside(w io.Writer) error {
	_, err := fmt.Fprintln(w, clean(c.Summary()))
	return err
}

func (c Config) command() string {
	if c.Diff {
		return "lab config diff"
	}
	return "lab config check"
}

func (c Config) page() output.Document {
	page := output.Document{output.H(2, c.command()), output.P(c.Summary())}
	if len(c.Differences) > 0 {
		grid := c.grid()
		grid.Columns = []string{"where", "server", "difference"}
		page = append(page, output.Table{Grid: grid})
	}
	return page
}
