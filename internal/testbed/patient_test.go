package testbed

import (
	"testing"
	"time"
)

// The longer a process had to wait, the longer its log is waited for, within bounds.
func TestPatient(t *testing.T) {
	for stall, want := range map[time.Duration]time.Duration{
		0: 2 * time.Second, 100 * time.Millisecond: 3 * time.Second, time.Second: 12 * time.Second, time.Hour: 20 * time.Second,
	} {
		if got := (&live{stall: stall}).patient(2 * time.Second); got != want {
			t.Errorf("after a wait of %s: %s, want %s", stall, got, want)
		}
	}
}
