package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/regress"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/session"
	"github.com/gatewaylab/lab/internal/testbed"
)

func configCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:        "config",
		Usage:       "find out how your own nginx configuration behaves when its upstreams fail",
		Subcommands: []*cli.Command{configRecordCommand(std), configCheckCommand(std), configAdviseCommand(std), configDiffCommand(std)},
	}
}

// defaultTimeScale makes the default timeout of nginx, 60 s, one of 600 ms.
const defaultTimeScale = 100

func nginxFlag() cli.Flag {
	return &cli.StringFlag{Name: "nginx", Usage: "run on the nginx of the image `IMAGE`"}
}

func showChangesFlag() cli.Flag {
	return &cli.BoolFlag{
		Name: "show-changes", Usage: "show what differs in the lab from the configuration as it is, and why, and run no fault",
	}
}

// configFlags are those of every command about a configuration.
func configFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "env", Usage: "fill in the variable of templates, as `NAME=VALUE`; may be repeated"},
		&cli.StringFlag{Name: "at", Value: deployment.Home, Usage: "where the configuration's folder stands on the server: `DIR`"},
		&cli.IntFlag{Name: "time-scale", Value: defaultTimeScale, Usage: "divide the configuration's timeouts by `N`"},
		&cli.BoolFlag{Name: "real-time", Usage: "leave the configuration's timeouts as they are"},
		&cli.IntFlag{Name: "parallel", DefaultText: "as many as pay off on the engine's cores", Usage: "run `N` trials at the same time"},
		&cli.DurationFlag{Name: "timeout", Value: defaultTimeout, Usage: "stop after the time `SPAN`"},
		cacheFlag(),
	}
}

func behaviourFlag() cli.Flag {
	return &cli.StringFlag{
		Name:  "file",
		Usage: "the behaviour file `FILE`; by default beside the configuration, with its name and .lab.yaml",
	}
}

// configuring is one command about a configuration.
type configuring struct {
	out      console
	progress *progress
	path     string
	source   *deployment.Source
	options  regress.Options
	images   session.Wanted // as far as images go
	timeout  time.Duration
	cache    string
	file     string
	reports  []output.File
	changes  bool
	dialling *session.Dialling
	info     engine.Info
	image    report.Image
}

func newConfiguring(c *cli.Context, std streams) (*configuring, error) {
	if c.NArg() != 1 {
		return nil, usage("`%s` needs one configuration, a folder or nginx.conf, and %d were given", c.Command.HelpName, c.NArg())
	}
	return configuringOf(c, std, c.Args().First(), c.String("nginx"))
}

func configuringOf(c *cli.Context, std streams, path, nginx string) (*configuring, error) {
	out := outputOf(c, std)
	g := &configuring{
		out: out, progress: &progress{out: out}, path: path, images: session.Wanted{Nginx: nginx}, timeout: c.Duration("timeout"),
		reports: reportFiles(c), changes: c.Bool("show-changes"),
		options: regress.Options{
			TimeScale: float64(c.Int("time-scale")), Parallel: c.Int("parallel"),
			NoSecondHearing: c.Bool("no-second-hearing"),
		},
	}
	switch {
	case g.options.Parallel < 0:
		return nil, usage("--parallel: %d is less than 1", g.options.Parallel)
	case c.Int("time-scale") < 1:
		return nil, usage("--time-scale: %d is less than 1", c.Int("time-scale"))
	case g.timeout <= 0:
		return nil, usage("--timeout: %s is no time to run in", g.timeout)
	case c.Bool("real-time") && c.IsSet("time-scale") && c.Int("time-scale") != 1:
		return nil, usage("--real-time and --time-scale %d: leave one of the two out", c.Int("time-scale"))
	}
	if c.Bool("real-time") {
		g.options.TimeScale = 1
	}
	if g.changes {
		if err := g.out.check("--show-changes", changeList(&regress.Config{}), g.reports); err != nil {
			return nil, err
		}
	}
	env, err := environment(c.StringSlice("env"))
	if err != nil {
		return nil, err
	}
	if g.source, err = deployment.Open(g.path, c.String("at"), env); err != nil {
		return nil, usage("%w", err)
	}
	g.file = c.String("file")
	if g.file == "" {
		g.file = behaviourFile(g.path)
	}
	g.cache, err = cacheDir(c)
	return g, err
}

func environment(words []string) (map[string]string, error) {
	env := map[string]string{}
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok || name == "" {
			return nil, usage("--env: %q is not NAME=VALUE", word)
		}
		env[name] = value
	}
	return env, nil
}

// behaviourFile is where a configuration's behaviour is kept.
func behaviourFile(path string) string {
	clean := filepath.Clean(path)
	base := filepath.Base(clean)
	if base == "." || base == ".." || base == string(filepath.Separator) {
		return filepath.Join(clean, "nginx.lab.yaml")
	}
	for _, suffix := range []string{".template", ".conf"} {
		base = strings.TrimSuffix(base, suffix)
	}
	return filepath.Join(filepath.Dir(clean), base+".lab.yaml")
}

// run gives an action a pool of testbeds on the image.
func (g *configuring) run(ctx context.Context, do func(context.Context, *testbed.Pool) error) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, g.timeout, errTimeout(g.timeout))
	defer cancel()
	g.images.Cache, g.images.Lasts, g.images.Report = g.cache, g.timeout, g.progress
	ready, err := session.Open(ctx, g.dialling, g.images)
	if err != nil {
		return err
	}
	defer func() {
		gone := ready.Gone()
		closed := ready.Close(nil)
		if gone != nil {
			err = fmt.Errorf("running the configuration: %w", closed)
			return
		}
		err = errors.Join(err, closed)
	}()
	g.info, g.image = ready.Info, imageOf(ready.Image)
	g.options.Parallel = ready.Parallel(g.options.Parallel, manyTrials)
	g.options.Progress = func(done, total int) { g.progress.Trials(done, total, "faults") }
	defer g.progress.Done()
	return do(ready.Context(), ready.Pool)
}

// manyTrials: how many a configuration needs shows when they are run; mostly hundreds.
const manyTrials = 100

// trouble is the exit code of an error: a configuration that cannot run is its owner's.
func (g *configuring) trouble(ctx context.Context, err error) error {
	var late errTimeout
	var interrupted errSignal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &interrupted) || errors.As(context.Cause(ctx), &interrupted):
		return err
	case errors.As(err, &late):
		return errExit{output.Inconclusive, err}
	case regress.IsConfig(err):
		return usage("running the configuration %q: %w", g.path, err)
	}
	return err
}

// notes says what was left out and added.
func (g *configuring) notes(c *regress.Config) {
	for _, note := range c.Notes {
		g.progress.Warn("%s", note)
	}
}

// changeList is what differs in the lab, and why.
func changeList(c *regress.Config) output.Listing {
	grid := output.Grid{Columns: []string{"WHERE", "WAS", "IS", "WHY"}}
	type row struct {
		Where string `json:"where"`
		deployment.Change
	}
	var rows []row
	for _, change := range c.Changes {
		where := ""
		if change.File != "" {
			where = fmt.Sprintf("%s:%d", c.ShownFile(change.File), change.Line)
		}
		change.File = c.ShownFile(change.File)
		rows = append(rows, row{where, change})
		grid.Rows = append(grid.Rows, []string{where, change.Was, change.Now, change.Why})
	}
	return output.Listing{
		Title: "What differs in the lab", Grid: grid, Fields: map[string]any{"nginx": c.Nginx, "changes": rows, "notes": c.Notes},
	}
}
