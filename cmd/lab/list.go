package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/output"
)

func listCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:         "list",
		Usage:        "list the scenarios",
		Flags:        append(selectFlags(), outputFlag()),
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
			grid := output.Grid{Columns: []string{"SCENARIO", "FIXES", "WRONG", "SHOWS", "TAGS", "TITLE"}}
			for _, e := range chosen {
				grid.Rows = append(grid.Rows, []string{e.ID, strconv.Itoa(e.Fixes), strconv.Itoa(e.WrongFixes), strconv.Itoa(e.Demonstrates), strings.Join(e.Tags, ","), e.Title})
			}
			return out.write(product{
				grid: grid, value: map[string]any{"schemaVersion": output.SchemaVersion, "scenarios": chosen},
			})
		},
	}
}

// product is what a command that lists has to say, in every form.
type product struct {
	grid  output.Grid
	value any // for JSON and YAML
}

// write writes it in the form that was asked for; a row's name is its first cell.
func (o console) write(p product) error {
	switch o.form {
	case "json":
		return output.WriteJSON(o.out, p.value)
	case "yaml":
		return output.WriteYAML(o.out, p.value)
	case "name":
		for _, row := range p.grid.Rows {
			if _, err := fmt.Fprintln(o.out, output.Clean(row[0])); err != nil {
				return err
			}
		}
		return nil
	case "table":
		return p.grid.WriteTable(o.out, o.screen)
	}
	return p.grid.WritePlain(o.out)
}
