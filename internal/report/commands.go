package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/trial"
)

// WriteCommands writes each command that was really run, with what it said: in the
// broken state once, and in each fix.
func (r Report) WriteCommands(w io.Writer) error {
	var b strings.Builder
	for _, result := range r.Results {
		brokenTold := false
		for _, t := range result.Trials {
			for _, p := range t.Phases {
				if p.Name == experiment.BrokenPhase && brokenTold {
					continue
				}
				text := commandLines(p)
				if text == "" {
					continue
				}
				name := t.Trial
				if p.Name == experiment.BrokenPhase {
					name, brokenTold = p.Name, true
				}
				fmt.Fprintf(&b, "\n%s: %s\n%s", oneLine(label(result)), oneLine(name), text)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func commandLines(p trial.PhaseSeen) string {
	var b strings.Builder
	for _, s := range p.Steps {
		for _, ran := range s.Ran {
			fmt.Fprintf(&b, "%s\n", indent("  ", clean(ranLines(ran))))
		}
	}
	return b.String()
}
