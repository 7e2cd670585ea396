package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/session"
)

const (
	defaultTimeout = 30 * time.Minute
	maxKeep        = 8 // scenarios; each kept one is two containers that go on running
)

func runCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "reproduce failures and prove their fixes",
		ArgsUsage: "[ID...]",
		Description: "Runs every scenario, or those that are named: healthy, broken, each fix, each\n" +
			"wrong fix, each from a fresh start. The table goes to stdout, progress to stderr. What\n" +
			fmt.Sprintf("commands really said is shown for up to %d scenarios, and for more with -v.", commandsOf),
		Flags: append(append(
			append(selectFlags(), trialFlags()...),
			&cli.IntFlag{Name: "repeat", Value: 1, Usage: "run everything `N` times"},
			&cli.BoolFlag{Name: "fail-fast", Usage: "stop at the first verdict that is not verified"},
			&cli.BoolFlag{
				Name:  "keep",
				Usage: fmt.Sprintf("leave the broken state of each scenario running; at most %d scenarios", maxKeep),
			},
			&cli.BoolFlag{Name: "keep-on-failure", Usage: "leave the first failing trial of each scenario running"},
			&cli.BoolFlag{Name: "dry-run", Usage: "list the trials and run none"},
			&cli.BoolFlag{Name: "timings", Usage: "say where the time went"},
			&cli.StringFlag{Name: "evidence", Usage: "write what was seen as readable files to the folder `DIR`"},
		), productFlags(report.Report{})...),
		BashComplete: completesWith(knownIDs),
		Action: func(c *cli.Context) error {
			var d *session.Dialling
			if !c.Bool("dry-run") {
				d = dial(c.Context) // nothing is started on it before all is read
			}
			r, err := newRunning(c, std)
			if err != nil {
				return err
			}
			if d == nil {
				return r.list()
			}
			r.dialling = d
			return r.run(c.Context)
		},
	}
}

// trialFlags are those of every command that runs trials.
func trialFlags() []cli.Flag {
	return []cli.Flag{
		nginxFlag(),
		several{
			&cli.StringSliceFlag{Name: "image", Usage: "take the image IMAGE for a real server, as `SERVER=IMAGE`; may be repeated"},
			func(string) []string { return withSuffix(server.Names(), "=") },
		},
		several{
			&cli.StringSliceFlag{
				Name:  "privileges",
				Usage: "give `PRIVILEGE` to the scenarios that ask for it, which are skipped without: " + strings.Join(privileges(), ", "),
			},
			func(string) []string { return privileges() },
		},
		&cli.IntFlag{Name: "parallel", DefaultText: "as many as pay off on the engine's cores", Usage: "run `N` trials at the same time"},
		secondHearingFlag(),
		&cli.DurationFlag{Name: "timeout", Value: defaultTimeout, Usage: "stop after the time `SPAN`"},
		cacheFlag(),
	}
}

// secondHearingFlag is for those who debug.
func secondHearingFlag() cli.Flag {
	const usage = "believe the first outcome of each trial; without it what fails is run again, alone, up to three times"
	return &cli.BoolFlag{Name: "no-second-hearing", Usage: usage}
}

// list shows the trials that would run.
func (r *running) list() error {
	list := trialList(experiment.List(r.scenarios, r.options), r.options.Repeat)
	if err := r.out.check("--dry-run", list, r.reports); err != nil {
		return err
	}
	if err := r.out.write(list, r.reports...); err != nil {
		return err
	}
	r.progress.Line("%s would run", output.Plural(experiment.Trials(r.scenarios, r.options), "trial"))
	return nil
}

func trialList(trials []experiment.Listed, repeat int) output.Listing {
	grid := output.Grid{Columns: []string{"SCENARIO", "TRIAL", "PHASES", "STEPS"}}
	for _, t := range trials {
		grid.Rows = append(grid.Rows, []string{t.Scenario, t.Trial, strings.Join(t.Phases, ", "), strings.Join(t.Steps, ", ")})
	}
	return output.Listing{Title: "Trials", Grid: grid, Fields: map[string]any{"trials": trials, "repeat": repeat}}
}
