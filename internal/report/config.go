package report

import (
	"cmp"
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
	// Inconclusive is what was recorded, and nobody can tell whether it holds.
	Inconclusive []regress.Inconclusive
	Took         time.Duration
	Diff         bool // two configurations are compared, and File describes the other one
}

// ExitCode is that of a comparison: what could not be told counts where nothing differs.
func (c Config) ExitCode() int {
	switch {
	case len(c.Differences) > 0:
		return output.Failed
	case len(c.Inconclusive) > 0:
		return output.Inconclusive
	}
	return output.OK
}

// Forms are the forms of a comparison.
func (c Config) Forms() []output.Form {
	forms := output.Parts{
		Grid: c.grid, Value: c.value, Page: c.page, Lab: c.Lab, Findings: c.findings, Suites: c.suites,
	}.Forms()
	forms = output.Replaced(forms, output.TableForm, func(w io.Writer, screen output.Screen) error {
		if c.ExitCode() == output.OK {
			return nil // the summary says so
		}
		return c.grid().WriteTable(w, screen)
	})
	return output.WithBeside(forms, c.beside, output.TableForm, output.PlainForm, output.NameForm)
}

func (c Config) value() any {
	return struct {
		SchemaVersion int                    `json:"schemaVersion"`
		Lab           string                 `json:"lab"`
		Config        string                 `json:"config"`
		File          string                 `json:"file"`
		Nginx         string                 `json:"nginx"`
		Took          protocol.Duration      `json:"took"`
		Same          bool                   `json:"same"`
		Differences   []regress.Difference   `json:"differences"`
		Inconclusive  []regress.Inconclusive `json:"inconclusive"`
	}{
		output.SchemaVersion, c.Lab, c.Config, c.File, c.Nginx, protocol.Duration(c.Took), c.ExitCode() == output.OK,
		append([]regress.Difference{}, c.Differences...), append([]regress.Inconclusive{}, c.Inconclusive...),
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
	for _, n := range c.Inconclusive {
		all = append(all, output.Finding{
			Rule: "inconclusive/" + cmp.Or(n.Fault, "location"), Level: "warning", File: n.File, Line: n.Line,
			Title: "nobody can tell whether the configuration behaves as recorded", Message: n.Says,
		})
	}
	return all
}

// suites is a case per difference, which fails, and one per cell that could not be told,
// which is an error; one that passes where there is neither.
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
	for _, n := range c.Inconclusive {
		suite.Cases = append(suite.Cases, output.TestCase{
			Name:    fmt.Sprintf("%s%s: %s", n.Server, n.Location, cmp.Or(n.Fault, "location")),
			Outcome: output.ErroredTest, Type: "inconclusive", Message: n.Says, Text: fmt.Sprintf("%s:%d: %s", n.File, n.Line, n.Says),
		})
	}
	if c.ExitCode() == output.OK {
		suite.Cases = []output.TestCase{{Name: "behaves as recorded", Took: c.Took}}
	}
	return output.OneSuite(suite)
}

func (c Config) grid() output.Grid {
	grid := output.Grid{Columns: []string{"WHERE", "SERVER", "DIFFERENCE"}}
	for _, d := range c.Differences {
		grid.Rows = append(grid.Rows, []string{fmt.Sprintf("%s:%d", d.File, d.Line), d.Server, d.Says})
	}
	for _, n := range c.Inconclusive {
		grid.Rows = append(grid.Rows, []string{fmt.Sprintf("%s:%d", n.File, n.Line), n.Server, n.Says})
	}
	return grid
}

// Summary is all of it in one line.
func (c Config) Summary() string {
	took, differences := c.Took.Round(100*time.Millisecond), output.Plural(len(c.Differences), "difference")
	if n := len(c.Inconclusive); n > 0 {
		differences += fmt.Sprintf(" and %d inconclusive", n)
	}
	if c.ExitCode() == output.Inconclusive {
		return fmt.Sprintf("%s: no difference to %s was found, and of %s nobody can tell; nginx %s, %s",
			c.Config, c.File, output.Plural(len(c.Inconclusive), "cell"), c.Nginx, took)
	}
	switch {
	case c.Diff && len(c.Differences) == 0:
		return fmt.Sprintf("%s behaves as %s; nginx %s, %s", c.Config, c.File, c.Nginx, took)
	case c.Diff:
		return fmt.Sprintf("%s between %s and %s; nginx %s, %s", differences, c.File, c.Config, c.Nginx, took)
	case len(c.Differences) == 0:
		return fmt.Sprintf("%s behaves as recorded in %s; nginx %s, %s", c.Config, c.File, c.Nginx, took)
	}
	return fmt.Sprintf("%s from %s; to accept them: `lab config record`; nginx %s, %s", differences, c.File, c.Nginx, took)
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
	if c.ExitCode() != output.OK {
		grid := c.grid()
		grid.Columns = []string{"where", "server", "difference"}
		page = append(page, output.Table{Grid: grid})
	}
	return page
}
