package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/gatewaylab/lab/internal/engine"
)

// The states of what lab has on an engine.
const (
	Live    = "live"    // its run goes on
	Kept    = "kept"    // its run is over and left it running, until its expiry
	Dead    = "dead"    // its run was killed
	Expired = "expired" // past its expiry, whosever it is
)

// Leftover is a container or a network of lab's on the engine.
type Leftover struct {
	Run     string
	Kind    string // "container" or "network"
	ID      string
	Name    string
	Role    string // "nginx", "backend" or ""
	State   string // the engine's word: "running", "created", …; of a network "" or "unused"
	Created time.Time
	Expires time.Time
	Status  string // Live, Kept, Dead or Expired
}

// List finds everything of lab's on the engine. cache is the folder with the
// lock files of this machine's runs.
func List(ctx context.Context, e engine.Containers, cache string) ([]Leftover, error) {
	containers, err := e.List(ctx, engine.LabelRun, "")
	if err != nil {
		return nil, err
	}
	networks, err := e.Networks(ctx, engine.LabelRun, "")
	if err != nil {
		return nil, err
	}
	var found []Leftover
	for _, c := range containers {
		found = append(
			found,
			classify(Leftover{Kind: "container", ID: c.ID, Name: c.Name, State: c.State, Created: c.Created}, c.Labels, cache),
		)
	}
	for _, n := range networks {
		one := Leftover{Kind: "network", ID: n.ID, Name: n.Name, Created: n.Created}
		if !slices.ContainsFunc(containers, func(c engine.Container) bool { return sameTestbed(c.Labels, n.Labels) }) {
			one.State = unused
		}
		found = append(found, classify(one, n.Labels, cache))
	}
	return found, nil
}

func sameTestbed(a, b map[string]string) bool {
	return a[engine.LabelRun] == b[engine.LabelRun] && a[engine.LabelTestbed] == b[engine.LabelTestbed]
}

// unused is the state of a network without containers, not even created ones.
const unused = "unused"

// startsWithin: a container that was created and not started for so long never will
// be, whosever it is; nor will a network that is unused for so long ever be used.
const startsWithin = 10 * time.Minute

// classify decides whose a leftover is. A run that ended removes its lock file,
// so a file that nobody holds belongs to one that was killed. No file: the run
// ended and kept its testbed, or it is another machine's: the expiry decides.
func classify(l Leftover, labels map[string]string, cache string) Leftover {
	l.Run, l.Role = labels[engine.LabelRun], labels[engine.LabelRole]
	expires, err := time.Parse(time.RFC3339, labels[engine.LabelExpires])
	l.Expires = expires
	living, known := alive(cache, l.Run)
	switch {
	case err != nil || time.Now().After(expires):
		l.Status = Expired
	case known && living:
		l.Status = Live
	case known:
		l.Status = Dead
	case (l.State == "created" || l.State == unused) && time.Since(l.Created) > startsWithin:
		l.Status = Dead
	default:
		l.Status = Kept
	}
	return l
}

// Remove removes leftovers, networks last: they cannot go before their containers.
func Remove(ctx context.Context, e engine.Containers, leftovers []Leftover) error {
	var failed []error
	for _, kind := range []string{"container", "network"} {
		for _, l := range leftovers {
			var err error
			switch {
			case l.Kind != kind:
			case kind == "container":
				err = e.Remove(ctx, l.ID)
			default:
				err = e.RemoveNetwork(ctx, l.ID)
			}
			if err != nil {
				failed = append(failed, fmt.Errorf("removing %s %s: %w", kind, l.Name, err))
			}
		}
	}
	return errors.Join(failed...)
}

// Sweep removes what killed and expired runs left behind, and never anything of a
// live one. It returns what it removed.
func Sweep(ctx context.Context, e engine.Containers, cache string) ([]Leftover, error) {
	found, err := List(ctx, e, cache)
	if err != nil {
		return nil, err
	}
	var old []Leftover
	for _, l := range found {
		if l.Status == Dead || l.Status == Expired {
			old = append(old, l)
		}
	}
	if err := Remove(ctx, e, old); err != nil {
		return old, err
	}
	return old, sweepLocks(cache)
}

// sweepLocks removes the lock files of killed runs: the first sweep marks a file, a
// later one removes it. The engine may still be making what the killed run has asked
// it for, and without the file nobody would know that to be a dead run's.
func sweepLocks(cache string) error {
	files, err := os.ReadDir(locksDir(cache))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sweeping lock files: %w", err)
	}
	for _, f := range files {
		path := filepath.Join(locksDir(cache), f.Name())
		info, err := f.Info()
		// A file this young may be a run's that has made it and not locked it yet.
		if err != nil || !strings.HasSuffix(f.Name(), ".lock") || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		// Not made anew: its run may end, and remove it, this very moment.
		lock := flock.New(path, flock.SetFlag(os.O_RDWR))
		if free, err := lock.TryLock(); err != nil || !free {
			continue
		}
		if marked := info.Size() > 0; marked {
			_ = os.Remove(path)
		} else if mark, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			_, _ = mark.WriteString("dead\n")
			_ = mark.Close()
		}
		_ = lock.Unlock()
	}
	return nil
}

// Describe says how many containers and networks there are in a list.
func Describe(list []Leftover) string {
	count := map[string]int{}
	for _, l := range list {
		count[l.Kind]++
	}
	var parts []string
	for _, kind := range []string{"container", "network"} {
		switch n := count[kind]; {
		case n == 1:
			parts = append(parts, "1 "+kind)
		case n > 1 || kind == "container":
			parts = append(parts, fmt.Sprintf("%d %ss", n, kind))
		}
	}
	return strings.Join(parts, " and ")
}
