package testbed

import (
	"archive/tar"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
)

func newOwner(t *testing.T, cache string) Owner {
	t.Helper()
	o, err := NewOwner(cache, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// killed leaves what a killed run leaves: its lock file, which nobody holds.
func killed(t *testing.T, cache, run string) string {
	t.Helper()
	path := filepath.Join(locksDir(cache), run+".lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAlive(t *testing.T) {
	cache := t.TempDir()
	check := func(run string, wantYes, wantKnown bool) {
		t.Helper()
		if yes, known := alive(cache, run); yes != wantYes || known != wantKnown {
			t.Errorf("alive(%s) = %v, %v, want %v, %v", run, yes, known, wantYes, wantKnown)
		}
	}
	check("other-machine", false, false)
	o := newOwner(t, cache)
	check(o.Run, true, true)
	check("../../"+o.Run, true, true) // a label is anyone's text: only files of the folder count
	if err := o.Release(); err != nil {
		t.Fatal(err)
	}
	check(o.Run, false, false)
	killed(t, cache, "dead")
	check("dead", false, true)
	check("dead", false, true) // looking changes nothing
	if files, err := os.ReadDir(locksDir(cache)); err != nil || len(files) != 1 {
		t.Errorf("lock files: %v, %v", files, err)
	}
}

// A run that ends in good order is at no moment taken for a killed one: others
// would remove the testbeds that it kept.
func TestReleaseIsNeverADeath(t *testing.T) {
	cache := t.TempDir()
	for range 300 {
		o := newOwner(t, cache)
		var watching, started sync.WaitGroup
		stop := make(chan struct{})
		for range 2 {
			started.Add(1)
			watching.Go(func() {
				for first := true; ; first = false {
					if yes, known := alive(cache, o.Run); known && !yes {
						t.Error("taken for killed")
						return
					}
					if first {
						started.Done()
					}
					select {
					case <-stop:
						return
					default:
					}
				}
			})
		}
		started.Wait()
		if err := o.Release(); err != nil {
			t.Error(err)
		}
		close(stop)
		watching.Wait()
		if _, err := os.Stat(o.lock.Path()); err == nil {
			t.Fatal("a lock file is left; the run would be taken for killed from now on")
		}
		if t.Failed() {
			return
		}
	}
}

func TestClassify(t *testing.T) {
	cache := t.TempDir()
	live := newOwner(t, cache)
	defer func() { _ = live.Release() }()
	killed(t, cache, "dead")
	later, earlier := time.Now().Add(time.Hour).UTC(), time.Now().Add(-time.Second).UTC()
	for _, test := range []struct {
		run, expires, want string
	}{
		{live.Run, later.Format(time.RFC3339), Live},
		{"dead", later.Format(time.RFC3339), Dead},
		{"other-machine", later.Format(time.RFC3339), Kept},
		{"other-machine", earlier.Format(time.RFC3339), Expired},
		{live.Run, earlier.Format(time.RFC3339), Expired},
		{"other-machine", "tomorrow", Expired},
		{"", "", Expired},
	} {
		labels := map[string]string{engine.LabelRun: test.run, engine.LabelExpires: test.expires, engine.LabelRole: "nginx"}
		if got := classify(Leftover{}, labels, cache); got.Status != test.want || got.Run != test.run || got.Role != "nginx" {
			t.Errorf("%+v is %+v", test, got)
		}
	}
	// One that was made and never started is nobody's, unless its run lives.
	for run, want := range map[string]string{live.Run: Live, "other-machine": Dead} {
		labels := map[string]string{engine.LabelRun: run, engine.LabelExpires: later.Format(time.RFC3339)}
		never := Leftover{State: "created", Created: time.Now().Add(-startsWithin - time.Second)}
		if got := classify(never, labels, cache); got.Status != want {
			t.Errorf("never started, run %q: %q, want %q", run, got.Status, want)
		}
		never.State = unused
		if got := classify(never, labels, cache); got.Status != want {
			t.Errorf("never used, run %q: %q, want %q", run, got.Status, want)
		}
		never.Created = time.Now()
		if got := classify(never, labels, cache); got.Status == Dead {
			t.Errorf("made just now, run %q: %q", run, got.Status)
		}
	}
}

func TestSweepLocks(t *testing.T) {
	cache := t.TempDir()
	if err := sweepLocks(cache); err != nil {
		t.Errorf("no folder yet: %v", err)
	}
	live := newOwner(t, cache)
	defer func() { _ = live.Release() }()
	young, old := killed(t, cache, "young"), killed(t, cache, "old")
	other := filepath.Join(locksDir(cache), "README")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	for _, path := range []string{old, live.lock.Path(), other} {
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	sweep := func(oldStays bool) {
		t.Helper()
		if err := sweepLocks(cache); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]bool{live.lock.Path(): true, young: true, other: true, old: oldStays} {
			if _, err := os.Stat(path); (err == nil) != want {
				t.Errorf("%s: %v, want it kept: %v", filepath.Base(path), err, want)
			}
		}
	}
	// What the engine finishes after the first sweep is still known as a dead run's.
	sweep(true)
	sweep(true)
	if yes, known := alive(cache, "old"); yes || !known {
		t.Errorf("a swept run is alive: %v, known: %v", yes, known)
	}
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	sweep(false)
}

func TestAgentTar(t *testing.T) {
	r := tar.NewReader(agentTar([]byte("program")))
	type entry struct {
		name string
		kind byte
		mode int64
		text string
	}
	var got []entry
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r)
		got = append(got, entry{h.Name, h.Typeflag, h.Mode, string(text)})
	}
	if want := []entry{{"run/", tar.TypeDir, 0o755, ""}, {"lab-agent", tar.TypeReg, 0o755, "program"}}; !slices.Equal(got, want) {
		t.Errorf("agentTar = %+v, want %+v", got, want)
	}
}

func TestClosedPool(t *testing.T) {
	p := NewPool(Equipment{})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Warm(context.Background(), 1); err == nil {
		t.Error("a closed pool starts testbeds")
	}
	if err := p.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}
