package image

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/image/apt"
)

// maxLayer bounds what packages may unpack to; Node.js is the largest, far below it.
const maxLayer = 2 << 30

// layer writes packages into one tar. A distribution's packages are not a root file
// system yet: the links of the merged /usr, the users and the runtime directories come
// from maintainer scripts, which are not run here.
type layer struct {
	tar   *tar.Writer
	seen  map[string]bool
	bytes int64
	keep  []string // of what is dropped
	omit  []string // besides
}

// merged are the directories that Debian's packages may still fill and that are links
// to below usr. Two files under two names would hide one another in the image.
var merged = map[string]bool{"bin": true, "sbin": true, "lib": true, "lib32": true, "lib64": true, "libx32": true, "libo32": true}

// dropped is what nothing in a lab reads. Licences (usr/share/doc/*/copyright) stay:
// they go where the programs go.
var dropped = []string{
	"usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian", "usr/share/doc-base",
	"usr/share/bug", "usr/share/apport", "usr/share/bash-completion", "usr/share/vim", "usr/share/pixmaps",
	"usr/share/initramfs-tools", "usr/include", "usr/lib/systemd", "etc/init.d", "etc/systemd",
	"etc/logrotate.d", "etc/ufw", "etc/apt", "etc/cron.d", "etc/cron.daily",
}

// place says where a package's file goes; "" is nowhere. What lies below keep stays.
func place(name string, keep ...string) string {
	name = path.Clean("/" + name)[1:]
	first, rest, deeper := strings.Cut(name, "/")
	if merged[first] {
		if !deeper {
			return "" // the directory itself: a link, which we write
		}
		name = "usr/" + first + "/" + rest
	}
	if below(name, dropped) && !below(name, keep) {
		return ""
	}
	if doc, ok := strings.CutPrefix(name, "usr/share/doc/"); ok && strings.Contains(doc, "/") && path.Base(doc) != "copyright" {
		return ""
	}
	return name
}

// below reports whether a file is one of the folders, or in one of them.
func below(name string, folders []string) bool {
	return slices.ContainsFunc(folders, func(dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") })
}

// add writes one file of a package. What is there already stays: the skeleton comes
// first, and every package brings the same directories.
func (l *layer) add(header *tar.Header, content io.Reader) error {
	name := place(header.Name, l.keep...)
	if name == "" || l.seen[name] || below(name, l.omit) {
		return nil
	}
	copied := *header
	copied.Name, copied.Format = name, tar.FormatUnknown
	switch header.Typeflag {
	case tar.TypeDir:
		copied.Name += "/"
	case tar.TypeReg:
		if l.bytes += header.Size; l.bytes > maxLayer {
			return fmt.Errorf("the packages unpack to more than %d MB", maxLayer>>20)
		}
	case tar.TypeLink:
		if copied.Linkname = place(header.Linkname, l.keep...); !l.seen[copied.Linkname] {
			return fmt.Errorf("%s is a hard link to %q, which is not in the layer", name, header.Linkname)
		}
	case tar.TypeSymlink:
	default:
		return nil // devices and pipes: the engine makes /dev
	}
	l.seen[name] = true
	if err := l.tar.WriteHeader(&copied); err != nil {
		return err
	}
	if header.Typeflag != tar.TypeReg {
		return nil
	}
	_, err := io.Copy(l.tar, content)
	return err
}

// file, dir and link write what is ours. The date is fixed: the same packages make the same layer.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func (l *layer) file(name, text string, mode int64) error {
	return l.add(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(text)), ModTime: epoch}, strings.NewReader(text))
}

func (l *layer) dir(name string, mode int64, owner int) error {
	return l.add(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: owner, Gid: owner, ModTime: epoch}, nil)
}

// link does not go through place: the links of the merged /usr are what place leaves out.
func (l *layer) link(name, target string) error {
	if l.seen[name] {
		return nil
	}
	l.seen[name] = true
	return l.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777, ModTime: epoch})
}

// writeLayer writes the whole layer: skeleton, packages, then busybox's names where no
// package has a program of that name. unpacked is told how many bytes of packages are done.
func writeLayer(ctx context.Context, w io.Writer, arch string, recipe Recipe, packages []apt.Package, unpacked func(int64)) error {
	l := &layer{tar: tar.NewWriter(w), seen: map[string]bool{}, keep: recipe.Keep, omit: recipe.Omit}
	if err := l.skeleton(arch, recipe); err != nil {
		return fmt.Errorf("writing the layer's skeleton: %w", err)
	}
	var done int64
	for _, p := range packages {
		if err := p.Files(ctx, l.add); err != nil {
			return err
		}
		done += p.Bytes
		unpacked(done)
	}
	if err := l.links(recipe.Links); err != nil {
		return err
	}
	if err := l.busybox(); err != nil {
		return fmt.Errorf("writing busybox's names: %w", err)
	}
	return l.tar.Close()
}

// links writes what maintainer scripts would have linked. The target of a pattern is the
// first file that fits.
func (l *layer) links(links map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(links)) {
		if strings.HasPrefix(links[name], "/") {
			if err := l.link(name, links[name]); err != nil {
				return fmt.Errorf("linking %s: %w", name, err)
			}
			continue
		}
		var target string
		for _, file := range slices.Sorted(maps.Keys(l.seen)) {
			if fits, err := path.Match(links[name], file); err != nil {
				return fmt.Errorf("linking %s: the pattern %q: %w", name, links[name], err)
			} else if fits {
				target = file
				break
			}
		}
		if target == "" {
			return fmt.Errorf("linking %s: no package brings %s", name, links[name])
		}
		if err := l.link(name, "/"+target); err != nil {
			return fmt.Errorf("linking %s: %w", name, err)
		}
	}
	return nil
}
