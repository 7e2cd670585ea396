package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/regress"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/testbed"
)

func configDiffCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "compare how two configurations behave, or one on two versions of nginx",
		ArgsUsage: "CONFIG [CONFIG]",
		Description: "lab config diff before/ after/, or lab config diff nginx/ --nginx IMAGE --nginx IMAGE.\n" +
			"Exits with 1 where they differ.",
		Flags: append(append(productFlags(report.Config{}), behaviourFlag(),
			&cli.StringSliceFlag{Name: "nginx", Usage: "run on the nginx of the image `IMAGE`; twice: one configuration on both"},
			secondHearingFlag(),
		), configFlags()...),
		Action: func(c *cli.Context) error {
			images := c.StringSlice("nginx")
			names := c.Args().Slice()
			switch {
			case len(names) == 1 && len(images) == 2:
				names = append(names, names[0])
			case len(names) == 2 && len(images) < 2:
				images = append(append(images, images...), "", "")[:2]
			default:
				return usage(
					"diff compares two configurations on one nginx, or one on two (--nginx IMAGE --nginx IMAGE); given were %s and %s",
					output.Plural(len(names), "configuration"),
					output.Plural(len(images), "image"),
				)
			}
			var err error
			var sides [2]*configuring
			for i := range sides {
				if sides[i], err = configuringOf(c, std, names[i], images[i]); err != nil {
					return err
				}
			}
			var kept regress.Behaviour
			if b, err := regress.ReadBehaviour(sides[0].file); err == nil {
				kept.Probes, kept.Ignore = b.Probes, b.Ignore
			} else if !regress.Missing(err) {
				return usage("%w", err)
			}
			began := time.Now()
			var before regress.Behaviour
			var unclear []regress.Inconclusive
			sides[0].dialling = dial(c.Context)
			err = sides[0].run(c.Context, func(ctx context.Context, pool *testbed.Pool) error {
				was, err := regress.Record(ctx, pool, sides[0].source, sides[0].options, kept, recordTimes)
				if err == nil {
					before, unclear = was.Behaviour, was.Inconclusive
					sides[0].notes(was.Config)
				}
				return err
			})
			if err := sides[0].trouble(c.Context, err); err != nil {
				return err
			}
			g := sides[1]
			g.dialling = dial(c.Context)
			code := output.OK
			err = g.run(c.Context, func(ctx context.Context, pool *testbed.Pool) error {
				now, err := regress.Check(ctx, pool, g.source, g.options, before)
				if err != nil {
					return err
				}
				g.progress.Done()
				g.notes(now.Config)
				r := report.Config{
					Lab: labVersion(), Config: g.path, File: fmt.Sprintf("%s on nginx %s", sides[0].path, before.Nginx),
					Nginx:       now.Config.Nginx,
					Differences: now.Differences, Inconclusive: append(unclear, now.Inconclusive...), Took: time.Since(began), Diff: true,
				}
				code = r.ExitCode()
				return g.out.write(r, g.reports...)
			})
			if err := g.trouble(c.Context, err); err != nil {
				return err
			}
			if code != output.OK {
				return errExit{code, nil}
			}
			return nil
		},
	}
}
