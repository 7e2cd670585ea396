package imagetest

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/gatewaylab/lab/internal/image/apt"
)

// Registry runs the registry program of the distribution on a loopback address until the test
// ends, and returns the address. If there is no such package, the test is skipped.
func Registry(t testing.TB) string {
	t.Helper()
	if missing := apt.Missing(); len(missing) > 0 {
		t.Skipf("SKIPPED: this test needs the distribution's registry, and this machine has no %s", strings.Join(missing, ", "))
	}
	program, err := registryProgram(t.Context())
	if err != nil {
		missing(t, "the distribution's registry", err)
	}
	address := freeAddress(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: "+
		"{rootdirectory: %q}}\nhttp: {addr: %q}\n", filepath.Join(dir, "storage"), address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(program, "serve", config)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			t.Fatalf("the registry ended: %s", said.String())
		default:
		}
		if answer, err := http.Get("http://" + address + "/v2/"); err == nil {
			_ = answer.Body.Close()
			return address
		}
	}
	t.Fatalf("the registry at %s does not answer", address)
	return ""
}

// registryProgram extracts the program from its package, once for all tests.
func registryProgram(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "lab", "imagetest")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return "", err
	}
	defer lock.Close()
	program := filepath.Join(dir, "docker-registry")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	host := apt.Host{Dir: filepath.Join(dir, "apt"), Arch: runtime.GOARCH}
	packages, err := host.Fetch(ctx, "docker-registry")
	if err != nil {
		return "", err
	}
	for _, p := range packages {
		if p.Name != "docker-registry" {
			continue
		}
		err := p.Files(ctx, func(header *tar.Header, content io.Reader) error {
			if header.Typeflag != tar.TypeReg || path.Base(header.Name) != "docker-registry" || !strings.Contains(header.Name, "/bin/") {
				return nil
			}
			file, err := os.OpenFile(program+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
			if err != nil {
				return err
			}
			if _, err := io.Copy(file, content); err != nil {
				_ = file.Close()
				return err
			}
			return file.Close()
		})
		if err != nil {
			return "", err
		}
		if err := os.Rename(program+".part", program); err != nil {
			return "", err
		}
		return program, os.RemoveAll(host.Dir)
	}
	return "", fmt.Errorf("no docker-registry among %d packages", len(packages))
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
