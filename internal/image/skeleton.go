package image

import (
	"maps"
	"slices"
	"strings"
)

// passwd and group have the users that nginx and PHP-FPM run as in Debian, with Debian's
// numbers.
const (
	passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`
	group = `root:x:0:
daemon:x:1:
tty:x:5:
www-data:x:33:
nogroup:x:65534:
`
)

// hostConf makes glibc read all lines of /etc/hosts for a name, not only the first one.
// localhost has two lines there. In Debian the package base-files contains this file.
const hostConf = "multi on\n"

const wwwData = 33

// Dir is a directory that a maintainer script would have made or whose owner it would have
// changed.
type Dir struct {
	Path  string
	Mode  int64
	Owner int // uid and gid
}

// skeleton writes what every root file system has. Only amd64 has lib64, where its dynamic
// linker is expected.
func (l *layer) skeleton(arch string, recipe Recipe) error {
	base := []Dir{
		{"usr", 0o755, 0}, {"usr/bin", 0o755, 0}, {"usr/sbin", 0o755, 0}, {"usr/lib", 0o755, 0},
		{"etc", 0o755, 0}, {"var", 0o755, 0}, {"var/log", 0o755, 0}, {"var/lib", 0o755, 0}, {"var/cache", 0o755, 0},
		{"root", 0o700, 0}, {"home", 0o755, 0}, {"run", 0o755, 0}, {"run/lock", 0o1777, 0}, {"srv", 0o755, 0},
		{"tmp", 0o1777, 0}, {"var/tmp", 0o1777, 0}, {"dev", 0o755, 0}, {"proc", 0o555, 0}, {"sys", 0o555, 0},
	}
	links := [][2]string{{"bin", "usr/bin"}, {"sbin", "usr/sbin"}, {"lib", "usr/lib"}, {"var/run", "/run"}, {"var/lock", "/run/lock"}}
	if arch == "amd64" {
		base = append(base, Dir{"usr/lib64", 0o755, 0})
		links = append(links, [2]string{"lib64", "usr/lib64"})
	}
	for _, d := range append(base, recipe.Dirs...) {
		if err := l.dir(d.Path, d.Mode, d.Owner); err != nil {
			return err
		}
	}
	for _, pair := range links {
		if err := l.link(pair[0], pair[1]); err != nil {
			return err
		}
	}
	for _, f := range [][2]string{{"etc/passwd", passwd}, {"etc/group", group + recipe.Groups}, {"etc/host.conf", hostConf}} {
		if err := l.file(f[0], f[1], 0o644); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(recipe.Files)) {
		if err := l.file(name, recipe.Files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// applets are the programs that people use when they look inside a container. The list is
// written down because busybox cannot be asked for it: it may be built for another
// architecture.
var applets = strings.Fields(`
	sh ash ls cat cp mv rm mkdir rmdir ln chmod chown touch stat readlink realpath dirname basename
	head tail less more grep egrep fgrep sed awk sort uniq wc cut tr tee xargs find which strings diff hexdump vi
	ps top kill killall pidof id whoami env date sleep timeout uptime free df du mount
	netstat ping wget nc nslookup ip ifconfig route hostname
	echo printf test true false expr seq tar gzip gunzip zcat base64 md5sum sha256sum od dd sync uname clear`)

func (l *layer) busybox() error {
	if !l.seen["usr/bin/busybox"] {
		return nil
	}
	for _, name := range applets {
		if l.seen["usr/sbin/"+name] {
			continue
		}
		if err := l.link("usr/bin/"+name, "busybox"); err != nil {
			return err
		}
	}
	return nil
}
