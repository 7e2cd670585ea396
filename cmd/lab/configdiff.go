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
			was, is, err := diffSides(c, std)
			if err != nil {
				return err
			}
			began := time.Now()
			before, unclear, err := was.recorded(c)
			if err != nil {
				return err
			}
			return is.compared(c, was.path, before, unclear, began)
		},
	}
}

// diffSides reads the two configurations, or the one that is compared on two images.
func diffSides(c *cli.Context, std streams) (was, is *configuring, err error) {
	names, images := c.Args().Slice(), c.StringSlice("nginx")
	switch {
	case len(names) == 1 && len(images) == 2:
		names = append(names, names[0])
	case len(names) == 2 && len(images) < 2:
		images = append(append(images, images...), "", "")[:2]
	default:
		return nil, nil, usage(
			"diff compares two configurations on one nginx, or one on two (--nginx IMAGE --nginx IMAGE); given were %s and %s",
			output.Plural(len(names), "configuration"),
			output.Plural(len(images), "image"),
		)
	}
	if was, err = configuringOf(c, std, names[0], images[0]); err == nil {
		is, err = configuringOf(c, std, names[1], images[1])
	}
	return was, is, err
}

// recorded is how the first side behaves. What a person has added to its behaviour file,
// requests and differences that do not count, is taken from there.
func (g *configuring) recorded(c *cli.Context) (before regress.Behaviour, unclear []regress.Inconclusive, err error) {
	var kept regress.Behaviour
	if b, err := regress.ReadBehaviour(g.file); err == nil {
		kept.Probes, kept.Ignore = b.Probes, b.Ignore
	} else if !regress.Missing(err) {
		return before, nil, usage("%w", err)
	}
	g.dialling = dial(c.Context)
	err = g.run(c.Context, func(ctx context.Context, pool *testbed.Pool) error {
		was, err := regress.Record(ctx, pool, g.source, g.options, kept, recordTimes)
		if err == nil {
			before, unclear = was.Behaviour, was.Inconclusive
			g.notes(was.Config)
		}
		return err
	})
	return before, unclear, g.trouble(c.Context, err)
}

// compared compares the second side with how the first one, at the path, behaves.
func (g *configuring) compared(
	c *cli.Context, with string, before regress.Behaviour, unclear []regress.Inconclusive, began time.Time,
) error {
	g.dialling = dial(c.Context)
	code := output.OK
	err := g.run(c.Context, func(ctx context.Context, pool *testbed.Pool) error {
		now, err := regress.Check(ctx, pool, g.source, g.options, before)
		if err != nil {
			return err
		}
		g.progress.Done()
		g.notes(now.Config)
		r := report.Config{
			Lab: labVersion(), Config: g.path, File: fmt.Sprintf("%s on nginx %s", with, before.Nginx), Nginx: now.Config.Nginx,
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
}
