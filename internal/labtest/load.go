package labtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
)

// Load is a way to keep a machine busy during a test.
type Load string

const (
	CPU        Load = "cpu"        // a busy loop on every core
	Disk       Load = "disk"       // files that are written and flushed to the disk
	Memory     Load = "memory"     // files that are read again from the disk, which pushes pages of other programs out of memory
	Containers Load = "containers" // containers that are made and removed
)

// Loads lists every kind of load.
var Loads = []Load{CPU, Disk, Memory, Containers}

// loadLimit ends a load that a test has forgotten to end.
const loadLimit = 3 * time.Hour

const (
	diskWriters = 4
	fileSize    = 8 << 20  // of each file that is written
	cacheSize   = 96 << 20 // of the file that is read again
)

// Busy keeps the machine busy in these ways until the returned function is called or the test
// ends. What it needs is in a temporary folder, or on the engine with a run id of its own. The
// returned function returns how often each kind did its work, because a load that does nothing
// is no load.
func Busy(t testing.TB, loads ...Load) (stop func() map[Load]int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), loadLimit)
	dir := t.TempDir()
	var all sync.WaitGroup
	var mu sync.Mutex
	done := map[Load]int{}
	repeat := func(load Load, work func() error) {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := work(); err != nil {
					if ctx.Err() == nil {
						t.Errorf("the load %s: %v", load, err)
					}
					return
				}
				mu.Lock()
				done[load]++
				mu.Unlock()
			}
		})
	}
	for _, load := range loads {
		switch load {
		case CPU:
			for range runtime.NumCPU() {
				repeat(load, func() error { return burn(ctx) })
			}
		case Disk:
			for i := range diskWriters {
				repeat(load, func() error { return writeThrough(filepath.Join(dir, fmt.Sprint("disk-", i))) })
			}
		case Memory:
			repeat(load, func() error { return readAnew(ctx, filepath.Join(dir, "cache")) })
		case Containers:
			churn := newChurn(t)
			repeat(load, func() error { return churn(ctx) })
		default:
			t.Fatalf("there is no load called %s", load)
		}
	}
	stop = sync.OnceValue(func() map[Load]int {
		cancel()
		all.Wait()
		return done
	})
	t.Cleanup(func() { stop() })
	return stop
}

// burn keeps a core busy for a second. It runs in a process of its own, so that the test does
// not starve itself.
func burn(ctx context.Context) error {
	turn, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := exec.CommandContext(turn, "sh", "-c", "while :; do :; done").Run(); turn.Err() == nil {
		return fmt.Errorf("the loop ended: %w", err)
	}
	return nil
}

// writeThrough writes a file and waits until it is on the disk.
func writeThrough(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	for written := 0; written < fileSize; written += len(block) {
		if _, err := f.Write(block); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return os.Remove(path)
}

// dropCaches is the file through which root can tell the kernel to forget the contents of all
// files that it has read. Without root, reading a large file pushes the contents of other
// files out of memory.
const dropCaches = "/proc/sys/vm/drop_caches"

// readAnew makes the kernel forget what it has read, and reads a large file.
func readAnew(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		if err := os.WriteFile(path, make([]byte, cacheSize), 0o600); err != nil {
			return err
		}
	}
	_ = os.WriteFile(dropCaches, []byte("1"), 0)
	if _, err := os.ReadFile(path); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(50 * time.Millisecond):
	}
	return nil
}

// newChurn returns a function that makes, starts and removes a container.
func newChurn(t testing.TB) func(context.Context) error {
	e := Engine(t)
	equipment := Equipment(t, e, Image(t, e).Name)
	spec := engine.ContainerSpec{
		Name: "lab-load-" + equipment.Owner.Run, Image: equipment.Image, Command: []string{"/bin/true"}, Network: "none",
		Labels: map[string]string{
			engine.LabelRun: equipment.Owner.Run, engine.LabelExpires: equipment.Owner.Expires.UTC().Format(time.RFC3339),
		},
	}
	return func(ctx context.Context) error {
		id, err := e.Create(ctx, spec)
		if err != nil {
			return err
		}
		started := e.Start(ctx, id)
		// This must work even if the load is over, so that nothing of it is left.
		clear, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := e.Remove(clear, id); err != nil {
			return err
		}
		return started
	}
}
