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

// alone reports whether nginx and the backends are services in one container, with one
// agent.
func (t *Testbed) alone() bool { return t.nginx == t.backend }

// startManaged starts a testbed of one container with a service manager as process 1. It
// has the capabilities that all have, and a cgroup of its own, which the engine mounts
// read-only; an opener beside it, which has the privilege that scenarios ask for, makes
// that writable and is gone before anything of the scenario's is there.
func (t *Testbed) startManaged(ctx context.Context, kind Kind, base engine.ContainerSpec) error {
	manager, _ := kind.manager()
	for _, p := range manager.Privileges {
		if !slices.Contains(t.equipment.Privileges, p) {
			return fmt.Errorf("%s needs the privilege %s, which was not given", manager.Name, p)
		}
	}
	t.image = base.Image
	opener := base
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
	if err := t.openCgroup(ctx, id, opener, manager); err != nil {
		return fmt.Errorf("opening the container's cgroup to %s: %w", manager.Name, err)
	}
	return t.hello(ctx)
}

// openCgroup runs the opener and waits for its end.
func (t *Testbed) openCgroup(ctx context.Context, of string, spec engine.ContainerSpec, manager server.Server) error {
	spec.Opener, spec.VolumesOf, spec.Tmpfs = of, of, nil
	spec.Command = []string{agentPath, "open-cgroup"}
	// It enters a mount namespace, which is a change of the root directory.
	spec.Cap = slices.Concat(spec.Cap, manager.Privileges, []string{"SYS_CHROOT"})
	id, err := t.container(ctx, spec, "opener")
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
	if _, err := io.Copy(&said, io.LimitReader(stream, maxSaid)); err != nil || strings.TrimSpace(said.String()) != "open" {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("the opener says %q (%v): %s", said.String(), err, strings.TrimSpace(stream.Errors()))
	}
	return nil
}
