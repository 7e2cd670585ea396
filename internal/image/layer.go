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

// maxLayer limits the unpacked size of packages. Node.js is the largest, and is far below the
// limit.
const maxLayer = 2 << 30

// layer writes packages into one tar archive. The packages of a distribution are not a
// complete root file system: maintainer scripts would make the links of the merged /usr, the
// users and the runtime directories. lab does not run maintainer scripts, so layer writes
// these itself.
type layer struct {
	tar   *tar.Writer
	seen  map[string]bool
	bytes int64
	keep  []string // exceptions from dropped
	omit  []string // further files that are left out
}

// merged has the directories that Debian's packages may still fill although they are links to
// directories below usr. Without this map, one file could hide another in the image under the
// other name.
var merged = map[string]bool{"bin": true, "sbin": true, "lib": true, "lib32": true, "lib64": true, "libx32": true, "libo32": true}

// dropped has the files that no lab reads. Licences (usr/share/doc/*/copyright) are kept: they
// must be distributed with the programs.
var dropped = []string{
	"usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian", "usr/share/doc-base",
	"usr/share/bug", "usr/share/apport", "usr/share/bash-completion", "usr/share/vim", "usr/share/pixmaps",
	"usr/share/initramfs-tools", "usr/include", "usr/lib/systemd", "etc/init.d", "etc/systemd",
	"etc/logrotate.d", "etc/ufw", "etc/apt", "etc/cron.d", "etc/cron.daily",
}

// place returns the path at which a package's file is written, or "" if it is left out. Files
// below keep are always written.
func place(name string, keep ...string) string {
	name = path.Clean("/" + name)[1:]
	first, rest, deeper := strings.Cut(name, "/")
	if merged[first] {
		if !deeper {
			return "" // the directory itself is a link, which skeleton writes
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

// below reports whether a file is one of the folders or is inside one of them.
func below(name string, folders []string) bool {
	return slices.ContainsFunc(folders, func(dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") })
}

// add writes one file of a package. It does not replace a file that is there already: the
// skeleton is written first, and the packages have many directories in common.
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
		return nil // devices and pipes are not needed: the engine makes /dev
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

// epoch is the date of all files, so that the same packages always make the same layer.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func (l *layer) file(name, text string, mode int64) error {
	return l.add(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(text)), ModTime: epoch},
		strings.NewReader(text))
}

func (l *layer) dir(name string, mode int64, owner int) error {
	return l.add(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: owner, Gid: owner, ModTime: epoch}, nil)
}

// link does not use place, which leaves out the links of the merged /usr.
func (l *layer) link(name, target string) error {
	if l.seen[name] {
		return nil
	}
	l.seen[name] = true
	return l.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777, ModTime: epoch})
}

// writeLayer writes the complete layer: the skeleton, the packages, and busybox's links for
// programs that no package has. It calls unpacked with the number of bytes of packages that
// are done.
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

// links writes the links that maintainer scripts would make. The target of a link may be a
// pattern; the first file that matches it is used.
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
			return fmt.Errorf("linking %s: no package contains %s", name, links[name])
		}
		if err := l.link(name, "/"+target); err != nil {
			return fmt.Errorf("linking %s: %w", name, err)
		}
	}
	return nil
}
