// Release builds lab for every platform into dist/, with the agents inside, so
// that its users need no Go. usage: go run ./release [-version v1.2.3] [-o dist]
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var (
	platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}
	engines   = []string{"amd64", "arm64"} // architectures of engines that an agent is built for
)

// agentsDir is where fixtures/agents_release.go embeds from.
const agentsDir = "fixtures/agents"

func main() {
	version := flag.String("version", "dev", "what `lab version` says")
	out := flag.String("o", "dist", "folder for the binaries")
	flag.Parse()
	if err := release(*version, *out); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func release(version, out string) error {
	if err := os.MkdirAll(agentsDir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(agentsDir)
	for _, arch := range engines {
		if err := agent(arch); err != nil {
			return fmt.Errorf("agent for linux/%s: %w", arch, err)
		}
	}
	var sums bytes.Buffer
	for _, platform := range platforms {
		goos, goarch, _ := strings.Cut(platform, "/")
		name := fmt.Sprintf("lab-%s-%s", goos, goarch)
		if goos == "windows" {
			name += ".exe"
		}
		path := filepath.Join(out, name)
		if err := build(goos, goarch, path, "./cmd/lab", "-tags=release", "-ldflags=-s -w -X main.version="+version); err != nil {
			return fmt.Errorf("lab for %s: %w", platform, err)
		}
		binary, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(binary), name)
		fmt.Printf("%s  %.1f MB\n", path, float64(len(binary))/1e6)
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), sums.Bytes(), 0o644)
}

func agent(arch string) error {
	path := filepath.Join(agentsDir, "lab-agent-"+arch)
	if err := build("linux", arch, path, "./fixtures/backends", "-ldflags=-s -w"); err != nil {
		return err
	}
	defer os.Remove(path)
	binary, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid
	_, _ = w.Write(binary)                                     // a buffer takes everything
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(path+".gz", packed.Bytes(), 0o644)
}

func build(goos, goarch, path, pkg string, flags ...string) error {
	args := append([]string{"build", "-trimpath", "-o", path}, append(flags, pkg)...)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	return nil
}
