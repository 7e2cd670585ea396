package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/guide/scan"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/testbed"
	"github.com/gatewaylab/lab/internal/wholefile"
)

func guideScanCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "scan",
		Usage:     "check what can be checked in a guide that nobody has made claims for",
		ArgsUsage: "GUIDE",
		Description: "Looks for log lines, statuses, error numbers, nginx configuration and commands, runs\n" +
			"the scenarios that show them, gives configuration to nginx -t, and says of each: holds,\n" +
			"conditional (right on other versions), refuted (with what is right) or not decided.\n" +
			"GUIDE is text, Markdown, HTML or a wiki's text; - is standard input.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{
				Name:  "draft",
				Usage: "write a draft of a claims file for what was not decided to `FILE`, which must not exist",
			},
			scenariosFlag(),
		}, append(productFlags(report.Scan{}), trialFlags()...)...),
		Action: func(c *cli.Context) error {
			s, err := newScanning(c, std)
			if err != nil {
				return err
			}
			s.dialling = dial(c.Context)
			return s.run(c.Context)
		},
	}
}

// scanning is one `lab guide scan`.
type scanning struct {
	*running
	scan  *scan.Scan
	draft string
}

func newScanning(c *cli.Context, std streams) (*scanning, error) {
	if c.NArg() > 1 {
		return nil, usage("scan checks one guide, and %d were given: %q", c.NArg(), c.Args().Slice())
	}
	document, err := readGuide(c, std)
	if err != nil {
		return nil, err
	}
	all, err := readCatalogue(c.String("scenarios"))
	if err != nil {
		return nil, err
	}
	s := &scanning{scan: scan.New(document, all.scenarios), draft: c.String("draft")}
	if err := newFile(s.draft); err != nil {
		return nil, usage("--draft: %w", err)
	}
	if s.running, err = runningOf(c, outputOf(c, std), all, s.scan.Scenarios); err != nil {
		return nil, err
	}
	s.options.Repeat = 1
	s.also = func(ctx context.Context, pool *testbed.Pool, _ []experiment.Result) error {
		return s.scan.Check(ctx, pool)
	}
	s.reports = reportFiles(c)
	return s, s.check()
}

// run runs the trials, decides and reports.
func (s *scanning) run(ctx context.Context) error {
	head, results, ran, err := s.collect(ctx)
	findings := s.scan.Decide(results, head.Nginx)
	done := report.NewScan(report.Scan{Run: head, Guide: s.scan.Document.Name, Findings: findings}, results)
	if s.draft != "" && ran {
		err = errors.Join(err, wholefile.WriteText(s.draft, []byte(s.scan.Draft(findings))))
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		done.ExitCode = output.Interrupted
	case !ran:
		done.ExitCode = output.Environment
	}
	return s.exit(done.ExitCode, errors.Join(err, s.write(done, ran)))
}

// newFile makes sure that a file that is to be written is not there yet: what somebody
// has added to a draft must not be lost.
func newFile(name string) error {
	if name == "" {
		return nil
	}
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("%q is there already: name another file, or remove it", name)
	}
	if info, err := os.Stat(filepath.Dir(name)); err != nil || !info.IsDir() {
		return fmt.Errorf("no folder %q for %q: make it first", filepath.Dir(name), name)
	}
	return nil
}
