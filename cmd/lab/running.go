package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/session"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/testbed"
	"github.com/gatewaylab/lab/internal/trial"
)

// running is one `lab run`.
type running struct {
	out       console
	progress  *progress
	scenarios []scenario.Scenario
	options   experiment.Options
	images    session.Wanted // as far as images go
	allowed   []string       // privileges
	unasked   bool           // nobody named scenarios or tags: all are meant
	timeout   time.Duration
	cache     string
	evidence  string
	reports   []output.File
	dialling  *session.Dialling
	timings   bool
	measuring time.Duration // what --timings itself took
	// also is what else is tried after the scenarios, whose results it is given; nil: nothing.
	also  func(context.Context, *testbed.Pool, []experiment.Result) error
	again string // flags that find the same scenarios and image again
}

// made reports whether a scenario was made for the occasion and is in no catalogue: its
// verdict means nothing by itself.
func (r *running) made(id string) bool { return strings.Contains(id, "/") }

// newRunning reads the flags of `lab run`, and finds every mistake before anything is
// started.
func newRunning(c *cli.Context, std streams) (*running, error) {
	out := outputOf(c, std)
	all, err := readCatalogue(c.String("scenarios"))
	if err != nil {
		return nil, err
	}
	chosen := selection{ids: c.Args().Slice(), tags: c.StringSlice("tag"), skip: c.StringSlice("skip")}
	scenarios, err := chosen.from(all)
	if err != nil {
		return nil, err
	}
	r, err := runningOf(c, out, all, scenarios)
	if err != nil {
		return nil, err
	}
	r.unasked = len(chosen.ids) == 0 && len(chosen.tags) == 0
	r.reports = reportFiles(c)
	return r, r.check()
}

// runningOf is a run of scenarios, with the flags that every command has that runs some.
func runningOf(c *cli.Context, out console, all catalogue, scenarios []scenario.Scenario) (*running, error) {
	var err error
	r := &running{
		out: out, progress: &progress{out: out}, scenarios: scenarios, images: session.Wanted{Nginx: c.String("nginx")},
		timeout: c.Duration("timeout"), timings: c.Bool("timings"), evidence: c.String("evidence"),
		options: experiment.Options{
			Parallel: c.Int(
				"parallel",
			), Repeat: c.Int("repeat"), FailFast: c.Bool("fail-fast"), NoSecondHearing: c.Bool("no-second-hearing"),
			Keep: c.Bool("keep"), KeepOnFailure: c.Bool("keep-on-failure"),
		},
	}
	if n := len(all.mistakes); n > 0 {
		r.progress.Warn("%s in other scenarios of %q: `lab validate` shows them", output.Plural(n, "mistake"), all.dir)
	}
	if r.cache, err = cacheDir(c); err != nil {
		return nil, err
	}
	for _, name := range []string{"scenarios", "nginx"} {
		if value := c.String(name); value != "" {
			r.again += " --" + name + " " + quoted(value)
		}
	}
	for _, value := range c.StringSlice("image") {
		r.again += " --image " + quoted(value)
	}
	if r.images.Named, err = namedImages(c.StringSlice("image")); err != nil {
		return nil, err
	}
	for _, value := range c.StringSlice("privileges") {
		if !slices.Contains(privileges(), value) {
			return nil, usage(
				"--privileges: no scenario can ask for %q%s; there is %s",
				value,
				strict.Suggest(value, privileges()),
				strings.Join(privileges(), ", "),
			)
		}
		r.allowed = append(r.allowed, value)
		r.again += " --privileges " + value
	}
	for _, s := range r.scenarios {
		if s.Server != "" && r.forbidden(s) == "" && !slices.Contains(r.images.Servers, s.Server) {
			r.images.Servers = append(r.images.Servers, s.Server)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.images.Named)) {
		if !slices.Contains(r.images.Servers, name) {
			r.progress.Warn("--image %s=%s: no scenario that is run has this server", name, r.images.Named[name])
		}
	}
	return r, nil
}

