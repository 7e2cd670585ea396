package agent

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func silent(string) {}

func needGo(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("NOT TESTED: no go command")
	}
}

// isAgent checks that a binary is a static Linux program for the machine.
func isAgent(t *testing.T, binary []byte, machine elf.Machine) {
	t.Helper()
	program, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		t.Fatal(err)
	}
	if program.Machine != machine {
		t.Errorf("it is for %s, want %s", program.Machine, machine)
	}
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("it is not static: images without a C library, or with another, cannot run it")
		}
	}
}

// A user whose engine has another architecture compiles the agent for that architecture.
func TestBinaryForEachArchitecture(t *testing.T) {
	needGo(t)
	s := Source{Cache: t.TempDir(), Report: silent}
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		binary, err := s.Binary(t.Context(), arch)
		if err != nil {
			t.Fatal(err)
		}
		isAgent(t, binary, machine)
		if arch == runtime.GOARCH && runtime.GOOS == "linux" {
			path := filepath.Join(t.TempDir(), "agent")
			if err := os.WriteFile(path, binary, 0o755); err != nil {
				t.Fatal(err)
			}
			if output, err := exec.Command(path, "dance").CombinedOutput(); err == nil ||
				!strings.Contains(string(output), `unknown role "dance"`) {
				t.Errorf("it says %q, %v", output, err)
			}
		}
	}
	if _, err := s.Binary(t.Context(), "pdp11"); err == nil || !strings.Contains(err.Error(), "compiling the agent for linux/pdp11") {
		t.Errorf("for a pdp11: %v", err)
	}
}

func TestBinaryCompilesOnce(t *testing.T) {
	needGo(t)
	var compiled atomic.Int32
	s := Source{Cache: t.TempDir(), Report: func(string) { compiled.Add(1) }}
	binaries := make([][]byte, 4)
	var all sync.WaitGroup
	for i := range binaries {
		all.Go(func() {
			var err error
			if binaries[i], err = s.Binary(t.Context(), runtime.GOARCH); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := compiled.Load(); n != 1 {
		t.Errorf("compiled %d times", n)
	}
	for _, b := range binaries[1:] {
		if !bytes.Equal(b, binaries[0]) {
			t.Error("the binaries differ")
		}
	}
	files, err := filepath.Glob(filepath.Join(s.Cache, "agent", "*.new"))
	if err != nil || len(files) > 0 {
		t.Errorf("left behind: %q, %v", files, err)
	}
}

// The Go settings that users make for their own projects must not affect this build.
func TestBinaryInAStrangeEnvironment(t *testing.T) {
	needGo(t)
	// The compiler's cache has to be found before the environment is changed.
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	goenv := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(goenv, []byte("GOFLAGS=-mod=vendor -race\nGOOS=windows\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, environment := range map[string][]string{
		"environment": {"GOFLAGS=-mod=vendor -race", "GOWORK=/nowhere/go.work", "GO111MODULE=off", "GOOS=plan9", "GOARCH=386",
			"CGO_ENABLED=1", "CC=false"},
		"go env -w": {"GOENV=" + goenv, "GOFLAGS="},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range append(environment, "GOCACHE="+strings.TrimSpace(string(cache))) {
				name, value, _ := strings.Cut(v, "=")
				t.Setenv(name, value)
			}
			binary, err := Source{Cache: t.TempDir(), Report: silent}.Binary(t.Context(), "amd64")
			if err != nil {
				t.Fatal(err)
			}
			isAgent(t, binary, elf.EM_X86_64)
		})
	}
}

func TestBinaryWithoutGo(t *testing.T) {
	s := Source{Cache: t.TempDir(), Report: silent}
	t.Setenv("PATH", t.TempDir())
	_, err := s.Binary(t.Context(), "amd64")
	if err == nil || !strings.Contains(err.Error(), "no go command in PATH: install Go, or use a release build") {
		t.Errorf("Binary = %v", err)
	}
	// An agent that was compiled before needs no go command.
	hash, err := sourceHash()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Cache, "agent", "lab-agent-amd64-"+hash), []byte("cached"), 0o600); err != nil {
		t.Fatal(err)
	}
	if binary, err := s.Binary(t.Context(), "amd64"); err != nil || string(binary) != "cached" {
		t.Errorf("Binary = %q, %v", binary, err)
	}
}

func TestBinaryInterrupted(t *testing.T) {
	needGo(t)
	s := Source{Cache: t.TempDir()}
	why := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	s.Report = func(string) { time.AfterFunc(50*time.Millisecond, func() { cancel(why) }) }
	if _, err := s.Binary(ctx, runtime.GOARCH); !errors.Is(err, why) {
		t.Errorf("Binary = %v, want %v", err, why)
	}
	if files, _ := filepath.Glob(filepath.Join(s.Cache, "agent", "lab-agent-*[0-9a-f]")); len(files) > 0 {
		t.Errorf("it is taken for compiled: %q", files)
	}
	s.Report = silent
	if _, err := s.Binary(t.Context(), runtime.GOARCH); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestSourceIsWithoutTests(t *testing.T) {
	var files []string
	err := eachSource(func(path string, text []byte) error {
		files = append(files, path)
		if len(text) == 0 {
			t.Errorf("%s is empty", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"backends/main.go", "backends/agent/serve.go", "backends/fault/table.go", "backends/protocol/frame.go"} {
		if !slices.Contains(files, want) {
			t.Errorf("%s is not in %q", want, files)
		}
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") || !strings.HasSuffix(f, ".go") {
			t.Errorf("%s is not part of the program", f)
		}
	}
	one, err := sourceHash()
	if err != nil {
		t.Fatal(err)
	}
	if other, _ := sourceHash(); one != other || len(one) != 16 {
		t.Errorf("hashes %q and %q", one, other)
	}
}

// The source is compiled with a go.mod that compile writes. Its language version must be that
// of lab's own go.mod.
func TestLanguageVersionIsTheModules(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"module " + modulePath + "\n", "\ngo " + languageVersion + "\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("go.mod has no line %q", strings.TrimSpace(want))
		}
	}
}
