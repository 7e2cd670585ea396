package main

import (
	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/report"
)

func showCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:        "show",
		Usage:       "tell a scenario: what is wrong, how it shows, what fixes it and what does not",
		ArgsUsage:   "ID",
		Description: "Configurations are shown as differences, and the last run's evidence below them.",
		Flags: []cli.Flag{
			scenariosFlag(),
			&cli.BoolFlag{Name: "hints", Usage: "show the hints, too"},
			cacheFlag(),
			outputFlag(report.Story{}),
		},
		BashComplete: completesWith(knownIDs),
		Action: func(c *cli.Context) error {
			out := outputOf(c, std)
			if c.NArg() != 1 {
				return usage("show: one scenario is wanted, as in `lab show wrong-port`, and %d were given", c.NArg())
			}
			all, err := readCatalogue(c.String("scenarios"))
			if err != nil {
				return err
			}
			chosen, err := selection{ids: c.Args().Slice()}.from(all)
			if err != nil {
				return err
			}
			cache, err := cacheDir(c)
			if err != nil {
				return err
			}
			story := report.NewStory(chosen[0], report.Recall(cache, chosen[0].ID))
			story.ShowHints = c.Bool("hints")
			return out.write(story)
		},
	}
}
