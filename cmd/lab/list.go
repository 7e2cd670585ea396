package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/report"
)

func listCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the scenarios",
		Flags: selectFlags(),
		Action: func(c *cli.Context) error {
			out, err := outputOf(c, std)
			if err != nil {
				return err
			}
			all, err := readCatalogue(c.String("scenarios"))
			if err != nil {
				return err
			}
			chosen, err := selection{ids: c.Args().Slice(), tags: c.StringSlice("tag"), skip: c.StringSlice("skip")}.from(all)
			if err != nil {
				return err
			}
			type item struct {
				ID           string   `json:"id"`
				Title        string   `json:"title"`
				Tags         []string `json:"tags"`
				Fixes        int      `json:"fixes"`
				WrongFixes   int      `json:"wrongFixes"`
				Demonstrates int      `json:"demonstrates"`
			}
			items := []item{}
			grid := report.Grid{Columns: []string{"SCENARIO", "FIXES", "WRONG", "SHOWS", "TAGS", "TITLE"}}
			for _, s := range chosen {
				items = append(items, item{s.ID, s.Title, s.Tags, len(s.Fixes), len(s.WrongFixes), len(s.Demonstrates)})
				grid.Rows = append(grid.Rows, []string{s.ID, strconv.Itoa(len(s.Fixes)), strconv.Itoa(len(s.WrongFixes)), strconv.Itoa(len(s.Demonstrates)), strings.Join(s.Tags, ","), s.Title})
			}
			return out.write(product{
				grid: grid, value: map[string]any{"schemaVersion": report.SchemaVersion, "scenarios": items},
			})
		},
	}
}

// product is what a command that lists has to say, in every form.
type product struct {
	grid  report.Grid
	value any // for JSON and YAML
}

// write writes it in the form that was asked for; a row's name is its first cell.
func (o output) write(p product) error {
	switch o.form {
	case "json":
		return report.WriteJSON(o.out, p.value)
	case "yaml":
		return report.WriteYAML(o.out, p.value)
	case "name":
		for _, row := range p.grid.Rows {
			if _, err := fmt.Fprintln(o.out, report.Clean(row[0])); err != nil {
				return err
			}
		}
		return nil
	case "table":
		return p.grid.WriteTable(o.out, o.screen)
	}
	return p.grid.WritePlain(o.out)
}
