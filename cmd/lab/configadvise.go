package main

import (
	"context"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/regress"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/testbed"
)

func configAdviseCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "advise",
		Usage:     "say what is wrong with a configuration, shown by trials, with the fix and its proof",
		ArgsUsage: "CONFIG",
		Description: "Needs no behaviour file. What is said was seen in a trial; the fix was applied to a\n" +
			"copy and tried, and nothing of the configuration is changed.",
		Flags: append(append(productFlags(report.Advice{}), behaviourFlag(), nginxFlag(), showChangesFlag(),
			newChoice(&cli.StringFlag{
				Name: "fail-on", Usage: "exit with 1 where something of this severity or a graver one is found: `SEVERITY` is %s",
			}, regress.Severities),
		), configFlags()...),
		Action: func(c *cli.Context) error {
			g, err := newConfiguring(c, std)
			if err != nil {
				return err
			}
			var probes []regress.Probe
			before, err := regress.ReadBehaviour(g.file)
			switch {
			case err == nil:
				probes = before.Probes
			case !regress.Missing(err):
				return usage("%w", err)
			}
			g.dialling = dial(c.Context)
			failed := false
			err = g.run(c.Context, func(ctx context.Context, pool *testbed.Pool) error {
				if g.changes {
					return g.change(ctx, pool, probes)
				}
				began := time.Now()
				found, all, err := regress.Advise(ctx, pool, g.source, g.options, probes)
				if err != nil {
					return err
				}
				g.progress.Done()
				g.notes(found)
				r := report.Advice{
					Lab: labVersion(), Config: g.path, Nginx: found.Nginx, Advice: all, Took: time.Since(began),
					FailOn: c.String("fail-on"),
				}
				failed = r.Failed()
				return g.out.write(r, g.reports...)
			})
			if err := g.trouble(c.Context, err); err != nil {
				return err
			}
			if failed {
				return errExit{output.Failed, nil}
			}
			return nil
		},
	}
}
