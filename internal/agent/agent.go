// Package agent obtains the program that lab copies into its containers. A release build of
// lab contains the compiled agent; other builds compile it from the source embedded in lab.
// This package does not talk to a running agent; package testbed does.
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

// modulePath and sourceDir are where the embedded source must be placed so that its imports
// are found.
const (
	modulePath      = "github.com/gatewaylab/lab"
	sourceDir       = "fixtures/backends"
	languageVersion = "1.25.0" // the same as in go.mod
	lockPoll        = 100 * time.Millisecond
)

// buildEnvironment overrides settings that users make for their own projects, in the
// environment or with `go env -w`. None of the values is empty, because an empty value would
// let a setting of `go env -w` apply. The processor levels are the lowest ones, because the
// engine may run on an older processor than this machine.
var buildEnvironment = []string{
	"CGO_ENABLED=0", "GOOS=linux", "GOAMD64=v1", "GOARM64=v8.0",
	"GO111MODULE=on", "GOFLAGS=-mod=mod", "GOWORK=off",
}

// Source obtains agents.
type Source struct {
	Cache  string            // a folder that is kept between runs
	Report func(what string) // is called when something takes long
}

// Binary returns the agent for an architecture (a value of GOARCH). It is a statically linked
// Linux program. Compiling it takes about 20 s, but only the first time.
func (s Source) Binary(ctx context.Context, arch string) ([]byte, error) {
	if packed, err := fixtures.Agents.ReadFile("agents/lab-agent-" + arch + ".gz"); err == nil {
		return unpack(packed)
	}
	hash, err := sourceHash()
	if err != nil {
		return nil, fmt.Errorf("reading the embedded source of the agent: %w", err)
	}
	folder := filepath.Join(s.Cache, "agent")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("making the cache for the agent: %w", err)
	}
	path := filepath.Join(folder, fmt.Sprintf("lab-agent-%s-%s", arch, hash))
	if binary, err := os.ReadFile(path); err == nil {
		return binary, nil
	}
	lock := flock.New(path + ".lock")
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return nil, fmt.Errorf("waiting for another lab process that compiles the agent: %w", err)
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

// keepAgents is how long a compiled agent is kept after its last use. The agents of other
// sources or other Go versions take 7 MB each.
const keepAgents = 7 * 24 * time.Hour

// dropOld removes compiled agents that are older than keepAgents. An agent that is needed
// again is compiled again. Errors are ignored, because an old agent does no harm.
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

// sourceHash returns a hash of the agent's source without its tests. The hash includes the
// version of the compiler, because another version of Go makes another binary.
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

// compile builds the embedded source in a temporary folder, because lab may run without its
// repository.
func compile(ctx context.Context, arch, path string) error {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("there is no go command in PATH: install Go, or use a release build of lab, which contains the agent")
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
	if err := os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module "+modulePath+"\n\ngo "+languageVersion+"\n"),
		0o644); err != nil {
		return err
	}
	unfinished := path + ".new"
	build := exec.CommandContext(ctx, goCommand, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", unfinished,
		"./"+sourceDir)
	build.Dir = folder
	build.Env = append(os.Environ(), buildEnvironment...)
	build.Env = append(build.Env, "GOARCH="+arch)
	build.WaitDelay = time.Second // compilers that an interrupted go command leaves behind keep its output open
	output, err := build.CombinedOutput()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(output)))
	}
	return os.Rename(unfinished, path)
}
