package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
)

// config makes a directory with a Docker configuration, and hides the machine's own one.
func config(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"} {
		t.Setenv(name, "")
	}
	if text != "" {
		write(t, filepath.Join(dir, "config.json"), text)
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func addContext(t *testing.T, dir, name, meta string, tls bool) string {
	t.Helper()
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	write(t, filepath.Join(dir, "contexts/meta", id, "meta.json"), meta)
	certs := filepath.Join(dir, "contexts/tls", id, "docker")
	if tls {
		write(t, filepath.Join(certs, "ca.pem"), "")
	}
	return certs
}

func TestFindEndpoint(t *testing.T) {
	dir := config(t, "")
	check := func(what string, want endpoint) {
		t.Helper()
		if got, err := findEndpoint(); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", what, got, err, want)
		}
	}
	check("nothing", endpoint{host: "unix:///var/run/docker.sock", from: "the default socket"})

	certs := addContext(t, dir, "far", `{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far.test:2376"}}}`, true)
	addContext(t, dir, "near", `{"Name":"near","Endpoints":{"docker":{"Host":"unix:///near.sock","SkipTLSVerify":true}}}`, false)
	write(t, filepath.Join(dir, "config.json"), `{"currentContext":"near"}`)
	check("the current context", endpoint{host: "unix:///near.sock", from: `context "near"`, skipVerify: true})
	t.Setenv("DOCKER_CONTEXT", "far")
	check("DOCKER_CONTEXT", endpoint{host: "tcp://far.test:2376", from: `context "far"`, certs: certs})
	t.Setenv("DOCKER_CONTEXT", "default")
	check("the default context", endpoint{host: "unix:///var/run/docker.sock", from: "the default socket"})

	t.Setenv("DOCKER_CONTEXT", "far")
	t.Setenv("DOCKER_HOST", "tcp://host.test:2376")
	check("DOCKER_HOST beats contexts", endpoint{host: "tcp://host.test:2376", from: "DOCKER_HOST", skipVerify: true})
	t.Setenv("DOCKER_TLS_VERIFY", "1")
	check("with TLS", endpoint{host: "tcp://host.test:2376", from: "DOCKER_HOST", certs: dir})
	t.Setenv("DOCKER_CERT_PATH", "/certs")
	check("with its certificates", endpoint{host: "tcp://host.test:2376", from: "DOCKER_HOST", certs: "/certs"})
}

func TestFindEndpointErrors(t *testing.T) {
	dir := config(t, `{"currentContext":"gone"}`)
	if _, err := findEndpoint(); err == nil || !strings.Contains(err.Error(), `no context "gone"`) ||
		!strings.Contains(err.Error(), "docker context ls") {
		t.Errorf("%v", err)
	}
	addContext(t, dir, "gone", `{"Endpoints":{"kubernetes":{}}}`, false)
	if _, err := findEndpoint(); err == nil || !strings.Contains(err.Error(), "no docker endpoint") {
		t.Errorf("%v", err)
	}
	write(t, filepath.Join(dir, "config.json"), `{`)
	if _, err := findEndpoint(); err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Errorf("%v", err)
	}
}

func TestSSHIsExplained(t *testing.T) {
	config(t, "")
	for host, want := range map[string]string{
		"ssh://me@far.test": "`ssh -nNT -L " + os.TempDir() +
			"/lab-engine.sock:/var/run/docker.sock me@far.test` and set DOCKER_HOST=unix://" + os.TempDir() + "/lab-engine.sock",
		"ssh://far.test:2222/run/user/docker": "ssh -nNT -p 2222 -L " + os.TempDir() + "/lab-engine.sock:/run/user/docker far.test`",
	} {
		t.Setenv("DOCKER_HOST", host)
		if _, err := Dial(t.Context()); err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestNoEngine(t *testing.T) {
	config(t, "")
	t.Setenv("DOCKER_HOST", "unix:///nonexistent/engine.sock")
	_, err := Dial(t.Context())
	if !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"connecting to unix:///nonexistent/engine.sock (from DOCKER_HOST)", "daemon running?",
		"start Docker (or Docker Desktop)", "podman system service"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	denied := unavailable(endpoint{host: "unix:///x"}, &net.OpError{Op: "dial", Err: os.ErrPermission})
	if !strings.Contains(denied.Error(), "group docker") {
		t.Errorf("%v", denied)
	}
}

// A daemon that was stopped with SIGSTOP accepts connections but never answers.
func TestSilentEngine(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "engine.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	began := time.Now()
	_, err = dial(t.Context(), endpoint{host: "unix://" + socket, from: "a test"}, 100*time.Millisecond)
	if !errors.Is(err, engine.ErrUnavailable) || !strings.Contains(err.Error(), "no answer within 100ms") ||
		time.Since(began) > 5*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := dial(ctx, endpoint{host: "unix://" + socket}, time.Minute); !errors.Is(err, context.Canceled) ||
		errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}