// quoted is a word for a shell.
func quoted(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:@=+-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func (r *running) check() error {
	o := r.options
	switch {
	case o.Parallel < 0:
		return usage("--parallel: %d is less than 1", o.Parallel)
	case o.Repeat < 1:
		return usage("--repeat: %d is less than 1", o.Repeat)
	case r.timeout <= 0:
		return usage("--timeout: %s is no time to run in", r.timeout)
	case o.Keep && o.Repeat > 1:
		return usage("--keep and --repeat %d: only one repetition can be kept; leave one of the two out", o.Repeat)
	case o.Keep && len(r.scenarios) > maxKeep:
		return usage("--keep would leave %d scenarios running, and %d are the most: name those to keep", len(r.scenarios), maxKeep)
	}
	if r.evidence != "" {
		if err := report.CheckEvidence(r.evidence); err != nil {
			return usage("--evidence: %w", err)
		}
	}
	return nil
}

// errTimeout is why a run was stopped.
type errTimeout time.Duration

func (e errTimeout) Error() string { return fmt.Sprintf("--timeout %s has passed", time.Duration(e)) }

// run runs the scenarios and reports, also when it is stopped in the middle.
func (r *running) run(ctx context.Context) error {
	head, results, ran, err := r.collect(ctx)
	done := report.New(head, results)
	return r.exit(done.ExitCode, errors.Join(err, r.writeRun(done, ran)))
}

// exit is the end of a run with an exit code, and trouble besides.
func (r *running) exit(code int, trouble error) error {
	if trouble != nil {
		code = output.Worse(code, output.Environment)
	}
	if code == output.OK {
		return nil
	}
	return errExit{code, trouble}
}

// collect runs the scenarios. Where none could be run the results say so of each.
func (r *running) collect(ctx context.Context) (head report.Run, results []experiment.Result, ran bool, err error) {
	head = report.Run{Lab: labVersion(), Started: time.Now(), Again: r.again, Sources: map[string]scenario.Scenario{}}
	for _, s := range r.scenarios {
		head.Sources[s.ID] = s
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.timeout, errTimeout(r.timeout))
	defer cancel()
	results, err = r.experiment(ctx, &head)
	r.progress.Done()
	if ran = results != nil; !ran {
		// Nothing was run. Whoever reads reports by program still gets one, and its reason.
		none, cancel := context.WithCancelCause(ctx)
		cancel(err)
		results = r.interrupted(none)
		head.Stop = report.Stop{Why: "nothing could be run", ExitCode: output.Environment}
	}
	head.Took = time.Since(head.Started) - r.measuring
	if head.Timings != nil {
		head.Timings.Complete(head.Took)
	}
	var late errTimeout
	if errors.As(context.Cause(ctx), &late) {
		head.Stop = report.Stop{Why: late.Error(), ExitCode: output.Inconclusive}
	}
	return head, results, ran, err
}

// experiment runs the scenarios. Without results nothing was run; with results an
// error is about cleaning up, or about an engine that went away.
func (r *running) experiment(ctx context.Context, head *report.Run) (results []experiment.Result, err error) {
	ready, err := session.Open(ctx, r.dialling, r.wanted())
	head.Engine = ready.Info
	head.Image, head.Servers = imageOf(ready.Image), map[string]report.Image{}
	for name, got := range ready.Servers.Images {
		head.Servers[name] = imageOf(got)
	}
	if err != nil {
		if ctx.Err() != nil {
			return r.interrupted(ctx), nil
		}
		return nil, err
	}
	defer func() { err = r.closeSession(ready, head, err) }()
	ctx = ready.Context()
	prepared := time.Since(head.Started)
	r.withoutImages(ready.Servers)
	r.options.Parallel, r.options.Open = ready.Parallel(r.options.Parallel, experiment.Trials(r.scenarios, r.options)), ready.Pool.Open
	// An image that cannot be used shows here, once.
	if err := ready.Pool.Warm(ctx, r.plainTestbeds()); err != nil {
		if ctx.Err() != nil {
			return r.interrupted(ctx), nil
		}
		return nil, err
	}
	if r.timings {
		head.Timings = &report.Timings{
			Parallel: r.options.Parallel, Cores: ready.Info.Cores,
			Preparing: protocol.Duration(prepared), Testbed: protocol.Duration(time.Since(head.Started) - prepared),
		}
		r.options.Seen = func(id string, seen trial.Observation) { head.Timings.Add(id, head.Sources[id].Server, seen) }
	}
	began := time.Now()
	results = r.trials(ctx, ready.Pool)
	if r.also != nil && ctx.Err() == nil {
		results = append([]experiment.Result{}, results...) // something was run, be it no scenario
		if err := r.also(ctx, ready.Pool, results); err != nil && ctx.Err() == nil {
			return results, err
		}
	}
	if head.Timings != nil {
		head.Timings.Running = protocol.Duration(time.Since(began))
		ready.Pool.Settle() // what is measured should not share the cores with removals, which count as the run's
		r.measure(ctx, ready.Pool, head.Timings)
	}
	head.Nginx = ready.Pool.Nginx()
	r.kept(ready.Pool, results, report.Client(ready.Info), ready.Run())
	r.stays(ready)
	return results, nil
}

// wanted is what the run needs.
func (r *running) wanted() session.Wanted {
	w := r.images
	w.Cache, w.Privileges, w.Lasts, w.Report = r.cache, r.allowed, r.timeout, r.progress
	return w
}

// closeSession closes what the run needed, and notes what testbeds have cost.
func (r *running) closeSession(ready *session.Session, head *report.Run, trouble error) error {
	gone := ready.Gone()
	closed := ready.Close(trouble)
	if head.Timings != nil {
		spent := ready.Pool.Times()
		head.Timings.Testbeds = spent.Started
		head.Timings.Start = protocol.Duration(spent.Starting) / protocol.Duration(max(spent.Started, 1))
		head.Timings.Removal = protocol.Duration(spent.Removing) / protocol.Duration(max(spent.Removed, 1))
	}
	if gone == nil {
		return errors.Join(trouble, closed)
	}
	head.Stop = report.Stop{Why: engine.ErrUnavailable.Error() + " any more", ExitCode: output.Environment}
	return fmt.Errorf("running the scenarios: %w", closed)
}

// interrupted is the results of a run that was stopped before its first trial.
func (r *running) interrupted(ctx context.Context) []experiment.Result {
	return experiment.Run(ctx, nil, r.scenarios, r.options)
}
