package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/testbed"
)

// coverages are what --coverage-of can be.
var coverages = []string{"checkable", "all"}

func guideVerifyCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "decide every claim of a guide by trials",
		ArgsUsage: "GUIDE",
		Description: "Runs the scenarios that the claims name and says of each claim: holds, conditional\n" +
			"(with the condition), refuted (with the counter-example), untestable (with the reason)\n" +
			"or inconclusive. Claims whose statement has changed or is gone are said so, and fail.\n" +
			"GUIDE is text, Markdown or HTML; - is standard input.",
		Flags: append([]cli.Flag{claimsFlag(),
			&cli.StringSliceFlag{Name: "allow", Usage: "do not fail for the refuted claim `ID`, which is known; may be repeated"},
			&cli.IntFlag{Name: "coverage-min", Usage: "fail where claims cover less than `PERCENT` of the statements"},
			newChoice(
				&cli.StringFlag{Name: "coverage-of", Value: coverages[0], Usage: "count the statements that are `WHAT`: %s"},
				coverages,
			),
			scenariosFlag(),
		}, append(productFlags(report.Guide{}), trialFlags()...)...),
		Action: func(c *cli.Context) error {
			v, err := newVerifying(c, std)
			if err != nil {
				return err
			}
			v.dialling = dial(c.Context)
			return v.run(c.Context)
		},
	}
}

// verifying is one `lab guide verify`.
type verifying struct {
	*running
	document guide.Document
	plan     guide.Plan
	report   report.Guide
}

func newVerifying(c *cli.Context, std streams) (*verifying, error) {
	v := &verifying{}
	var err error
	if c.NArg() > 1 {
		return nil, usage("verify checks one guide, and %d were given: %q", c.NArg(), c.Args().Slice())
	}
	if v.document, err = readGuide(c, std); err != nil {
		return nil, err
	}
	all, err := readCatalogue(c.String("scenarios"))
	if err != nil {
		return nil, err
	}
	claims, _, err := readClaims(c.String("claims"), v.document, all.scenarios)
	if err != nil {
		return nil, err
	}
	if v.plan, err = guide.NewPlan(v.document, claims, all.scenarios); err != nil {
		return nil, usage("reading the claims %q:\n%w", claims.File, err)
	}
	claims = v.plan.Claims
	if v.running, err = runningOf(c, outputOf(c, std), all, v.plan.Scenarios); err != nil {
		return nil, err
	}
	v.options.Repeat = 1
	v.also = v.hear
	v.report = report.Guide{Guide: v.document.Name, Claims: claims.File, Least: c.Int("coverage-min"), Allowed: c.StringSlice("allow")}
	v.report.Coverage, err = coverageOf(v.document, claims, c.String("coverage-of"), v.report.Least)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, claim := range claims.Claims {
		ids = append(ids, claim.ID)
	}
	for _, id := range v.report.Allowed {
		if err := knownClaim(id, ids); err != nil {
			return nil, fmt.Errorf("--allow: %w", err)
		}
	}
	v.reports = reportFiles(c)
	return v, v.check()
}

func coverageOf(d guide.Document, c guide.Claims, what string, least int) (guide.Coverage, error) {
	if least < 0 || least > 100 {
		return guide.Coverage{}, usage("--coverage-min: %d is no percentage from 0 to 100", least)
	}
	return d.Covers(c, what == coverages[1]), nil
}

// hear decides the claims, and hears those again that do not hold.
func (v *verifying) hear(ctx context.Context, pool *testbed.Pool, results []experiment.Result) error {
	decisions := v.plan.Decide(v.document, results)
	if !v.options.NoSecondHearing {
		alone := experiment.Options{Parallel: 1, NoSecondHearing: true, Skip: v.options.Skip}
		decisions, v.report.Hearings = v.plan.Hear(v.document, decisions, func(scenarios []scenario.Scenario) []experiment.Result {
			v.progress.Detail("second hearing of %s", output.Plural(len(scenarios), "scenario"))
			return experiment.Run(ctx, pool, scenarios, alone)
		})
	}
	if ctx.Err() == nil { // else what was heard is not all of it
		v.report.Decisions = decisions
	}
	return nil
}

// run runs the trials, decides the claims and reports.
func (v *verifying) run(ctx context.Context) error {
	head, results, ran, err := v.collect(ctx)
	v.report.Run = head
	if v.report.Decisions == nil {
		v.report.Decisions = v.plan.Decide(v.document, results)
	}
	done := report.NewGuide(v.report, results)
	if !ran {
		done.ExitCode = output.Environment
	}
	results = slices.DeleteFunc(results, func(r experiment.Result) bool { return v.made(r.ID) })
	return v.exit(done.ExitCode, errors.Join(err, report.New(head, results).Remember(v.cache), v.write(done, ran)))
}
