package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/session"
	"github.com/gatewaylab/lab/scenarios"
)

// said writes what a session reports to stderr, but for the details.
type said struct{}

func (said) Line(format string, args ...any)   { fmt.Fprintf(os.Stderr, format+"\n", args...) }
func (said) Detail(string, ...any)             {}
func (s said) Warn(format string, args ...any) { s.Line(format, args...) }
func (said) Bytes(engine.Progress)             {}
func (said) Done()                             {}

// runFresh runs the scenarios of lab's own backends, each trial on a pair of containers of
// its own, so many trials at a time: what lab would be if it did not keep them warm.
func runFresh(parallel int) (took time.Duration, trials int, err error) {
	ctx := context.Background()
	dir, err := os.UserCacheDir()
	if err != nil {
		return 0, 0, err
	}
	wanted := session.Wanted{Cache: filepath.Join(dir, "lab"), Fresh: true, Lasts: time.Hour, Report: said{}}
	open, err := session.Open(ctx, session.Dial(ctx), wanted)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, open.Close(nil)) }()
	all, err := scenario.Load(scenarios.FS)
	if err != nil {
		return 0, 0, err
	}
	all = slices.DeleteFunc(all, func(s scenario.Scenario) bool { return s.Server != "" })
	began := time.Now()
	results := experiment.Run(ctx, open.Pool, all, experiment.Options{Parallel: parallel})
	took = time.Since(began)
	for _, r := range results {
		trials += len(r.Trials)
		if r.Verdict != experiment.Verified {
			return 0, 0, fmt.Errorf("%s is %s: %s", r.ID, r.Verdict, r.Reason)
		}
	}
	return took, trials, nil
}
