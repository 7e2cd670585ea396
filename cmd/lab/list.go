package main

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/scenario"
)

func listCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:         "list",
		Usage:        "list the scenarios",
		Flags:        append(selectFlags(), outputFlag(scenarioList(nil))),
		BashComplete: completesWith(knownIDs),
		Action: func(c *cli.Context) error {
			out := outputOf(c, std)
			all, err := readEntries(c.String("scenarios"))
			if err != nil {
				return err
			}
			chosen, err := selection{ids: c.Args().Slice(), tags: c.StringSlice("tag"), skip: c.StringSlice("skip")}.entries(all)
			if err != nil {
				return err
			}
			return out.write(scenarioList(chosen))
		},
	}
}

func scenarioList(entries []scenario.Entry) output.Listing {
	grid := output.Grid{Columns: []string{"SCENARIO", "FIXES", "WRONG", "SHOWS", "TAGS", "TITLE"}}
	for _, e := range entries {
		grid.Rows = append(grid.Rows, []string{
			e.ID, strconv.Itoa(e.Fixes), strconv.Itoa(e.WrongFixes), strconv.Itoa(e.Demonstrates), strings.Join(e.Tags, ","), e.Title,
		})
	}
	return output.Listing{Title: "Scenarios", Grid: grid, Fields: map[string]any{"scenarios": entries}}
}
