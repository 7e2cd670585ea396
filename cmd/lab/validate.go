package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/output"
)

func validateCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:        "validate",
		Usage:       "check scenario files and run nothing",
		ArgsUsage:   "[DIR]",
		Description: "DIR is a folder of scenarios, or one scenario; without it lab's own are checked.\nAll mistakes are shown at once, as FILE:LINE: MISTAKE.",
		Flags:       []cli.Flag{scenariosFlag(), outputFlag()},
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

func (o console) validated(all catalogue) error {
	files := map[string]bool{}
	grid := output.Grid{Columns: []string{"MISTAKE"}}
	for _, m := range all.shown() {
		files[m.File] = true
		grid.Rows = append(grid.Rows, []string{m.String()})
	}
	if len(all.mistakes) == 0 && (o.form == "table" || o.form == "plain") {
		_, err := fmt.Fprintf(o.out, "%s, no mistakes\n", count(len(all.scenarios), "scenario"))
		return err
	}
	o.screen.Width = 0 // a mistake is to be read to its end
	err := o.write(product{grid: grid, value: map[string]any{
		"schemaVersion": output.SchemaVersion, "scenarios": len(all.scenarios), "mistakes": all.shown(),
	}})
	if err != nil || len(all.mistakes) == 0 {
		return err
	}
	return usage("checking the scenarios: %s in %s", count(len(all.mistakes), "mistake"), count(len(files), "file"))
}
