package apt

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
)

// debian names the architectures that Debian calls differently from Go.
var debian = map[string]string{"386": "i386", "arm": "armhf", "ppc64le": "ppc64el"}

func (h *Host) arch() string {
	if name, ok := debian[h.Arch]; ok {
		return name
	}
	return h.Arch
}

// hooks are the options whose values apt runs as commands around its own work: as root,
// one that Debian's container images carry deletes the host's package cache, private
// directories or not. (A proxy that a program detects is no hook: without it a host
// behind a proxy reaches nothing.) apt compares option names without case.
var hooks = lazy.Regexp(`(?i)(::(pre|post)-invoke|::pre-install-pkgs|^aptcli::hooks|^dpkg::tools)`)

// ours are the options that we set, or that say nothing about reaching packages. The
// Binary branch holds what single programs override, Dir::Etc::main included if it likes.
var ours = lazy.Regexp(`(?i)^(dir::(state|cache|log)|dir::etc::(main|parts)|apt::architectures?|apt::sandbox|binary|commandline|quiet)(::| )`)

// line is one option of the dump; a value with a quote in it would not survive being
// read again, and only shell commands have those.
var line = lazy.Regexp(`^[^" ]+ "[^"]*";$`)

// prepare makes the private directories and the configuration that leads to them.
func (h *Host) prepare(ctx context.Context) error {
	if h.Dir == "" || !filepath.IsAbs(h.Dir) || strings.ContainsAny(h.Dir, "\"\n;") {
		return fmt.Errorf("%q cannot be apt's directory", h.Dir)
	}
	for _, dir := range []string{"", "lists", "lists/partial", "archives", "archives/partial", "cache", "all", "all/partial"} {
		if err := h.mkdir(filepath.Join(h.Dir, dir)); err != nil {
			return err
		}
	}
	if err := h.write("status", nil); err != nil {
		return err
	}
	var dump bytes.Buffer
	// Not through run, which would have apt-config read the file that this one becomes.
	if err := h.command(ctx, nil, &dump, "apt-config", "dump"); err != nil {
		return err
	}
	return h.write("apt.conf", h.configuration(dump.String()))
}

// configuration is the host's without its hooks and with our directories. It is read
// through APT_CONFIG, which apt reads before the files of Dir::Etc::main and ::parts:
// set here, those lead nowhere, and the host's own files are not read a second time.
func (h *Host) configuration(dump string) []byte {
	var b bytes.Buffer
	for option := range strings.Lines(dump) {
		option = strings.TrimSuffix(option, "\n")
		if !line().MatchString(option) || ours().MatchString(option) || (hooks().MatchString(option) && !h.unfiltered) {
			continue
		}
		fmt.Fprintln(&b, option)
	}
	for _, option := range [][2]string{
		{"Dir::Etc::main", "/dev/null"},
		{"Dir::Etc::parts", "/dev/null"},
		{"Dir::State", h.Dir + "/"},
		{"Dir::State::lists", filepath.Join(h.Dir, "lists") + "/"},
		{"Dir::State::status", filepath.Join(h.Dir, "status")},
		{"Dir::State::extended_states", filepath.Join(h.Dir, "extended_states")},
		{"Dir::Cache", filepath.Join(h.Dir, "cache") + "/"},
		{"Dir::Cache::archives", filepath.Join(h.Dir, "archives") + "/"},
		{"Dir::Log", h.Dir + "/"},
		{"APT::Architecture", h.arch()},
		{"APT::Architectures::", h.arch()},
		{"APT::Install-Recommends", "0"},
		{"APT::Install-Suggests", "0"},
		// The cache of root is closed to apt's own user.
		{"APT::Sandbox::User", "root"},
		{"Acquire::Languages", "none"},
		{"Acquire::Retries", "2"},
		// Without it --print-uris names MD5, or nothing where the archive has no MD5.
		{"Acquire::ForceHash", "SHA256"},
	} {
		fmt.Fprintf(&b, "%s \"%s\";\n", option[0], option[1])
	}
	return b.Bytes()
}

// mkdir and write leave what they make to the user that apt runs as.
func (h *Host) mkdir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return h.chown(dir)
}

func (h *Host) write(name string, text []byte) error {
	path := filepath.Join(h.Dir, name)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return err
	}
	return h.chown(path)
}
