package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gatewaylab/lab/internal/agent"
	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/testbed"
	"github.com/gatewaylab/lab/internal/trial"
	"github.com/gatewaylab/lab/scenarios"
)

// fresh runs each trial on a pair of containers of its own: what lab would be if it
// did not keep them warm.
type fresh struct {
	equipment testbed.Equipment
	trials    atomic.Int64
}

func (f *fresh) Retire() {}

func (f *fresh) Run(ctx context.Context, what trial.Trial, _ func(trial.Observation) bool) (trial.Observation, error) {
	number := int(f.trials.Add(1))
	t, err := testbed.Start(ctx, f.equipment, number, testbed.KindOf(what))
	if err != nil {
		return trial.Observation{Trial: what.Name}, err
	}
	seen, err := t.Run(ctx, fmt.Sprintf("%s-f%d", f.equipment.Owner.Run, number), what, nil)
	if removed := t.Remove(); err == nil {
		err = removed
	}
	return seen, err
}

// runFresh runs the scenarios of lab's own backends that way, so many trials at a time.
func runFresh(parallel int) (took time.Duration, trials int, err error) {
	ctx := context.Background()
	e, err := docker.Dial(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer e.Close()
	info, err := e.Info(ctx)
	if err != nil {
		return 0, 0, err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return 0, 0, err
	}
	cache := filepath.Join(dir, "lab")
	source := image.Source{Engine: e, Info: info, Cache: cache}
	obtained, err := source.Obtain(ctx, image.Nginx(), "")
	if err != nil {
		return 0, 0, err
	}
	binary, err := agent.Source{Cache: cache, Report: func(what string) { fmt.Fprintln(os.Stderr, what) }}.Binary(ctx, info.Arch)
	if err != nil {
		return 0, 0, err
	}
	certificates, err := certificate.Make(time.Now())
	if err != nil {
		return 0, 0, err
	}
	owner, err := testbed.NewOwner(cache, time.Now().Add(time.Hour))
	if err != nil {
		return 0, 0, err
	}
	defer owner.Release()
	all, err := scenario.Load(scenarios.FS)
	if err != nil {
		return 0, 0, err
	}
	all = slices.DeleteFunc(all, func(s scenario.Scenario) bool { return s.Server != "" })
	runner := &fresh{equipment: testbed.Equipment{Engine: e, Image: obtained.Name, Agent: binary, Certificates: certificates, Owner: owner}}
	began := time.Now()
	results := experiment.Run(ctx, runner, all, experiment.Options{Parallel: parallel})
	took = time.Since(began)
	for _, r := range results {
		if r.Verdict != experiment.Verified {
			return 0, 0, fmt.Errorf("%s is %s: %s", r.ID, r.Verdict, r.Reason)
		}
	}
	return took, int(runner.trials.Load()), nil
}
