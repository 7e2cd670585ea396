package testbed_test

import (
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/labtest"
)

// Bare loops tell how fast they went, and leave a testbed as they found it.
func TestBareLoops(t *testing.T) {
	t.Parallel()
	pool := labtest.Pool(t)
	if err := pool.Warm(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	const lasts = 100 * time.Millisecond
	for _, loops := range []int{1, 8} {
		began := time.Now()
		rate, err := pool.Bare(t.Context(), loops, lasts)
		took := time.Since(began)
		if err != nil || rate < 1 || rate > 10_000 || took < lasts {
			t.Errorf("%d loops: %.1f rounds a second, %v, after %s", loops, rate, err, took)
		}
		t.Logf("%d loops: %.1f rounds a second", loops, rate)
	}
	if seen, err := pool.Run(t.Context(), simple(ownWords, nil)); err != nil || status(seen, 0) != 200 || pool.Times().Started != 1 {
		t.Errorf("afterwards, on one of %d testbeds: %v %+v", pool.Times().Started, err, seen)
	}
}
