package docker

import (
	"context"
	"fmt"
	"io"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/strslice"

	"github.com/gatewaylab/lab/internal/engine"
)

// stopSeconds is how long the engine waits for a container to end before it kills the
// container. The agent has nothing to save.
var stopSeconds = 1

// Create makes a container with as few rights as possible: no privileges, no host mounts, no
// ports, and only the capabilities that spec names.
//
// Create cannot be interrupted. An engine finishes what it has begun even if the client hangs
// up, and a container whose id nobody learns would be left behind.
func (e *Engine) Create(ctx context.Context, spec engine.ContainerSpec) (string, error) {
	config := &container.Config{
		Image:       spec.Image,
		User:        "0:0", // the agent starts nginx and the backends as root, whatever user the image names
		Entrypoint:  strslice.StrSlice(spec.Command),
		Labels:      spec.Labels,
		OpenStdin:   true,
		StdinOnce:   true, // the container's input ends when lab's stream ends
		AttachStdin: true, AttachStdout: true, AttachStderr: true,
		StopTimeout: &stopSeconds,
		StopSignal:  spec.StopSignal,
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}
	// With this setting the runtime makes the network namespace, which has only a loopback
	// interface. Otherwise the engine would start two processes for it, which takes longer
	// than making the container. With this setting the engine writes no /etc/hosts.
	config.NetworkDisabled = spec.Network == "none"
	if spec.Volume != "" {
		config.Volumes = map[string]struct{}{spec.Volume: {}}
	}
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(spec.Network),
		AutoRemove:  true,
		CapDrop:     strslice.StrSlice{"ALL"},
		CapAdd:      strslice.StrSlice(spec.Cap),
		SecurityOpt: []string{"no-new-privileges"},
		Sysctls:     spec.Sysctls,
		Tmpfs:       spec.Tmpfs,
		// The default log driver, json-file, would write the whole conversation to the
		// engine's disk.
		LogConfig: container.LogConfig{Type: "none"},
		Resources: container.Resources{Memory: spec.Memory, MemorySwap: spec.Memory, PidsLimit: &spec.PidsLimit},
	}
	if spec.VolumesOf != "" {
		host.VolumesFrom = []string{spec.VolumesOf}
	}
	if spec.OwnCgroup {
		host.CgroupnsMode = container.CgroupnsModePrivate
	}
	if spec.UnlockCgroupOf != "" {
		host.PidMode = container.PidMode("container:" + spec.UnlockCgroupOf)
		host.ReadonlyRootfs = true
		host.SecurityOpt = append(host.SecurityOpt, "apparmor=unconfined")
		host.VolumesFrom = []string{spec.VolumesOf + ":ro"}
	}
	var networking *network.NetworkingConfig
	if len(spec.Aliases) > 0 {
		networking = &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
			spec.Network: {Aliases: spec.Aliases},
		}}
	}
	ctx, cancel := e.ask(context.WithoutCancel(ctx))
	defer cancel()
	created, err := e.api.ContainerCreate(ctx, config, host, networking, nil, spec.Name)
	if err != nil {
		return "", e.wrap(ctx, fmt.Sprintf("creating container %q", spec.Name), err)
	}
	return created.ID, nil
}

// CopyTo unpacks a tar stream into the directory path of the container.
func (e *Engine) CopyTo(ctx context.Context, id, path string, tar io.Reader) error {
	ctx, cancel := e.ask(ctx)
	defer cancel()
	err := e.api.CopyToContainer(ctx, id, path, tar, container.CopyToContainerOptions{})
	return e.wrap(ctx, "copying into container "+short(id), err)
}

func (e *Engine) Start(ctx context.Context, id string) error {
	ctx, cancel := e.ask(ctx)
	defer cancel()
	return e.wrap(ctx, "starting container "+short(id), e.api.ContainerStart(ctx, id, container.StartOptions{}))
}

// SetMemory changes the memory limit of a running container.
func (e *Engine) SetMemory(ctx context.Context, id string, bytes int64) error {
	ctx, cancel := e.ask(ctx)
	defer cancel()
	_, err := e.api.ContainerUpdate(ctx, id, container.UpdateConfig{Resources: container.Resources{Memory: bytes, MemorySwap: bytes}})
	return e.wrap(ctx, "changing the memory limit of container "+short(id), err)
}

