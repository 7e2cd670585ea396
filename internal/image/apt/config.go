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

// debian has the names of architectures for which Debian and Go use different names.
var debian = map[string]string{"386": "i386", "arm": "armhf", "ppc64le": "ppc64el"}

func (h *Host) arch() string {
	if name, ok := debian[h.Arch]; ok {
		return name
	}
	return h.Arch
}

// hooks matches the options whose values apt runs as commands around its own work. They must
// not run: one that Debian's container images have deletes the host's package cache, as root,
// even when apt uses private directories. An option that detects a proxy with a program is not
// a hook, because without it a host behind a proxy reaches nothing. apt ignores case in option
// names.
var hooks = lazy.Regexp(`(?i)(::(pre|post)-invoke|::pre-install-pkgs|^aptcli::hooks|^dpkg::tools)`)

// ours matches the options that lab sets itself, and options that do not matter for reaching
// packages. The Binary branch has overrides for single programs, and could override even
// Dir::Etc::main.
var ours = lazy.Regexp(`(?i)^(dir::(state|cache|log)|dir::etc::(main|parts)|` +
	`apt::architectures?|apt::sandbox|binary|commandline|quiet)(::| )`)

// line matches one option in the dump. A value that contains a quote could not be read back,
// and only shell commands contain quotes.
var line = lazy.Regexp(`^[^" ]+ "[^"]*";$`)

// prepare makes the private directories and the configuration that refers to them.
func (h *Host) prepare(ctx context.Context) error {
	if h.Dir == "" || !filepath.IsAbs(h.Dir) || strings.ContainsAny(h.Dir, "\"\n;") {
		return fmt.Errorf("%q cannot be used as apt's directory: it must be an absolute path without quotes, line breaks and semicolons",
			h.Dir)
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
	// This does not call run, because apt-config would then read the file that is written from
	// its own output.
	if err := h.command(ctx, nil, &dump, "apt-config", "dump"); err != nil {
		return err
	}
	return h.write("apt.conf", h.configuration(dump.String()))
}

// configuration returns the host's configuration without its hooks and with our directories.
// apt reads the file in APT_CONFIG before the files of Dir::Etc::main and Dir::Etc::parts.
// Because these two options point nowhere here, the host's own files are not read a second
// time.
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
		// The user that apt switches to cannot read root's cache directory.
		{"APT::Sandbox::User", "root"},
		{"Acquire::Languages", "none"},
		{"Acquire::Retries", "2"},
		// Without this option --print-uris prints MD5 sums, or nothing if the archive has no
		// MD5 sums.
		{"Acquire::ForceHash", "SHA256"},
	} {
		fmt.Fprintf(&b, "%s \"%s\";\n", option[0], option[1])
	}
	return b.Bytes()
}

// mkdir and write give what they make to the user that apt runs as.
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
