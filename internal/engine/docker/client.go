// Package docker is a container engine that lab uses through the Docker API: Docker, Docker
// Desktop or Podman. No other package imports the Docker SDK.
package docker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"github.com/gatewaylab/lab/internal/engine"
)

// Engine is a container engine that answered when lab connected to it.
type Engine struct {
	api     *client.Client
	address string
	watch   watch
}

var _ engine.Images = (*Engine)(nil)

// Dial finds the engine in the same way as the docker command: DOCKER_HOST with
// DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or else DOCKER_CONTEXT, or else the current context
// of the Docker configuration, or else the default socket. It returns after the engine has
// answered.
func Dial(ctx context.Context) (*Engine, error) {
	end, err := findEndpoint()
	if err != nil {
		return nil, fmt.Errorf("finding the container engine: %w", err)
	}
	return dial(ctx, end, pingDeadline)
}

// DialAt connects to the engine at an address and ignores all configuration.
func DialAt(ctx context.Context, address string) (*Engine, error) {
	return dial(ctx, endpoint{host: address, from: "the program"}, pingDeadline)
}

func dial(ctx context.Context, end endpoint, deadline time.Duration) (*Engine, error) {
	if strings.HasPrefix(end.host, "ssh://") {
		return nil, fmt.Errorf("connecting to %s (from %s): %w", end.host, end.from, sshRemedy(end.host))
	}
	tlsConfig, err := end.tlsConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the certificates for %s (from %s): %w", end.host, end.from, err)
	}
	// WithHost changes the transport, for example to dial a unix socket, so it comes after
	// WithHTTPClient.
	transport := &http.Transport{TLSClientConfig: tlsConfig, TLSHandshakeTimeout: deadline, MaxIdleConnsPerHost: 6,
		IdleConnTimeout: 30 * time.Second}
	api, err := client.NewClientWithOpts(
		client.WithHTTPClient(&http.Client{Transport: transport, CheckRedirect: client.CheckRedirect}),
		client.WithHost(end.host),
		client.WithVersionFromEnv(),
		client.WithUserAgent("lab"),
		client.WithAPIVersionNegotiation(),
	)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s (from %s): %w", end.host, end.from, err)
	}
	// A daemon that was stopped with SIGSTOP can leave its socket listening: connecting
	// succeeds, but no answer ever comes.
	ping, cancel := context.WithTimeoutCause(ctx, deadline, fmt.Errorf("no answer within %s", deadline))
	defer cancel()
	pong, err := api.Ping(ping)
	if err != nil {
		_ = api.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("connecting to %s: %w", end.host, context.Cause(ctx))
		}
		if ping.Err() != nil {
			err = context.Cause(ping)
		}
		return nil, unavailable(end, err)
	}
	api.NegotiateAPIVersionPing(pong)
	e := &Engine{api: api, address: end.host}
	e.watching()
	return e, nil
}

// unavailable returns an error that says where lab looked for the engine and what the user can
// do.
func unavailable(end endpoint, cause error) error {
	remedy := "start Docker (or Docker Desktop), or set DOCKER_HOST to the address of an engine. Podman listens if you run " +
		"`podman system service -t 0`, usually at unix://$XDG_RUNTIME_DIR/podman/podman.sock"
	if errors.Is(cause, fs.ErrPermission) || strings.Contains(cause.Error(), "permission denied") {
		remedy = "you may not use the socket: add yourself to the group docker (`sudo usermod -aG docker $USER`, then log in " +
			"again), or use a rootless engine"
	}
	return fmt.Errorf("connecting to %s (from %s): %w: %w; %s", end.host, end.from, engine.ErrUnavailable, cause, remedy)
}

// Close closes the connections. Containers on the engine go on running.
func (e *Engine) Close() error {
	e.watch.end()
	return e.api.Close()
}

// Info asks the engine for its name, version and properties.
func (e *Engine) Info(ctx context.Context) (engine.Info, error) {
	ctx, cancel := e.ask(ctx)
	defer cancel()
	version, err := e.api.ServerVersion(ctx)
	if err != nil {
		return engine.Info{}, e.wrap(ctx, "asking the engine for its version", err)
	}
	info, err := e.api.Info(ctx)
	if err != nil {
		return engine.Info{}, e.wrap(ctx, "asking the engine for its properties", err)
	}
	name := version.Platform.Name
	// Distributions leave the name of the platform empty. Podman puts its own name into the
	// first component instead.
	if len(version.Components) > 0 && (name == "" || strings.HasPrefix(version.Components[0].Name, "Podman")) {
		name = version.Components[0].Name
	}
	if name == "" || name == "Engine" {
		name = "Docker Engine"
	}
	cgroup := info.CgroupVersion
	if cgroup == "" {
		cgroup = "1" // engines that are older than cgroup v2 do not give a version
	}
	return engine.Info{
		Name: name, Version: version.Version, APIVersion: e.api.ClientVersion(),
		OS: version.Os, Arch: version.Arch,
		Cores: info.NCPU, MemoryBytes: info.MemTotal, CgroupVersion: cgroup,
		Address: e.address,
	}, nil
}

// wrap adds to an error what lab was doing, and turns the SDK's kinds of error into those of
// package engine.
func (e *Engine) wrap(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	e.alive(ctx) // so that every context of While has ended before the caller learns that the engine is gone
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	case cerrdefs.IsNotFound(err):
		return fmt.Errorf("%s: %w: %w", doing, engine.ErrNotFound, err)
	case client.IsErrConnectionFailed(err):
		return fmt.Errorf("%s: %w at %s: %w", doing, engine.ErrUnavailable, e.address, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
