package testbed

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/engine"
)

// isManaged reports whether nginx and the backends are services of a service manager, all
// in one container with one agent.
func (t *Testbed) isManaged() bool { return t.nginx == t.backend }

// startManaged starts a testbed of one container, whose process 1 is a service manager.
// The container has the same capabilities as every other one. Its cgroup is its own, and
// the engine mounts it read-only. A short-lived helper container, which has the privilege
// that the scenario asks for, makes it writable and is removed before any file of the
// scenario is there.
func (t *Testbed) startManaged(ctx context.Context, kind Kind, base engine.ContainerSpec) error {
	manager, _ := kind.manager()
	for _, p := range manager.Privileges {
		if !slices.Contains(t.equipment.Privileges, p) {
			return fmt.Errorf("%s needs the privilege %s, which was not given", manager.Name, p)
		}
	}
	t.image = base.Image
	helper := base
	base.Command, base.OwnCgroup = []string{agentPath, "manager", manager.Name}, true
	base.Tmpfs = maps.Clone(base.Tmpfs)
	base.Tmpfs["/run"] = "rw,nosuid,nodev,size=32m,mode=0755"
	base.Tmpfs["/run/lock"] = "rw,nosuid,nodev,noexec,size=1m,mode=1777"
	base.Tmpfs[server.Folder] = "rw,nosuid,nodev,exec,size=16m,mode=0755"
	id, err := t.container(ctx, base, "nginx")
	if err != nil {
		return err
	}
	t.backendID = id
	if err := t.equipment.Engine.CopyTo(ctx, id, volume, agentTar(t.equipment.Agent)); err != nil {
		return err
	}
	if t.nginx, err = t.open(ctx, id, "nginx"); err != nil {
		return err
	}
	t.backend = t.nginx
	if err := t.unlockCgroup(ctx, id, helper, manager); err != nil {
		return fmt.Errorf("opening the container's cgroup to %s: %w", manager.Name, err)
	}
	return t.hello(ctx)
}

// unlockCgroup runs the helper container and waits until it has ended.
func (t *Testbed) unlockCgroup(ctx context.Context, of string, spec engine.ContainerSpec, manager server.Server) error {
	spec.UnlockCgroupOf, spec.VolumesOf, spec.Tmpfs = of, of, nil
	spec.Command = []string{agentPath, "open-cgroup"}
	// It enters a mount namespace, which is a change of the root directory.
	spec.Cap = slices.Concat(spec.Cap, manager.Privileges, []string{"SYS_CHROOT"})
	id, err := t.container(ctx, spec, "helper")
	if err != nil {
		return err
	}
	stream, err := t.equipment.Engine.Attach(ctx, id)
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := t.equipment.Engine.Start(ctx, id); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	defer stop()
	var said bytes.Buffer
	if _, err := io.Copy(&said, io.LimitReader(stream, maxErrorText)); err != nil || strings.TrimSpace(said.String()) != "open" {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("the helper says %q (%v): %s", said.String(), err, strings.TrimSpace(stream.Errors()))
	}
	return nil
}
