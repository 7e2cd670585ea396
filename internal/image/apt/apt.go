// Package apt fetches packages of the host's distribution and reads their files. It needs no
// root and installs nothing. It uses the host's sources, proxies and keys, but has its own
// lists, cache and empty dpkg status, and it runs none of the host's hooks and no maintainer
// scripts.
package apt

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
)

// Host is the apt of this machine, working in a private directory.
type Host struct {
	Dir    string // for lists, archives and configuration; keeping it makes the next Fetch quick
	Arch   string // a value of GOARCH; it may differ from the host's
	Report func(engine.Progress)

	attr       *syscall.SysProcAttr // for tests: run apt as another user
	unfiltered bool                 // for tests: keep the hooks, to prove that the tests notice them
}

// Missing returns the names of the programs that Fetch and Package.Files need and that this
// machine does not have.
func Missing() []string {
	var missing []string
	for _, name := range []string{"apt-get", "apt-config", "dpkg-deb"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	return missing
}

// Fetch downloads the packages and everything they depend on, as for a machine with no
// packages. It does not download what Dir already holds. Only one Fetch at a time may work in
// a directory.
func (h *Host) Fetch(ctx context.Context, names ...string) ([]Package, error) {
	if missing := Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("fetching packages: this machine has no %s: run lab on a Debian or Ubuntu host", strings.Join(missing, ", "))
	}
	if err := h.prepare(ctx); err != nil {
		return nil, fmt.Errorf("preparing a private apt: %w", err)
	}
	// Several images may be fetched in a row, so lists that were updated a moment ago are used
	// as they are. If a package is missing from them, they are updated after all.
	if h.updatedLately() {
		if packages, err := h.fetch(ctx, names, nil); err == nil || ctx.Err() != nil {
			return packages, err
		}
	}
	h.report(engine.Progress{What: "updating package lists"})
	// The mirror may be unreachable although the lists and packages of the last time are here.
	// This error therefore matters only if a later step fails as well.
	updateErr := h.run(ctx, nil, "apt-get", "-q", "update")
	if ctx.Err() != nil {
		return nil, updateErr
	}
	if updateErr == nil {
		updateErr = h.write(stampFile, nil)
	}
	return h.fetch(ctx, names, updateErr)
}

// stampFile is written when the lists are updated.
const (
	stampFile = "updated"
	lately    = 10 * time.Minute
)

func (h *Host) updatedLately() bool {
	info, err := os.Stat(filepath.Join(h.Dir, stampFile))
	return err == nil && time.Since(info.ModTime()).Abs() < lately
}

// fetch fetches packages by the lists as they are. The error earlier is what went wrong when
// the lists were updated; it may be nil.
func (h *Host) fetch(ctx context.Context, names []string, earlier error) ([]Package, error) {
	packages, err := h.resolve(ctx, names)
	if err != nil {
		return nil, because(err, earlier)
	}
	if err := h.download(ctx, names, packages); err != nil {
		return nil, because(err, earlier)
	}
	// Without this, packages that the distribution has replaced would accumulate here.
	if err := h.run(ctx, nil, "apt-get", "-q", "autoclean"); err != nil {
		return nil, err
	}
	return packages, nil
}

func because(err, earlier error) error {
	if earlier == nil {
		return err
	}
	return fmt.Errorf("%w (before it, %w)", err, earlier)
}

// download fetches the packages that are not in the archive directory yet, and reports its
// progress.
func (h *Host) download(ctx context.Context, names []string, packages []Package) error {
	var count int
	var total int64
	for _, p := range packages {
		if info, err := os.Stat(p.File); err != nil || info.Size() != p.Bytes {
			// apt stops when a file has the wrong size, because it takes the file for one of
			// its own. Remove it first.
			_ = os.Remove(p.File)
			count++
			total += p.Bytes
		}
	}
	if count > 0 {
		what := fmt.Sprintf("fetching %d packages", count)
		base := h.archived()
		watch, stop := context.WithCancel(ctx)
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			for watch.Err() == nil {
				h.report(engine.Progress{What: what, Done: min(max(h.archived()-base, 0), total), Total: total})
				select {
				case <-watch.Done():
				case <-time.After(200 * time.Millisecond):
				}
			}
		}()
		err := h.run(ctx, nil, "apt-get", append([]string{"-q", "-y", "--download-only", "install", "--"}, names...)...)
		stop()
		<-watched
		if err != nil {
			return err
		}
		h.report(engine.Progress{What: what, Done: total, Total: total})
	}
	for _, p := range packages {
		if info, err := os.Stat(p.File); err != nil || info.Size() != p.Bytes {
			return fmt.Errorf("fetching %s: apt-get succeeded, but %s does not have the expected size of %d bytes", p.Name, p.File, p.Bytes)
		}
	}
	return nil
}

// archived returns the total size of the files in the archive directory, both complete and
// partial.
func (h *Host) archived() int64 {
	var sum int64
	for _, pattern := range []string{"*.deb", "partial/*"} {
		files, _ := filepath.Glob(filepath.Join(h.Dir, "archives", pattern))
		for _, file := range files {
			if info, err := os.Stat(file); err == nil {
				sum += info.Size()
			}
		}
	}
	return sum
}

func (h *Host) report(p engine.Progress) {
	if h.Report != nil {
		h.Report(p)
	}
}
