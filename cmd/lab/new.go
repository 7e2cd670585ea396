package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/output"
)

//go:embed template
var template embed.FS

// idForm is what a scenario's id may look like; validate says the same.
var idForm = lazy.Regexp(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func newCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:        "new",
		Usage:       "write a scenario to start from",
		ArgsUsage:   "ID",
		Description: "Writes the folder DIR/ID with a small scenario that is complete: it validates and runs.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Value: "scenarios", Usage: "the scenarios' folder `DIR`"}, outputFlag(nameList("", "", nil)),
		},
		Action: func(c *cli.Context) error {
			out := outputOf(c, std)
			if c.NArg() != 1 {
				return usage("new: one id is wanted, as in `lab new my-failure`, and %d were given", c.NArg())
			}
			id, dir := c.Args().First(), c.String("dir")
			if !idForm().MatchString(id) {
				return usage("new: the id %q may contain only lowercase letters, digits and hyphens", id)
			}
			written, err := writeTemplate(dir, id)
			if err != nil {
				return err
			}
			if err := out.write(nameList("Files of the scenario "+id, "files", written)); err != nil {
				return err
			}
			p := &progress{out: out}
			p.Line("next: edit %s, and then", filepath.Join(dir, id, "scenario.yaml"))
			p.Line("  lab validate %s", quoted(dir))
			p.Line("  lab run %s --scenarios %s", id, quoted(dir))
			p.Line("  lab show %s --scenarios %s", id, quoted(dir))
			return nil
		},
	}
}

// writeTemplate writes the template as the scenario id, and nothing if its folder exists.
func writeTemplate(dir, id string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, usage("making the scenarios' folder %q: %w", dir, err)
	}
	folder := filepath.Join(dir, id)
	if err := os.Mkdir(folder, 0o755); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil, usage("new: %q exists already: choose another id, or another folder with --dir", folder)
		}
		return nil, usage("making the scenario's folder %q: %w", folder, err)
	}
	entries, err := template.ReadDir("template")
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	var written []string
	for _, entry := range entries {
		text, err := template.ReadFile("template/" + entry.Name())
		if err != nil {
			return written, fmt.Errorf("reading the template: %w", err)
		}
		path := filepath.Join(folder, entry.Name())
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return written, fmt.Errorf("writing the scenario %q: %w", id, err)
		}
		written = append(written, path)
	}
	return written, nil
}

// nameList is names of things that a command made. The field of the JSON form is what they
// are.
func nameList(title, field string, names []string) output.Listing {
	list := output.Listing{Title: title, Fields: map[string]any{field: append([]string{}, names...)}}
	for _, name := range names {
		list.Grid.Rows = append(list.Grid.Rows, []string{name})
	}
	return list
}
