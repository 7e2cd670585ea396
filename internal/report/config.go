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

// Forms are the forms of a comparison, as files and as output.
func (c Config) Forms() []output.Form {
	return output.FindingForms(c.Lab, func() any { return c.document() }, c.writeMarkdown, c.Findings)
}

func (c Config) document() any {
	return struct {
		SchemaVersion int                  `json:"schemaVersion"`
		Lab           string               `json:"lab"`
		Config        string               `json:"config"`
		File          string               `json:"file"`
		Nginx         string               `json:"nginx"`
		Took          protocol.Duration    `json:"took"`
		Same          bool                 `json:"same"`
		Differences   []regress.Difference `json:"differences"`
	}{output.SchemaVersion, c.Lab, c.Config, c.File, c.Nginx, protocol.Duration(c.Took), len(c.Differences) == 0, append([]regress.Difference{}, c.Differences...)}
}

// Findings is a finding per difference, on the configuration's lines.
func (c Config) Findings() []output.Finding {
	var all []output.Finding
	for _, d := range c.Differences {
		rule := d.Fault
		if rule == "" {
			rule = d.Fields[0]
		}
		all = append(all, output.Finding{
			Rule: "behaviour/" + rule, Level: "error", File: d.File, Line: d.Line,
			Title: "the configuration behaves otherwise than recorded", Message: d.Says,
		})
	}
	return all
}

// Grid is a row per difference.
func (c Config) Grid() output.Grid {
	grid := output.Grid{Columns: []string{"WHERE", "SERVER", "DIFFERENCE"}}
	for _, d := range c.Differences {
		grid.Rows = append(grid.Rows, []string{fmt.Sprintf("%s:%d", d.File, d.Line), d.Server, d.Says})
	}
	return grid
}

// Summary is all of it in one line.
func (c Config) Summary() string {
	took := c.Took.Round(100 * time.Millisecond)
	switch {
	case c.Diff && len(c.Differences) == 0:
		return fmt.Sprintf("%s behaves as %s; nginx %s, %s", c.Config, c.File, c.Nginx, took)
	case c.Diff:
		return fmt.Sprintf("%s between %s and %s; nginx %s, %s", plural(len(c.Differences), "difference"), c.File, c.Config, c.Nginx, took)
	}
	if len(c.Differences) == 0 {
		return fmt.Sprintf("%s behaves as recorded in %s; nginx %s, %s", c.Config, c.File, c.Nginx, took)
	}
	return fmt.Sprintf("%s to %s; `lab config record` takes them over; nginx %s, %s", plural(len(c.Differences), "difference"), c.File, c.Nginx, took)
}

func (c Config) writeMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## lab config check\n\n%s\n", inline(c.Summary()))
	if len(c.Differences) > 0 {
		b.WriteString("\n| where | server | difference |\n| --- | --- | --- |\n")
		for _, d := range c.Differences {
			fmt.Fprintf(&b, "| %s:%d | %s | %s |\n", inline(d.File), d.Line, inline(d.Server), inline(d.Says))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
