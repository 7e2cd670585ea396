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

// Load is a way to keep a machine busy beside a test.
type Load string

// The kinds of load.
const (
	CPU        Load = "cpu"        // a loop on every core
	Disk       Load = "disk"       // files that are written, and waited for until they are on the disk
	Memory     Load = "memory"     // files that are read anew, and pages of other programs that are dropped for them
	Containers Load = "containers" // containers that come and go
)

// Loads is every kind of load.
var Loads = []Load{CPU, Disk, Memory, Containers}

// loadLimit bounds a load that its test forgets.
const loadLimit = 3 * time.Hour

const (
	diskWriters = 4
	fileSize    = 8 << 20  // of one file that is written
	cacheSize   = 96 << 20 // of the file that is read anew
)

// Busy keeps the machine busy in these ways until the returned function is called, or the
// test ends. What it needs is in a temporary folder, or on the engine under a run of its
// own. It reports how often each kind did its work: a load that does nothing is none.
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
			t.Fatalf("no such load: %s", load)
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

// burn keeps a core busy for a second, in a process of its own: the test's should not
// starve itself.
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

// dropCaches is where the kernel is told to forget what it has read of every file; root
// may. Where it may not be told, reading a large file pushes out what others have read.
const dropCaches = "/proc/sys/vm/drop_caches"

// readAnew has the kernel forget what it has read, and reads a large file.
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
		// Also when the load is over: nothing of it stays.
		clear, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := e.Remove(clear, id); err != nil {
			return err
		}
		return started
	}
}
