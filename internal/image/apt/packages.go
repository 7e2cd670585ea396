package apt

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
)

// Package is a package that was fetched.
type Package struct {
	Name    string
	Version string
	Arch    string // Debian's name of the architecture, or "all" if the package is for every architecture
	File    string
	Bytes   int64
	SHA256  string // from the signed lists
}

// An example: 'https://…/nginx_1.22.1-9_amd64.deb' nginx_1.22.1-9_amd64.deb 532468
// SHA256:4e27…
var uri = lazy.Regexp(`^'[^']+' (\S+) (\d+) SHA256:([0-9a-f]{64})\s*$`)

// resolve asks apt for the packages and everything they depend on. It gives apt an empty
// archive directory, because apt leaves out the packages that it finds there.
func (h *Host) resolve(ctx context.Context, names []string) ([]Package, error) {
	var out bytes.Buffer
	args := []string{"-qq", "-y", "-o", "Dir::Cache::archives=" + filepath.Join(h.Dir, "all") + "/", "--print-uris", "install", "--"}
	if err := h.run(ctx, &out, "apt-get", append(args, names...)...); err != nil {
		return nil, err
	}
	var packages []Package
	for text := range strings.Lines(out.String()) {
		p, err := parse(text, filepath.Join(h.Dir, "archives"))
		if err != nil {
			return nil, fmt.Errorf("reading what apt-get would fetch: %w", err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		return nil, fmt.Errorf("apt-get found no package for %s", strings.Join(names, ", "))
	}
	return packages, nil
}

func parse(text, dir string) (Package, error) {
	m := uri().FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return Package{}, fmt.Errorf("%q is not a line about a package", strings.TrimSpace(text))
	}
	parts := strings.Split(strings.TrimSuffix(m[1], ".deb"), "_")
	if len(parts) != 3 || strings.ContainsAny(m[1], "/\\") {
		return Package{}, fmt.Errorf("%q is not the file name of a package", m[1])
	}
	version, err := url.PathUnescape(parts[1]) // the colon of an epoch is written %3a
	if err != nil {
		return Package{}, fmt.Errorf("%q is not the file name of a package: %w", m[1], err)
	}
	size, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		return Package{}, fmt.Errorf("%q: %w", m[1], err)
	}
	return Package{Name: parts[0], Version: version, Arch: parts[2], File: filepath.Join(dir, m[1]), Bytes: size, SHA256: m[3]}, nil
}

// Files calls visit for each file of the package, in order, with the owner that the file has
// in the package. It checks the package first, because apt trusts the files in its cache by
// their size alone.
func (p Package) Files(ctx context.Context, visit func(*tar.Header, io.Reader) error) error {
	if err := p.verify(); err != nil {
		return fmt.Errorf("unpacking %s: %w", filepath.Base(p.File), err)
	}
	pr, pw := io.Pipe()
	ran := make(chan error, 1)
	go func() {
		err := new(Host).command(ctx, nil, pw, "dpkg-deb", "--fsys-tarfile", p.File)
		pw.CloseWithError(err)
		ran <- err
	}()
	err := eachFile(pr, visit)
	if err == nil {
		_, err = io.Copy(io.Discard, pr) // the padding: otherwise dpkg-deb would end with a broken pipe
	}
	pr.CloseWithError(io.ErrClosedPipe)
	if ranErr := <-ran; err == nil {
		err = ranErr
	}
	if err != nil {
		return fmt.Errorf("unpacking %s: %w", filepath.Base(p.File), err)
	}
	return nil
}

func eachFile(r io.Reader, visit func(*tar.Header, io.Reader) error) error {
	files := tar.NewReader(r)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(header, files); err != nil {
			return err
		}
	}
}

func (p Package) verify() error {
	file, err := os.Open(p.File)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.SHA256 {
		_ = os.Remove(p.File) // the next run fetches it again
		return fmt.Errorf("its SHA-256 is %s but should be %s: the file has been removed, so run lab again", got, p.SHA256)
	}
	return nil
}
