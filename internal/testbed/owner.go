package testbed

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"github.com/gatewaylab/lab/internal/engine"
)

// Owner is the run that containers belong to. While its process lives it holds a
// lock on a file, so that others on the same machine can tell a live run from a
// dead one, whatever happened to process ids in between; from other machines
// only the expiry tells.
type Owner struct {
	Run     string
	Expires time.Time
	lock    *flock.Flock
}

// locksDir is the folder of the owners' lock files in lab's cache.
func locksDir(cache string) string { return filepath.Join(cache, "runs") }

// NewOwner makes the owner of a run that is over, one way or another, by expires.
func NewOwner(cache string, expires time.Time) (Owner, error) {
	var id [4]byte
	_, _ = rand.Read(id[:]) // crypto/rand does not fail since Go 1.24
	o := Owner{Run: hex.EncodeToString(id[:]), Expires: expires}
	if err := os.MkdirAll(locksDir(cache), 0o755); err != nil {
		return Owner{}, fmt.Errorf("making the folder of runs: %w", err)
	}
	o.lock = flock.New(filepath.Join(locksDir(cache), o.Run+".lock"))
	// Another lab that looks whether this run lives holds the lock for an instant.
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := o.lock.TryLockContext(ctx, time.Millisecond); err != nil {
		return Owner{}, fmt.Errorf("locking the run %s: %w", o.Run, err)
	}
	return o, nil
}

// Release ends the ownership. The file goes before the lock: whoever sees it
// without one takes the run for killed, and removes the testbeds that it kept.
func (o Owner) Release() error {
	err := os.Remove(o.lock.Path())
	if unlocked := o.lock.Unlock(); unlocked != nil {
		return fmt.Errorf("releasing the run %s: %w", o.Run, unlocked)
	}
	if err != nil {
		err = os.Remove(o.lock.Path()) // Windows keeps a file that is open
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("releasing the run %s: %w", o.Run, err)
	}
	return nil
}

// Abandon ends the ownership as a killed run does: the lock file stays, and with it
// everyone knows that what is left on the engine is to be swept.
func (o Owner) Abandon() error {
	if err := o.lock.Unlock(); err != nil {
		return fmt.Errorf("abandoning the run %s: %w", o.Run, err)
	}
	return nil
}

func (o Owner) labels(number int) map[string]string {
	return map[string]string{
		engine.LabelRun:     o.Run,
		engine.LabelExpires: o.Expires.UTC().Format(time.RFC3339),
		engine.LabelTestbed: strconv.Itoa(number),
	}
}

// alive reports whether the run's process lives: true, false, or not known,
// since it may be a process of another machine.
func alive(cache, run string) (yes, known bool) {
	path := filepath.Join(locksDir(cache), filepath.Base(run)+".lock")
	before, err := os.Stat(path)
	if err != nil {
		return false, false
	}
	// Never made anew: the run may end, and remove its file, this very moment.
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	free, err := lock.TryLock()
	if err != nil {
		return false, false
	}
	if !free {
		return true, true
	}
	defer func() { _ = lock.Unlock() }()
	after, err := os.Stat(path)
	return false, err == nil && os.SameFile(before, after)
}
