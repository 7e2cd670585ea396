package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/regress"
	"github.com/gatewaylab/lab/internal/testbed"
)

// recordTimes is how often each fault is tried for a record, so that what nginx leaves to
// chance is written down as such.
const recordTimes = 2

func configRecordCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "record",
		Usage:     "write down how a configuration behaves under every fault",
		ArgsUsage: "CONFIG",
		Description: "CONFIG is a folder with nginx.conf, conf.d, sites-enabled or templates, or one file. It\n" +
			"runs as it is, in a real nginx; what it needs and the lab does not have stands in. What\n" +
			"a person added to the behaviour file (probes, ignore, expect) is kept. Exits with 4 where\n" +
			"lab could not tell of something: then the file has what was recorded before, or nothing.",
		Flags: append(append([]cli.Flag{behaviourFlag(), nginxFlag(), showChangesFlag()}, configFlags()...),
			productFlags(behaviourMatrix("", regress.Behaviour{}, nil))...),
		Action: func(c *cli.Context) error {
			g, err := newConfiguring(c, std)
			if err != nil {
				return err
			}
			before, err := regress.ReadBehaviour(g.file)
			if err != nil && !regress.Missing(err) {
				return usage("%w", err)
			}
			g.dialling = dial(c.Context)
			return g.trouble(c.Context, g.run(c.Context, func(ctx context.Context, pool *testbed.Pool) error {
				return g.record(ctx, pool, before)
			}))
		},
	}
}

func (g *configuring) record(ctx context.Context, pool *testbed.Pool, before regress.Behaviour) error {
	began := time.Now()
	if g.changes {
		return g.change(ctx, pool, before.Probes)
	}
	r, err := regress.Record(ctx, pool, g.source, g.options, before, recordTimes)
	if err != nil {
		return err
	}
	g.progress.Done()
	g.notes(r.Config)
	text, err := r.Behaviour.Bytes()
	if err != nil {
		return err
	}
	was, _ := os.ReadFile(g.file)
	if string(was) == string(text) {
		g.progress.Line("%s is as before", g.file)
	} else if err := r.Behaviour.Write(g.file); err != nil {
		return err
	}
	if err := g.out.write(behaviourMatrix(g.file, r.Behaviour, r.Inconclusive), g.reports...); err != nil {
		return err
	}
	cells := 0
	for _, row := range r.Rows {
		cells += len(row.Cells)
	}
	g.progress.Line("%s under %s, in %s on nginx %s; %s", output.Plural(len(r.Rows), "location"), output.Plural(cells, "fault"),
		time.Since(began).Round(100*time.Millisecond), r.Config.Nginx, g.file)
	if r.Inconclusive == nil {
		return nil
	}
	for _, n := range r.Inconclusive {
		g.progress.Warn("%s", n.Says)
	}
	return errExit{output.Inconclusive, fmt.Errorf("of %s nobody can tell: %s has what was recorded before, or nothing",
		output.Plural(len(r.Inconclusive), "cell"), g.file)}
}

// change shows what differs in the lab and runs no fault but those of the survey.
func (g *configuring) change(ctx context.Context, pool *testbed.Pool, probes []regress.Probe) error {
	c, err := regress.Prepare(ctx, pool, g.source, g.options)
	if err != nil {
		return err
	}
	if _, err := c.Survey(ctx, pool, probes); err != nil {
		return err
	}
	g.progress.Done()
	g.notes(c)
	return g.out.write(changeList(c), g.reports...)
}

// behaviourMatrix is what a record wrote to the file: a row per location and fault.
func behaviourMatrix(file string, b regress.Behaviour, unclear []regress.Inconclusive) output.Listing {
	grid := output.Grid{Columns: []string{"SERVER", "LOCATION", "FAULT", "BEHAVIOUR"}}
	for _, s := range b.Servers {
		for _, l := range s.Locations {
			for _, e := range l.Faults {
				name := e.Fault
				if e.At != "" {
					name += " (" + e.At + ")"
				}
				if e.Method != "" {
					name += " " + e.Method
				}
				says := e.Cell.String()
				for _, other := range e.Or {
					says += fmt.Sprintf("; or %s", other)
				}
				grid.Rows = append(grid.Rows, []string{s.Server, l.Location, name, says})
			}
		}
	}
	return output.Listing{Title: "Behaviour", Grid: grid, Fields: map[string]any{
		"file": file, "behaviour": b, "inconclusive": append([]regress.Inconclusive{}, unclear...),
	}}
}