// Pause freezes the container's processes.
func (e *Engine) Pause(ctx context.Context, id string) error {
	ctx, cancel := e.ask(ctx)
	defer cancel()
	return e.wrap(ctx, "pausing container "+short(id), e.api.ContainerPause(ctx, id))
}

// Unpause lets the container's processes go on.
func (e *Engine) Unpause(ctx context.Context, id string) error {
	ctx, cancel := e.ask(ctx)
	defer cancel()
	return e.wrap(ctx, "unpausing container "+short(id), e.api.ContainerUnpause(ctx, id))
}

// Remove kills and removes the container, and returns when it is gone. With AutoRemove the
// engine may already be removing the container, and then reports a conflict.
func (e *Engine) Remove(ctx context.Context, id string) error {
	ctx, cancel := e.ask(ctx)
	defer cancel()
	err := e.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if cerrdefs.IsConflict(err) {
		for cerrdefs.IsConflict(err) && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
			if _, inspect := e.api.ContainerInspect(ctx, id); cerrdefs.IsNotFound(inspect) {
				return nil
			}
			err = e.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
		}
	}
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	return e.wrap(ctx, "removing container "+short(id), err)
}

// List returns the containers that have the label.
func (e *Engine) List(ctx context.Context, label, value string) ([]engine.Container, error) {
	filter, err := labelFilter(label, value)
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	ctx, cancel := e.ask(ctx)
	defer cancel()
	found, err := e.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filter})
	if err != nil {
		return nil, e.wrap(ctx, "listing containers", err)
	}
	var list []engine.Container
	for _, c := range found {
		// An engine that was killed while it removed a container can go on listing the
		// container as dead, although it does not find it otherwise.
		if c.State == "dead" {
			if _, err := e.api.ContainerInspect(ctx, c.ID); cerrdefs.IsNotFound(err) {
				continue
			}
		}
		one := engine.Container{ID: c.ID, Image: c.Image, State: c.State, Created: time.Unix(c.Created, 0), Labels: c.Labels}
		if len(c.Names) > 0 {
			one.Name = c.Names[0][1:]
		}
		list = append(list, one)
	}
	return list, nil
}

// CreateNetwork makes an internal network. Like Create, it cannot be interrupted.
func (e *Engine) CreateNetwork(ctx context.Context, name string, labels map[string]string) (string, error) {
	ctx, cancel := e.ask(context.WithoutCancel(ctx))
	defer cancel()
	made, err := e.api.NetworkCreate(ctx, name, network.CreateOptions{Driver: "bridge", Internal: true, Labels: labels})
	if err != nil {
		return "", e.wrap(ctx, fmt.Sprintf("creating network %q", name), err)
	}
	return made.ID, nil
}

// RemoveNetwork removes a network. It is not an error if the network is gone already.
func (e *Engine) RemoveNetwork(ctx context.Context, id string) error {
	ctx, cancel := e.ask(ctx)
	defer cancel()
	err := e.api.NetworkRemove(ctx, id)
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	return e.wrap(ctx, "removing network "+short(id), err)
}

// Networks returns the networks that have the label.
func (e *Engine) Networks(ctx context.Context, label, value string) ([]engine.Network, error) {
	filter, err := labelFilter(label, value)
	if err != nil {
		return nil, fmt.Errorf("listing networks: %w", err)
	}
	ctx, cancel := e.ask(ctx)
	defer cancel()
	found, err := e.api.NetworkList(ctx, network.ListOptions{Filters: filter})
	if err != nil {
		return nil, e.wrap(ctx, "listing networks", err)
	}
	var list []engine.Network
	for _, n := range found {
		list = append(list, engine.Network{ID: n.ID, Name: n.Name, Created: n.Created, Labels: n.Labels})
	}
	return list, nil
}

// labelFilter makes a filter, and refuses an empty one, which would match containers that are
// not lab's.
func labelFilter(label, value string) (filters.Args, error) {
	if label == "" {
		return filters.Args{}, engine.ErrNoFilter
	}
	if value != "" {
		label += "=" + value
	}
	return filters.NewArgs(filters.Arg("label", label)), nil
}

func short(id string) string { return id[:min(12, len(id))] }
