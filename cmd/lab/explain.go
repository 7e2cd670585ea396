package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/explain"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/signature"
	"github.com/gatewaylab/lab/scenarios"
)

func explainCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "say what error-log lines mean: cause, status, look-alikes, proven fixes",
		ArgsUsage: "[LINE|FILE...|-]",
		Description: "LINE is one line of nginx's error log, or what was copied of it; FILE is a log, also one that is\n" +
			"gzipped; - is the standard input, as is no argument at all in a pipe. Lines may have what docker,\n" +
			"journald, syslog or kubernetes put in front.\n\n" +
			"-o jsonl writes a record for each entry: cause is a signature's id; unknown for a line of level error\n" +
			"or worse that no signature fits; none for one below that, and for what is no entry at all.\n\n" +
			"The exit code is 0 for a summary, whatever is in it, 1 for a LINE that is unknown, and 2 where\n" +
			"there is text and no error-log entry in it.",
		Flags: []cli.Flag{
			&cli.BoolFlag{
				Name:    "follow",
				Aliases: []string{"f"},
				Usage:   "explain what is added to FILE from now on, also after it was rotated, until interrupted",
			},
			&cli.StringSliceFlag{
				Name: "access",
				Usage: "join the access log `FILE` (combined format, or JSON with nginx's names of variables): statuses, and failures " +
					"that left no error line",
			},
			scenariosFlag(),
			cacheFlag(),
			reportFlag(output.Names(report.Summary{})),
			outputFlag(report.Explained{}),
		},
		Action: func(c *cli.Context) error {
			steady()
			e := explaining{console: outputOf(c, std), args: c.Args().Slice(), access: c.StringSlice("access"), reports: reportFiles(c)}
			if len(e.args) == 0 {
				if std.inTerminal {
					return usage(
						"explain: nothing to explain: give a line of an error log in quotes, a file, or - with the log on the standard " +
							"input",
					)
				}
				e.args = []string{"-"}
			}
			var err error
			if e.book, err = readBook(c); err != nil {
				return err
			}
			return interruptible(c.Context, func() error { return e.run(c.Context, c.Bool("follow")) })
		},
	}
}

// interruptible waits for work, or for the interrupt: reading a terminal or a pipe
// cannot be stopped.
func interruptible(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func readBook(c *cli.Context) (*explain.Book, error) {
	all, err := readCatalogue(c.String("scenarios"))
	if err != nil {
		return nil, err
	}
	if len(all.mistakes) > 0 {
		return nil, all.refused(fmt.Sprintf("reading the scenarios of %q", all.dir))
	}
	set, err := signature.Load()
	if err != nil {
		return nil, err
	}
	cache, err := cacheDir(c)
	if err != nil {
		return nil, err
	}
	return explain.NewBook(set, all.scenarios, scenarios.Recorded(), func(id string) *explain.LastRun {
		if e := report.Recall(cache, id); e != nil {
			return &explain.LastRun{When: e.When, Nginx: e.Nginx, Verdict: string(e.Verdict)}
		}
		return nil
	}), nil
}

// explaining is one call of the command.
type explaining struct {
	console
	args    []string
	access  []string
	reports []output.File
	book    *explain.Book
}

func (e explaining) run(ctx context.Context, follow bool) error {
	if text, ok, err := e.line(); ok || err != nil {
		switch {
		case err != nil:
			return err
		case follow || len(e.access) > 0:
			return usage("explain: --follow and --access are about files, and %q is a line", text)
		}
		return e.explainLine(text)
	}
	switch {
	case len(e.reports) > 0 && (follow || e.form == report.RecordsForm):
		return usage("explain: --report is for a summary, which --follow and -o jsonl do not make: leave it out")
	case follow:
		return e.follow(ctx)
	case e.form == report.RecordsForm:
		return e.records(ctx)
	}
	return e.summary(ctx)
}

// line is the argument, if it is a line and no file.
func (e explaining) line() (string, bool, error) {
	for _, arg := range e.args {
		if arg == "-" {
			continue
		}
		_, err := os.Stat(arg)
		switch {
		case err == nil:
		case strings.ContainsAny(arg, " \n") && len(e.args) == 1:
			return arg, true, nil
		case strings.ContainsAny(arg, " \n"):
			return "", false, usage("explain: %q is no file, and a line is explained alone: put it in quotes, or give files", arg)
		default:
			return "", false, usage(
				"explain: opening %q: %w: give a file, - for the standard input, or a line of an error log in quotes",
				arg,
				pathCause(err),
			)
		}
	}
	return "", false, nil
}

func (e explaining) explainLine(text string) error {
	line, ok := e.book.Line(text)
	if !ok {
		return usage("explain: %q is not one line of an error log: several go into a file, or through a pipe", text)
	}
	err := e.write(report.Explained{Line: line}, e.reports...)
	if err == nil && line.Cause == explain.Unknown {
		return errExit{
			output.Failed,
			errors.New(
				"explain: no signature fits this line: look for an earlier line of the same connection, which may tell the cause, and " +
					"please report the line",
			),
		}
	}
	return err
}

func (e explaining) summary(ctx context.Context) error {
	reader := e.book.NewReader(runtime.GOMAXPROCS(0), len(e.access) > 0)
	err := e.each(e.args, func(name string, in io.Reader) error { return reader.Read(ctx, name, in) })
	if err == nil {
		err = e.each(e.access, func(_ string, in io.Reader) error { return reader.ReadAccess(ctx, in) })
	}
	if err != nil {
		return err
	}
	s := reader.Summary()
	err = e.write(report.Summary{Summary: s}, e.reports...)
	if err == nil && s.Entries == 0 && s.OtherLines > 0 {
		return usage("explain: no error-log entry in %q: an access log goes to --access, beside an error log", e.args)
	}
	return err
}

func (e explaining) records(ctx context.Context) error {
	if len(e.access) > 0 {
		return usage("explain: -o jsonl has a record for each error-log entry, and --access is about the whole: use -o json")
	}
	return e.each(e.args, func(_ string, in io.Reader) error {
		return e.book.Records(ctx, in, runtime.GOMAXPROCS(0), report.AppendRecord, e.append)
	})
}

func (e explaining) append(text []byte) error {
	_, err := e.out.Write(text)
	return err
}

// pause is between two looks at a log that is followed.
const pause = 200 * time.Millisecond

func (e explaining) follow(ctx context.Context) error {
	if len(e.args) != 1 || e.args[0] == "-" || len(e.access) > 0 {
		return usage("explain: --follow is for one file, as in `lab explain -f error.log`; a pipe is followed anyway with -o jsonl")
	}
	form := report.AppendFollowed
	switch {
	case e.form == report.RecordsForm:
		form = report.AppendRecord
	case e.form != output.TableForm && e.form != output.PlainForm:
		return usage("explain: --follow has no end, so -o %s cannot be written: use -o jsonl", e.form)
	}
	return e.book.Follow(ctx, e.args[0], pause, form, e.append)
}
