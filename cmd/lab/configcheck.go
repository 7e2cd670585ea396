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

func configCheckCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "compare how a configuration behaves with what was recorded",
		ArgsUsage: "CONFIG",
		Description: "Exits with 1 where the configuration does not behave as its behaviour file says, and\n" +
			"says of each difference what it is and which directive decides.",
		Flags: append(append(productFlags(report.Config{}), behaviourFlag(), nginxFlag(), showChangesFlag()), configFlags()...),
		Action: func(c *cli.Context) error {
			g, err := newConfiguring(c, std)
			if err != nil {
				return err
			}
			recorded, err := regress.ReadBehaviour(g.file)
			if regress.Missing(err) {
				return usage("no behaviour file %q: `lab config record %s` writes it, or name it with --file", g.file, quoted(g.path))
			}
			if err != nil {
				return usage("%w", err)
			}
			g.dialling = dial(c.Context)
			var failed error
			err = g.run(c.Context, func(ctx context.Context, pool *testbed.Pool) error {
				if g.changes {
					return g.change(ctx, pool, recorded.Probes)
				}
				var err error
				failed, err = g.check(ctx, pool, recorded)
				return err
			})
			if err := g.trouble(c.Context, err); err != nil {
				return err
			}
			return failed
		},
	}
}

// check runs the faults and compares; the first error is the verdict, and the other is
// trouble.
func (g *configuring) check(ctx context.Context, pool *testbed.Pool, recorded regress.Behaviour) (failed, trouble error) {
	began := time.Now()
	c, now, differences, err := regress.Check(ctx, pool, g.source, g.options, recorded)
	if err != nil {
		return nil, err
	}
	g.progress.Done()
	g.notes(c)
	if recorded.Nginx != now.Nginx {
		g.progress.Warn("the behaviour was recorded on nginx %s, and this is nginx %s", recorded.Nginx, now.Nginx)
	}
	if differences != nil {
		failed = errExit{output.Failed, nil}
	}
	return failed, g.out.write(report.Config{
		Lab: labVersion(), Config: g.path, File: g.file, Nginx: c.Nginx, Differences: differences, Took: time.Since(began),
	}, g.reports...)
}
