// Package testbed runs trials on containers, mostly on two that are kept running. Each
// trial gets fresh processes in them. The package reports what it sees and judges nothing.
package testbed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatewaylab/lab/fixtures"
	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/trial"
)

const (
	volume       = "/lab" // shared by the two containers: the agent, and the backends' sockets
	agentPath    = volume + "/lab-agent"
	trialDir     = "/lab/trial" // in memory, each container's own
	nginxMemory  = 256 << 20
	backendPlain = protocol.Bytes(256 << 20) // the backend container's memory limit unless a stage names one
	pidsLimit    = 256
	cleanUp      = 30 * time.Second
	// The engine's word for "the backend container's name" on a network of its own.
	backendAlias = "app"
)

// capabilities is what root has left in a container. KILL is among them because nginx's
// workers run as another user: without it they would survive their trial and go on
// answering.
var capabilities = []string{"SETUID", "SETGID", "CHOWN", "KILL", "DAC_OVERRIDE"}

// Equipment is what every testbed of a run has in common.
type Equipment struct {
	Engine engine.Containers
	Image  string // of nginx; the backends' container uses it too, for its root file system
	// Server names the image of a real server, which the backends' container uses then.
	Server       func(name string) (image string, err error)
	Agent        []byte // the static binary
	Certificates certificate.Set
	Owner        Owner
	Privileges   []string // that were given to the scenarios that ask for them
	Fresh        bool     // every trial has containers of its own, which are not kept warm
}

// Testbed is an nginx container and a backend container that share a network
// namespace, or, where a scenario needs it, an internal network; or the one container of
// a service manager.
type Testbed struct {
	Name string // the common part of the containers' names

	equipment Equipment
	network   string // id of its own network, "" without one
	ids       []string
	streams   []engine.Stream
	nginx     *conversation
	backend   *conversation
	backendID string
	image     string // of nginx's container
	info      protocol.NginxInfo
	memory    protocol.Bytes
	addresses bool // every one is local
}

// Kind is what a trial's testbed must have: a scenario's Needs and Server.
type Kind struct{ Needs, Server string }

// KindOf is the kind of testbed that a trial runs on.
func KindOf(t trial.Trial) Kind { return Kind{t.Needs, t.Server} }

// manager is the service manager that such a testbed has; ok is false if it has none.
func (k Kind) manager() (s server.Server, ok bool) {
	s, _ = server.Lookup(k.Server)
	return s, s.Manager
}

// Start starts a testbed. If a step fails, everything that was started is removed again.
func Start(ctx context.Context, equipment Equipment, number int, kind Kind) (_ *Testbed, err error) {
	// Creating a container cannot be interrupted, so it is not begun after an interruption.
	if ctx.Err() != nil {
		return nil, fmt.Errorf("starting testbed %d: %w", number, context.Cause(ctx))
	}
	t := &Testbed{Name: fmt.Sprintf("lab-%s-%d", equipment.Owner.Run, number), equipment: equipment, memory: backendPlain}
	for _, word := range []string{kind.Needs, kind.Server} {
		if word != "" {
			t.Name += "-" + word
		}
	}
	backendImage := equipment.Image
	if kind.Server != "" {
		if backendImage, err = equipment.Server(kind.Server); err != nil {
			return nil, err
		}
	}
	t.addresses = kind.Needs == trial.NeedsAddresses
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("starting testbed %s: %w", t.Name, err), t.Remove())
		}
	}()
	labels := equipment.Owner.labels(number)
	t.image = equipment.Image
	base := engine.ContainerSpec{
		Image: equipment.Image, Command: []string{agentPath, "init"}, Labels: labels,
		Cap: capabilities, PidsLimit: pidsLimit, StopSignal: "SIGKILL",
		Tmpfs: map[string]string{trialDir: "rw,nosuid,nodev,size=96m,mode=0755"},
	}
	if kind.Needs == "network" {
		if t.network, err = equipment.Engine.CreateNetwork(ctx, t.Name, labels); err != nil {
			return nil, err
		}
	}
	if _, managed := kind.manager(); managed {
		base.Image = backendImage
		return t, t.startManaged(ctx, kind, base)
	}
	nginxBase := base
	if kind.Needs == trial.NeedsAddresses {
		// For the agent there, which gives it up before it starts anything.
		nginxBase.Cap = append(slices.Clone(base.Cap), "NET_ADMIN")
	}
	nginxID, err := t.container(ctx, nginxBase, "nginx")
	if err != nil {
		return nil, err
	}
	if err := equipment.Engine.CopyTo(ctx, nginxID, volume, agentTar(equipment.Agent)); err != nil {
		return nil, err
	}
	if t.nginx, err = t.open(ctx, nginxID, "nginx"); err != nil {
		return nil, err
	}
	base.VolumesOf, base.Image = nginxID, backendImage
	if kind.Server != "" {
		base.Tmpfs = map[string]string{trialDir: base.Tmpfs[trialDir], server.Folder: "rw,nosuid,nodev,size=16m,mode=0755"}
	}
	if t.backendID, err = t.container(ctx, base, "backend"); err != nil {
		return nil, err
	}
	if t.backend, err = t.open(ctx, t.backendID, "backend"); err != nil {
		return nil, err
	}
	return t, t.hello(ctx)
}

