package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/regress"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/testbed"
)

func configAdviseCommand(std streams) *cli.Command {
	forms := output.FormNames(report.Advice{}.Forms())
	return &cli.Command{
		Name:      "advise",
		Usage:     "say what is wrong with a configuration, shown by trials, with the fix and its proof",
		ArgsUsage: "CONFIG",
		Description: "Needs no behaviour file. What is said was seen in a trial; the fix was applied to a\n" +
			"copy and tried, and nothing of the configuration is changed.",
		Flags: append([]cli.Flag{behaviourFlag(), reportFlag(forms), outputFlag(forms...), nginxFlag(), showChangesFlag(),
			newChoice(&cli.StringFlag{
				Name: "fail-on", Usage: "exit with 1 where something of this severity or a graver one is found: `SEVERITY` is %s",
			}, regress.Severities),
		}, configFlags()...),
		Action: func(c *cli.Context) error {
			g, err := newConfiguring(c, std)
			if err != nil {
				return err
			}
			failOn := slices.Index(regress.Severities, c.String("fail-on"))
			var probes []regress.Probe
			before, err := regress.ReadBehaviour(g.file)
			switch {
			case err == nil:
				probes = before.Probes
			case !regress.Missing(err):
				return usage("%w", err)
			}
			files := reportFiles(c)
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
				r := report.Advice{Lab: labVersion(), Config: g.path, Nginx: found.Nginx, Advice: all, Took: time.Since(began)}
				failed = slices.ContainsFunc(all, func(a regress.Advice) bool { return slices.Index(regress.Severities, a.Severity) <= failOn })
				return g.report(files, r.Forms(), func() error {
					if g.out.form == "name" {
						return g.out.write(product{grid: r.Grid()})
					}
					return r.WriteText(g.out.out, g.out.screen)
				}, r.Summary())
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

// report writes a report to its files and in the form that was asked for, or else as
// plain does.
func (g *configuring) report(files []output.File, forms []output.Form, plain func() error, summary string) error {
	var all []error
	for _, file := range files {
		all = append(all, file.Write(forms))
	}
	for _, form := range forms {
		if form.Name == g.out.form {
			return errors.Join(append(all, form.Write(g.out.out))...)
		}
	}
	all = append(all, plain())
	g.progress.Line("%s", summary)
	return errors.Join(all...)
}
