// Package image obtains images: from the engine, from a registry, or from packages of the
// host's distribution. It talks to the engine only through package engine, and runs no
// container.
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

// Pinned is the image with which lab's scenarios were verified.
const Pinned = "nginx:1.28.0"

// Source obtains images for one engine.
type Source struct {
	Engine engine.Images
	Info   engine.Info
	Cache  string // the folder for packages and the lock; "" is lab's folder in the user's cache directory
	Report func(engine.Progress)

	// An engine may wait for minutes for a registry that does not exist.
	firstWord time.Duration // how long to wait until something arrives; 0 means 20 s
	stall     time.Duration // how long to wait between two arrivals; 0 means 60 s

	assembling func(ctx context.Context, dir string, recipe Recipe) (string, error) // for tests
}

func (s *Source) report(p engine.Progress) {
	if s.Report != nil {
		s.Report(p)
	}
}

// cacheDir returns the folder in which packages are kept, or "" if the user has no cache
// directory.
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

// lock makes this the only lab process that obtains images with this cache, and returns the
// cache directory. If the cache cannot be written, a temporary directory is used instead. Two
// lab processes may then do the same work twice, which is slow but not wrong.
func (s *Source) lock(ctx context.Context) (dir string, unlock func(), err error) {
	if dir = s.cacheDir(); dir != "" {
		if dir, err = filepath.Abs(dir); err == nil {
			err = os.MkdirAll(dir, 0o755)
		}
		if err == nil {
			lock := flock.New(filepath.Join(dir, "obtain.lock"))
			held, err := lock.TryLock()
			if err == nil && !held {
				s.report(engine.Progress{What: "waiting for another lab process that is obtaining an image"})
				held, err = lock.TryLockContext(ctx, 100*time.Millisecond)
			}
			if ctx.Err() != nil {
				return "", nil, fmt.Errorf("waiting for another lab process that is obtaining an image: %w", context.Cause(ctx))
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
