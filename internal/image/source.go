// Package image says where images come from: the engine, a registry, or the packages of
// the host's distribution. It does not talk to an engine itself and runs no container.
package image

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/gatewaylab/lab/internal/engine"
)

// Pinned is the image that lab's scenarios were verified with.
const Pinned = "nginx:1.28.0"

// Source obtains images for one engine.
type Source struct {
	Engine engine.Images
	Info   engine.Info
	Cache  string // packages and the lock; "" is lab's folder in the user's cache
	Report func(engine.Progress)

	// A registry that does not exist may leave the engine waiting for minutes.
	firstWord time.Duration // until something arrives; 0 is 20 s
	stall     time.Duration // between two arrivals; 0 is 60 s

	assembling func(ctx context.Context, dir string, recipe Recipe) (string, error) // for tests
}

func (s *Source) report(p engine.Progress) {
	if s.Report != nil {
		s.Report(p)
	}
}

// cacheDir is where packages are kept; "" if the user has no cache directory.
func (s *Source) cacheDir() string {
	if s.Cache != "" {
		return s.Cache
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "lab")
}

// lock makes this the only lab that obtains images with this cache, and returns the
// cache. Where none can be written a private directory serves for this once; two labs
// may then do the same work twice, which is slow and not wrong.
func (s *Source) lock(ctx context.Context) (dir string, unlock func(), err error) {
	if dir = s.cacheDir(); dir != "" {
		if dir, err = filepath.Abs(dir); err == nil {
			err = os.MkdirAll(dir, 0o755)
		}
		if err == nil {
			lock := flock.New(filepath.Join(dir, "obtain.lock"))
			held, err := lock.TryLock()
			if err == nil && !held {
				s.report(engine.Progress{What: "waiting for another lab that is obtaining an image"})
				held, err = lock.TryLockContext(ctx, 100*time.Millisecond)
			}
			if ctx.Err() != nil {
				return "", nil, fmt.Errorf("waiting for another lab that is obtaining an image: %w", context.Cause(ctx))
			}
			if err == nil && held {
				return dir, func() { _ = lock.Close() }, nil
			}
		}
	}
	dir, err = os.MkdirTemp("", "lab-cache-")
	if err != nil {
		return "", nil, fmt.Errorf("making a directory for packages: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
