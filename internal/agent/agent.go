// Package agent obtains the program that lab copies into its containers:
// carried by a release build, or compiled from the source that lab embeds. It
// does not talk to one: testbed does.
package agent

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/gatewaylab/lab/fixtures"
)

// modulePath and sourceDir place the embedded source where its imports expect it.
const (
	modulePath      = "github.com/gatewaylab/lab"
	sourceDir       = "fixtures/backends"
	languageVersion = "1.25.0" // as in go.mod
	lockPoll        = 100 * time.Millisecond
)

// buildEnvironment keeps out what the user set for projects of the user's own, in
// the environment or with `go env -w`. An empty value would let the latter in.
// The engine may run on an older processor than this machine's.
var buildEnvironment = []string{
	"CGO_ENABLED=0", "GOOS=linux", "GOAMD64=v1", "GOARM64=v8.0",
	"GO111MODULE=on", "GOFLAGS=-mod=mod", "GOWORK=off",
}

// Source is where agents come from.
type Source struct {
	Cache  string            // folder that survives between runs
	Report func(what string) // told what takes long
}

// Binary returns the agent for an architecture (as in GOARCH), a static Linux
// program. Compiling takes some 20 s the first time, and none afterwards.
func (s Source) Binary(ctx context.Context, arch string) ([]byte, error) {
	if packed, err := fixtures.Agents.ReadFile("agents/lab-agent-" + arch + ".gz"); err == nil {
		return unpack(packed)
	}
	hash, err := sourceHash()
	if err != nil {
		return nil, fmt.Errorf("reading the agent's source: %w", err)
	}
	folder := filepath.Join(s.Cache, "agent")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("making the agent's cache: %w", err)
	}
	path := filepath.Join(folder, fmt.Sprintf("lab-agent-%s-%s", arch, hash))
	if binary, err := os.ReadFile(path); err == nil {
		return binary, nil
	}
	lock := flock.New(path + ".lock")
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return nil, fmt.Errorf("waiting for another lab that compiles the agent: %w", err)
	}
	defer func() { _ = lock.Unlock() }()
	if binary, err := os.ReadFile(path); err == nil {
		return binary, nil
	}
	s.Report("compiling the agent for linux/" + arch)
	if err := compile(ctx, arch, path); err != nil {
		return nil, fmt.Errorf("compiling the agent for linux/%s: %w", arch, err)
	}
	dropOld(folder)
	return os.ReadFile(path)
}

// keepAgents is how long an agent of another source, or another Go, is worth its 7 MB.
const keepAgents = 7 * 24 * time.Hour

// dropOld removes agents that nobody has compiled for a while. One that is still
// wanted is compiled again; what cannot be removed does no harm.
func dropOld(folder string) {
	files, _ := os.ReadDir(folder)
	for _, f := range files {
		if info, err := f.Info(); err == nil && time.Since(info.ModTime()) > keepAgents {
			_ = os.Remove(filepath.Join(folder, f.Name()))
		}
	}
}

func unpack(packed []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpacking the agent: %w", err)
	}
	return io.ReadAll(reader)
}

// sourceHash names a state of the source; tests are not part of the program.
// The compiler counts too: another Go makes another binary.
func sourceHash() (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version())
	err := eachSource(func(path string, text []byte) error {
		fmt.Fprintf(h, "%s %d\n", path, len(text))
		h.Write(text)
		return nil
	})
	return hex.EncodeToString(h.Sum(nil))[:16], err
}

func eachSource(visit func(path string, text []byte) error) error {
	return fs.WalkDir(fixtures.Backends, "backends", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := fixtures.Backends.ReadFile(path)
		if err != nil {
			return err
		}
		return visit(path, text)
	})
}

// compile builds the embedded source in a folder of its own: lab may run far from
// its repository.
func compile(ctx context.Context, arch, path string) error {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("no go command in PATH: install Go, or take a release build of lab, which carries its agents")
	}
	folder, err := os.MkdirTemp("", "lab-agent-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	err = eachSource(func(name string, text []byte) error {
		file := filepath.Join(folder, "fixtures", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, text, 0o644)
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module "+modulePath+"\n\ngo "+languageVersion+"\n"), 0o644); err != nil {
		return err
	}
	unfinished := path + ".new"
	build := exec.CommandContext(ctx, goCommand, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", unfinished, "./"+sourceDir)
	build.Dir = folder
	build.Env = append(os.Environ(), buildEnvironment...)
	build.Env = append(build.Env, "GOARCH="+arch)
	build.WaitDelay = time.Second // compilers that an interrupted go leaves behind hold its output open
	output, err := build.CombinedOutput()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(output)))
	}
	return os.Rename(unfinished, path)
}
