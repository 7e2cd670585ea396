package main

import (
	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/output"
)

func validateCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "validate",
		Usage:     "check scenario files and run nothing",
		ArgsUsage: "[DIR]",
		Description: "DIR is a folder of scenarios, or one scenario; without it lab's own are checked.\n" +
			"All mistakes are shown at once, as FILE:LINE: MISTAKE.",
		Flags: []cli.Flag{scenariosFlag(), outputFlag(validated{})},
		Action: func(c *cli.Context) error {
			out := outputOf(c, std)
			dir := c.String("scenarios")
			switch {
			case c.NArg() > 1:
				return usage("validate checks one folder, and %d were given: %q", c.NArg(), c.Args().Slice())
			case c.NArg() == 1:
				dir = c.Args().First()
			}
			all, err := readCatalogue(dir)
			if err != nil {
				return err
			}
			return out.validated(all)
		},
	}
}

// validated is a catalogue with its mistakes, as a product.
type validated struct{ catalogue }

func (v validated) Forms() []output.Form {
	grid := output.Grid{Columns: []string{"MISTAKE"}}
	for _, m := range v.shown() {
		grid.Rows = append(grid.Rows, []string{m.String()})
	}
	// A mistake is to be read to its end.
	list := output.Listing{
		Title: "Mistakes in scenarios", Grid: grid, Whole: true, Empty: output.Plural(len(v.scenarios), "scenario") + ", no mistakes",
		Fields: map[string]any{"scenarios": len(v.scenarios), "mistakes": v.shown()},
	}
	return append(list.Forms(), output.Parts{Lab: labVersion(), Findings: v.findings, Suites: v.suites}.Forms()...)
}

func (v validated) findings() []output.Finding {
	var all []output.Finding
	for _, m := range v.shown() {
		all = append(all, output.Finding{
			Rule: "scenario/mistake", Level: "error", File: m.File, Line: m.Line, Title: "a mistake in a scenario", Message: m.Text,
		})
	}
	return all
}

// suites is a case per file with a mistake, and one that passes where there is none.
func (v validated) suites() output.TestSuites {
	suite, at := output.TestSuite{Name: "lab validate " + v.dir}, map[string]int{}
	for _, m := range v.shown() {
		i, known := at[m.File]
		if !known {
			i = len(suite.Cases)
			at[m.File] = i
			suite.Cases = append(suite.Cases, output.TestCase{Name: m.File, Outcome: output.FailedTest, Type: "mistake", Message: m.Text})
		}
		suite.Cases[i].Text += m.String() + "\n"
	}
	if len(suite.Cases) == 0 {
		suite.Cases = []output.TestCase{{Name: output.Plural(len(v.scenarios), "scenario")}}
	}
	return output.OneSuite(suite)
}

func (o console) validated(all catalogue) error {
	files := map[string]bool{}
	for _, m := range all.shown() {
		files[m.File] = true
	}
	if err := o.write(validated{all}); err != nil || len(all.mistakes) == 0 {
		return err
	}
	return usage("checking the scenarios: %s in %s", output.Plural(len(all.mistakes), "mistake"), output.Plural(len(files), "file"))
}
