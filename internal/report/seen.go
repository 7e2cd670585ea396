package report

import (
	"fmt"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/trial"
)

// stepLines tells what was done in a phase and what came of it.
func stepLines(p trial.PhaseSeen) string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "$ %s\n", s.Step)
		if s.Check != nil {
			fmt.Fprintf(&b, "%s\n", indent("  ", s.Check.Output))
		}
		for _, ran := range s.Ran {
			b.WriteString(indent("  ", ranLines(ran)) + "\n")
		}
		if s.Reload != nil && s.Reload.Refused != "" && len(s.Ran) == 0 {
			fmt.Fprintf(&b, "%s\n", indent("  ", s.Reload.Refused))
		}
		if s.Error != "" {
			fmt.Fprintf(&b, "%s\n", indent("  ", s.Error))
		}
	}
	return b.String()
}

// ranLines is a command and what it said.
func ranLines(ran protocol.Ran) string {
	text := "$ " + ran.Command
	if output := strings.TrimRight(ran.Output, "\n"); output != "" {
		text += "\n" + output
	}
	if ran.Exit != "" {
		text += "\n[" + ran.Exit + "]"
	}
	return text
}

// answerLines is the client's view of each answer, with what nginx recorded of it.
func answerLines(p trial.PhaseSeen) string {
	var b strings.Builder
	during := 0
	for _, a := range p.Answers {
		if a.During {
			during++
			continue
		}
		c := a.Client
		fmt.Fprintf(&b, "%s: ", a.Probe)
		if a.Access != nil {
			fmt.Fprintf(&b, "%s -> ", a.Access.Request)
		}
		switch {
		case c.Status != 0:
			fmt.Fprintf(&b, "%d", c.Status)
		case c.Raw != "":
			fmt.Fprintf(&b, "no status line, %q", c.Raw)
		default:
			b.WriteString("no answer")
		}
		fmt.Fprintf(&b, ", %d bytes", c.Bytes)
		if c.ContentLength >= 0 {
			fmt.Fprintf(&b, " of %d", c.ContentLength)
		}
		if !c.Complete {
			b.WriteString(", cut")
		}
		fmt.Fprintf(&b, ", %s", c.Took)
		if c.Error != "" {
			fmt.Fprintf(&b, ", %s", c.Error)
		}
		b.WriteString("\n")
	}
	if during > 0 {
		fmt.Fprintf(&b, "and %s while the steps were taken\n", output.Plural(during, "request"))
	}
	return b.String()
}

// logLines is what nginx wrote to its error log.
func logLines(p trial.PhaseSeen) string {
	var b strings.Builder
	for _, entry := range p.Log {
		b.WriteString(entry.Raw + "\n")
	}
	return b.String()
}
