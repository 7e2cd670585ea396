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
			"says of each difference what it is and which directive decides. Exits with 4 where\n" +
			"nothing differs and lab could not tell of something, because the machine was too slow.",
		Flags: append(append(productFlags(report.Config{}), behaviourFlag(), nginxFlag(), showChangesFlag(), secondHearingFlag()),
			configFlags()...),
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
	checked, err := regress.Check(ctx, pool, g.source, g.options, recorded)
	if err != nil {
		return nil, err
	}
	g.progress.Done()
	g.notes(checked.Config)
	if recorded.Nginx != checked.Behaviour.Nginx {
		g.progress.Warn("the behaviour was recorded on nginx %s, and this is nginx %s", recorded.Nginx, checked.Behaviour.Nginx)
	}
	r := report.Config{
		Lab: labVersion(), Config: g.path, File: g.file, Nginx: checked.Config.Nginx,
		Differences: checked.Differences, Inconclusive: checked.Inconclusive, Took: time.Since(began),
	}
	if code := r.ExitCode(); code != output.OK {
		failed = errExit{code, nil}
	}
	return failed, g.out.write(r, g.reports...)
}