// open attaches to a container and starts it, in this order: what the container says
// before it is attached to would be lost.
func (t *Testbed) open(ctx context.Context, id, role string) (*conversation, error) {
	stream, err := t.equipment.Engine.Attach(ctx, id)
	if err != nil {
		return nil, err
	}
	t.streams = append(t.streams, stream)
	if err := t.equipment.Engine.Start(ctx, id); err != nil {
		return nil, err
	}
	return converse(stream, "the agent in "+t.Name+"-"+role), nil
}

// hello makes the agents ready, both at once.
func (t *Testbed) hello(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, cleanUp, fmt.Errorf("no answer within %s", cleanUp))
	defer cancel()
	if t.isManaged() {
		return t.helloNginx(ctx)
	}
	return both(
		func() error { return t.helloNginx(ctx) },
		func() error {
			return t.backend.ask(ctx, protocol.MethodHello, protocol.Hello{Role: "backend"}, nil)
		},
	)
}

func (t *Testbed) helloNginx(ctx context.Context) error {
	hello := protocol.Hello{
		Role:         "nginx",
		CA:           t.equipment.Certificates.CA,
		Certificates: map[string][]byte{},
		NginxConf:    fixtures.NginxConf,
		Addresses:    t.addresses,
	}
	for name, pair := range t.equipment.Certificates.Pairs {
		hello.Certificates[name] = pair.Certificate
	}
	var welcome protocol.Welcome
	err := t.nginx.ask(ctx, protocol.MethodHello, hello, &welcome)
	if err == nil && welcome.Nginx == nil {
		err = errors.New("the agent says nothing of its nginx: not an agent of this lab")
	}
	if err == nil {
		t.info = *welcome.Nginx
	}
	var refused errAgent
	if errors.As(err, &refused) {
		return fmt.Errorf("the image %q cannot be used: %w", t.image, err)
	}
	return err
}

// Nginx is what the image's nginx says of itself.
func (t *Testbed) Nginx() protocol.NginxInfo { return t.info }

// Remove removes the testbed's containers and its network. It works on after the
// run was interrupted, within a time limit of its own: this is when it matters.
func (t *Testbed) Remove() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), cleanUp, fmt.Errorf("not done within %s", cleanUp))
	defer cancel()
	// Before the removal: an attached client that does not read blocks it.
	t.closeStreams()
	var mu sync.Mutex
	var failed []error
	var all sync.WaitGroup
	for _, id := range t.ids {
		all.Go(func() {
			if err := t.equipment.Engine.Remove(ctx, id); err != nil {
				mu.Lock()
				failed = append(failed, err)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if t.network != "" {
		failed = append(failed, t.equipment.Engine.RemoveNetwork(ctx, t.network))
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("removing testbed %s (`lab prune` tries again): %w", t.Name, err)
	}
	return nil
}

func (t *Testbed) closeStreams() {
	for _, s := range t.streams {
		_ = s.Close()
	}
	t.streams = nil
}

// both does two things side by side.
func both(a, b func() error) error {
	done := make(chan error, 1)
	go func() { done <- a() }()
	second := b()
	first := <-done
	if first != nil && second != nil {
		return errors.Join(first, second)
	}
	return cmp.Or(first, second)
}

// owner resolves a scenario's name of a socket's owner to numbers; -1, -1 leaves it.
func (t *Testbed) owner(name string) (uid, gid int, err error) {
	switch name {
	case "":
		return -1, -1, nil
	case "root":
		return 0, 0, nil
	case "nginx":
		return t.info.UID, t.info.GID, nil
	}
	u, g, _ := strings.Cut(name, ":")
	if uid, err = strconv.Atoi(u); err == nil {
		gid, err = strconv.Atoi(g)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("reading the owner %q: want nginx, root or UID:GID", name)
	}
	return uid, gid, nil
}
