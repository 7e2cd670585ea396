// Package apt fetches packages of the host's distribution and reads their files, with
// no root and nothing installed: the host's sources, proxies and keys, but private
// lists, a private cache, an empty dpkg status and none of the host's hooks. It never
// installs and never runs a maintainer script.
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

// Host is the machine's own apt, working in a private directory.
type Host struct {
	Dir    string // lists, archives and configuration; kept, it makes the next Fetch quick
	Arch   string // as in GOARCH; it need not be the host's
	Report func(engine.Progress)

	attr       *syscall.SysProcAttr // for tests: another user
	unfiltered bool                 // for tests: hooks stay, to see that the tests notice
}

// Missing names the programs that Fetch and Package.Files need and that are not here.
func Missing() []string {
	var missing []string
	for _, name := range []string{"apt-get", "apt-config", "dpkg-deb"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	return missing
}

// Fetch downloads the packages and all they depend on, as onto an empty machine.
// What Dir already holds is not fetched again. One Fetch at a time works in a Dir.
func (h *Host) Fetch(ctx context.Context, names ...string) ([]Package, error) {
	if missing := Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("fetching packages: this machine has no %s (it takes a Debian or Ubuntu host)", strings.Join(missing, ", "))
	}
	if err := h.prepare(ctx); err != nil {
		return nil, fmt.Errorf("preparing a private apt: %w", err)
	}
	// Several images are fetched in a row. What is missing from lists of a moment ago is
	// looked for in new ones.
	if h.updatedLately() {
		if packages, err := h.fetch(ctx, names, nil); err == nil || ctx.Err() != nil {
			return packages, err
		}
	}
	h.report(engine.Progress{What: "updating package lists"})
	// A mirror may be away while the lists and packages of last time are here, so this
	// error counts only if what follows fails.
	updateErr := h.run(ctx, nil, "apt-get", "-q", "update")
	if ctx.Err() != nil {
		return nil, updateErr
	}
	if updateErr == nil {
		updateErr = h.write(stampFile, nil)
	}
	return h.fetch(ctx, names, updateErr)
}

// stampFile was written when the lists were updated.
const (
	stampFile = "updated"
	lately    = 10 * time.Minute
)

func (h *Host) updatedLately() bool {
	info, err := os.Stat(filepath.Join(h.Dir, stampFile))
	return err == nil && time.Since(info.ModTime()).Abs() < lately
}

// fetch fetches what the lists name. earlier is what went wrong with them.
func (h *Host) fetch(ctx context.Context, names []string, earlier error) ([]Package, error) {
	packages, err := h.resolve(ctx, names)
	if err != nil {
		return nil, because(err, earlier)
	}
	if err := h.download(ctx, names, packages); err != nil {
		return nil, because(err, earlier)
	}
	// Superseded packages would pile up here with every update of the distribution.
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

// download fetches what is not in the archive directory yet and reports how far it is.
func (h *Host) download(ctx context.Context, names []string, packages []Package) error {
	var count int
	var total int64
	for _, p := range packages {
		if info, err := os.Stat(p.File); err != nil || info.Size() != p.Bytes {
			// apt takes a file of the wrong size for its own and stops; remove it first.
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
			return fmt.Errorf("fetching %s: apt-get ended well, but %s is not the %d bytes it should be", p.Name, p.File, p.Bytes)
		}
	}
	return nil
}

// archived sums what is in the archive directory, whole and partial.
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
