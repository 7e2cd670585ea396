package main

import (
	"context"
	"slices"
	"time"

	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/testbed"
)

// The bare loops, alone and side by side: about a second in all. They take turns, and
// the medians count: one loop alone is now lucky with the cores that it wakes up on and
// now is not.
const (
	bareTurns    = 3
	bareAlone    = 150 * time.Millisecond
	bareBeside   = 200 * time.Millisecond
	maxBareLoops = 32 // all in one container; more of them overlap no better
)

// measure measures what the limit rests on.
func (r *running) measure(ctx context.Context, pool *testbed.Pool, t *report.Timings) {
	began := time.Now()
	defer func() { r.measuring = time.Since(began) }()
	if ctx.Err() != nil {
		return
	}
	var alone, beside []float64
	for range bareTurns {
		one, err := pool.Bare(ctx, 1, bareAlone)
		many := one
		if err == nil && t.Parallel > 1 {
			many, err = pool.Bare(ctx, min(t.Parallel, maxBareLoops), bareBeside)
		}
		if err != nil {
			r.progress.Warn("--timings: measuring a bare nginx: %v", err)
			return
		}
		alone, beside = append(alone, one), append(beside, many)
	}
	slices.Sort(alone)
	slices.Sort(beside)
	t.Measured(alone[bareTurns/2], beside[bareTurns/2])
}
