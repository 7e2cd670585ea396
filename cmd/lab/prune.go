package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/testbed"
)

func pruneCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "prune",
		Usage:     "remove the containers and networks that runs left behind",
		ArgsUsage: "[RUN...]",
		Description: "Removes what killed and expired runs left behind, or all that is of the runs that\n" +
			"are named. Without a terminal to ask on, --force is needed.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "everything of lab's, that of live runs too"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "do not ask"},
			cacheFlag(),
			outputFlag(leftoverList(nil)),
		},
		Action: func(c *cli.Context) error {
			out := outputOf(c, std)
			e, found, err := dialLeftovers(c)
			if err != nil {
				return err
			}
			defer func() { _ = e.Close() }()
			doomed, err := toPrune(found, c.Args().Slice(), c.Bool("all"))
			if err != nil {
				return err
			}
			p := &progress{out: out}
			if len(doomed) == 0 {
				p.Line("nothing to remove")
				return out.write(leftoverList(nil))
			}
			if err := confirm(out, c.Bool("force"), "remove "+testbed.Describe(doomed)+"?"); err != nil {
				return err
			}
			if err := testbed.Remove(c.Context, e, doomed); err != nil {
				return err
			}
			p.Line("removed %s", testbed.Describe(doomed))
			return out.write(leftoverList(doomed))
		},
	}
}

// toPrune chooses what is to go.
func toPrune(found []testbed.Leftover, runs []string, all bool) ([]testbed.Leftover, error) {
	var known []string
	for _, l := range found {
		known = append(known, l.Run)
	}
	for _, run := range runs {
		if !slices.Contains(known, run) {
			return nil, usage("nothing is left of a run %q%s", run, instead(run, known, "`lab ps` lists what there is"))
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(l testbed.Leftover) bool {
		if len(runs) > 0 {
			return !slices.Contains(runs, l.Run)
		}
		return !all && l.Status != testbed.Dead && l.Status != testbed.Expired
	}), nil
}

// confirm asks on a terminal. Elsewhere nobody would answer, so it refuses.
func confirm(out console, force bool, question string) error {
	if force {
		return nil
	}
	if !out.inTerminal {
		return usage("%s There is no terminal to ask on: --force does it without asking", question)
	}
	fmt.Fprintf(out.err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(out.in).ReadString('\n') // an end without an answer is a no
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return usage("nothing was removed: the answer was %q", answer)
	}
	return nil
}
