package report

import (
	"fmt"
	"io"
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
}

// Forms are the forms of advice, as files and as output.
func (a Advice) Forms() []output.Form {
	return output.FindingForms(a.Lab, func() any { return a.document() }, a.writeMarkdown, a.Findings)
}

func (a Advice) document() any {
	return struct {
		SchemaVersion int               `json:"schemaVersion"`
		Lab           string            `json:"lab"`
		Config        string            `json:"config"`
		Nginx         string            `json:"nginx"`
		Took          protocol.Duration `json:"took"`
		Advice        []regress.Advice  `json:"advice"`
	}{output.SchemaVersion, a.Lab, a.Config, a.Nginx, protocol.Duration(a.Took), append([]regress.Advice{}, a.Advice...)}
}

// Findings is a finding per piece of advice, on the configuration's lines.
func (a Advice) Findings() []output.Finding {
	var all []output.Finding
	for _, one := range a.Advice {
		message := one.Says + "\n" + strings.Join(one.Shown, "\n")
		if one.Proven {
			message += "\nwith the fix: " + strings.Join(one.After, "; ")
		}
		all = append(all, output.Finding{Rule: "advice/" + one.Rule, Level: one.Severity, File: one.File, Line: one.Line, Title: one.Rule, Message: message})
	}
	return all
}

// Grid is a row per piece of advice.
func (a Advice) Grid() output.Grid {
	grid := output.Grid{Columns: []string{"WHERE", "SEVERITY", "RULE", "ADVICE"}}
	for _, one := range a.Advice {
		grid.Rows = append(grid.Rows, []string{fmt.Sprintf("%s:%d", one.File, one.Line), one.Severity, one.Rule, one.Says})
	}
	return grid
}

// WriteText writes all of it for a person.
func (a Advice) WriteText(w io.Writer, screen output.Screen) error {
	var b strings.Builder
	for i, one := range a.Advice {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s:%d: %s: %s [%s, %s]\n", oneLine(one.File), one.Line, paint(one.Severity, screen.Color), oneLine(one.Says), one.Rule, oneLine(one.Server))
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
	return fmt.Sprintf("%s: %s, %d with a proven fix; nginx %s, %s", a.Config, plural(len(a.Advice), "finding"), proven, a.Nginx, a.Took.Round(100*time.Millisecond))
}

func (a Advice) writeMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## lab config advise\n\n%s\n", inline(a.Summary()))
	for _, one := range a.Advice {
		fmt.Fprintf(&b, "\n### %s: %s\n\n%s:%d\n\n", inline(one.Severity), inline(one.Says), inline(one.File), one.Line)
		for _, shown := range one.Shown {
			fmt.Fprintf(&b, "- %s\n", inline(shown))
		}
		for _, after := range one.After {
			fmt.Fprintf(&b, "- with the fix: %s\n", inline(after))
		}
		if one.Fix != "" {
			fmt.Fprintf(&b, "\n%s\n", output.Fenced(one.Fix))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
