package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/regress"
)

// Advice is what is wrong with a configuration, shown by trials.
type Advice struct {
	Lab    string
	Config string // as the user named it
	Nginx  string
	Advice []regress.Advice
	Took   time.Duration
	FailOn string // the least severity that fails; "" is none
}

// Forms are the forms of advice.
func (a Advice) Forms() []output.Form {
	return output.WithBeside(output.Parts{
		Grid: a.grid, Text: a.writeText, Value: a.value, Page: a.page, Lab: a.Lab, Findings: a.findings, Suites: a.suites,
	}.Forms(), a.beside, output.TableForm, output.PlainForm, output.NameForm)
}

// Failed reports whether something was found that fails.
func (a Advice) Failed() bool { return slices.ContainsFunc(a.Advice, a.fails) }

func (a Advice) fails(one regress.Advice) bool {
	return slices.Index(regress.Severities, one.Severity) <= slices.Index(regress.Severities, a.FailOn)
}

func (a Advice) value() any {
	return struct {
		SchemaVersion int               `json:"schemaVersion"`
		Lab           string            `json:"lab"`
		Config        string            `json:"config"`
		Nginx         string            `json:"nginx"`
		Took          protocol.Duration `json:"took"`
		Advice        []regress.Advice  `json:"advice"`
	}{output.SchemaVersion, a.Lab, a.Config, a.Nginx, protocol.Duration(a.Took), append([]regress.Advice{}, a.Advice...)}
}

// findings is a finding per piece of advice, on the configuration's lines.
func (a Advice) findings() []output.Finding {
	var all []output.Finding
	for _, one := range a.Advice {
		all = append(all, output.Finding{
			Rule: "advice/" + one.Rule, Level: one.Severity, File: one.File, Line: one.Line, Title: one.Rule, Message: adviceMessage(one),
		})
	}
	return all
}

func adviceMessage(one regress.Advice) string {
	message := one.Says + "\n" + strings.Join(one.Shown, "\n")
	if one.Proven {
		message += "\nwith the fix: " + strings.Join(one.After, "; ")
	}
	return message
}

// suites is a case per piece of advice. It fails where the exit code says so.
func (a Advice) suites() output.TestSuites {
	suite := output.TestSuite{Name: "lab config advise " + a.Config, Took: a.Took}
	for _, one := range a.Advice {
		c := output.TestCase{
			Name: fmt.Sprintf("%s %s:%d", one.Rule, one.File, one.Line), Type: one.Severity,
			Message: one.Says, Text: adviceMessage(one) + "\n" + one.Fix,
		}
		if a.fails(one) {
			c.Outcome = output.FailedTest
		}
		suite.Cases = append(suite.Cases, c)
	}
	return output.OneSuite(suite)
}

func (a Advice) grid() output.Grid {
	grid := output.Grid{Columns: []string{"WHERE", "SEVERITY", "RULE", "ADVICE"}}
	for _, one := range a.Advice {
		grid.Rows = append(grid.Rows, []string{fmt.Sprintf("%s:%d", one.File, one.Line), one.Severity, one.Rule, one.Says})
	}
	return grid
}

// writeText writes all of it for a person.
func (a Advice) writeText(w io.Writer, screen output.Screen) error {
	var b strings.Builder
	for i, one := range a.Advice {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s:%d: %s: %s [%s, %s]\n",
			oneLine(one.File), one.Line, paint(oneLine(one.Severity), screen.Color), oneLine(one.Says),
			oneLine(one.Rule), oneLine(one.Server))
		for _, shown := range one.Shown {
			fmt.Fprintf(&b, "  seen: %s\n", oneLine(shown))
		}
		for _, after := range one.After {
			fmt.Fprintf(&b, "  with the fix: %s\n", oneLine(after))
		}
		switch {
		case one.Fix == "":
			b.WriteString("  lab knows no fix\n")
		case one.Proven:
			fmt.Fprintf(&b, "  the fix, proven:\n%s\n", indent("    ", clean(one.Fix)))
		default:
			fmt.Fprintf(&b, "  a fix, which was not proven:\n%s\n", indent("    ", clean(one.Fix)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary is all of it in one line.
func (a Advice) Summary() string {
	proven := 0
	for _, one := range a.Advice {
		if one.Proven {
			proven++
		}
	}
	return fmt.Sprintf("%s: %s, %d with a proven fix; nginx %s, %s",
		a.Config, output.Plural(len(a.Advice), "finding"), proven, a.Nginx, a.Took.Round(100*time.Millisecond))
}

func (a Advice) beside(w io.Writer) error {
	_, err := fmt.Fprintln(w, clean(a.Summary()))
	return err
}

func (a Advice) page() output.Document {
	page := output.Document{output.H(2, "lab config advise"), output.P(a.Summary())}
	for _, one := range a.Advice {
		list := output.Items(one.Shown...)
		for _, after := range one.After {
			list.Items = append(list.Items, output.Item{Text: output.Plain("with the fix: " + after)})
		}
		page = append(page,
			output.H(3, one.Severity+": "+one.Says),
			output.P(fmt.Sprintf("%s:%d", one.File, one.Line)),
			list)
		if one.Fix != "" {
			page = append(page, output.Code{Text: one.Fix})
		}
	}
	return page
}
