// Package engine defines what lab asks of a container engine, without the types of any SDK.
// Package engine/docker implements it.
package engine

import (
	"context"
	"errors"
	"io"
	"time"
)

// These are the labels of everything that lab creates on an engine. The state of a run is in
// these labels and nowhere else, so that any shell, on any machine that can reach the engine,
// can list and remove what a run has left behind.
const (
	LabelRun     = "lab.run"     // the id of the run that made it
	LabelExpires = "lab.expires" // a time in RFC 3339 form, after which anyone may remove it
	LabelTestbed = "lab.testbed" // the number of the testbed within the run
	LabelRole    = "lab.role"    // "nginx" or "backend"
	LabelImage   = "lab.image"   // on images that lab assembled: how they were made
)

// These are the errors that callers distinguish.
var (
	// ErrUnavailable means that the engine does not answer.
	ErrUnavailable = errors.New("the container engine does not answer")
	// ErrNotFound means that there is no such container, image or network.
	ErrNotFound = errors.New("not found")
	// ErrNoFilter means that a list or a removal has no label to filter by.
	ErrNoFilter = errors.New("refused: an empty label filter would reach containers that are not lab's")
)

// Info describes the engine.
type Info struct {
	Name          string // "Docker Engine - Community", "Podman Engine", …
	Version       string
	APIVersion    string // the version that lab and the engine agreed on
	OS            string // the operating system of the containers, "linux"
	Arch          string // a value of GOARCH
	Cores         int
	MemoryBytes   int64
	CgroupVersion string // "1" or "2"
	Address       string // the address at which lab reaches it
}

// ContainerSpec is everything that lab can ask of a container. It has no host mounts, no
// published ports and no privileges, so lab cannot ask for them.
type ContainerSpec struct {
	Name    string
	Image   string
	Command []string // replaces the image's entrypoint and command
	Labels  map[string]string
	Network string   // "none", "container:ID", or the id of a network
	Aliases []string // further names of the container on that network
	// VolumesOf is the id of a container whose volumes this one shares. They are read-only if
	// UnlockCgroupOf is set.
	VolumesOf  string
	Volume     string            // the path of an anonymous volume, which is removed with its container
	Tmpfs      map[string]string // maps a path to mount options
	Sysctls    map[string]string
	Cap        []string // all other capabilities are dropped
	Memory     int64    // in bytes, without any swap
	PidsLimit  int64
	StopSignal string
	OwnCgroup  bool // whether the container has its own cgroup namespace, for a service manager inside

	// UnlockCgroupOf is the id of a container. If it is set, this container is a short-lived
	// helper, which makes the cgroup of that container writable for the service manager
	// inside. The helper shares that container's process namespace and has a read-only root
	// file system. It has no AppArmor profile, because a profile would forbid the one mount
	// that the helper makes.
	UnlockCgroupOf string
}

// Container is a container on the engine that lab made.
type Container struct {
	ID      string
	Name    string
	Image   string
	State   string // "created", "running", "paused", "exited", "dead"
	Created time.Time
	Labels  map[string]string
}

// Network is a network on the engine that lab made.
type Network struct {
	ID      string
	Name    string
	Created time.Time
	Labels  map[string]string
}

// Stream is the attached stdin and stdout of a container's first process, or of a process that
// Exec started. Errors returns the end of what the process wrote to stderr.
type Stream interface {
	io.ReadWriteCloser
	Errors() string
}

type Image struct {
	ID      string // sha256:…
	Tags    []string
	Bytes   int64
	Created time.Time
	Labels  map[string]string
	Arch    string
}

// Progress is the progress of a long step. Total is 0 if it is unknown.
type Progress struct {
	What    string // what is being done, such as "fetching 29 packages"
	Done    int64  // in bytes
	Total   int64
	Warning bool // whether the user should see this even if progress is hidden
}

// Containers has the operations that a testbed needs.
type Containers interface {
	// Create makes a container but does not start it.
	Create(ctx context.Context, spec ContainerSpec) (id string, err error)
	// CopyTo unpacks a tar stream into the directory path. The container may be running or
	// not.
	CopyTo(ctx context.Context, id, path string, tar io.Reader) error
	// Attach returns the container's stream. It must be called before Start.
	Attach(ctx context.Context, id string) (Stream, error)
	Start(ctx context.Context, id string) error
	// SetMemory changes the memory limit of a running container, as `docker update` does.
	SetMemory(ctx context.Context, id string, bytes int64) error
	// Pause freezes every process of the container, and Unpause lets them go on.
	Pause(ctx context.Context, id string) error
	Unpause(ctx context.Context, id string) error
	// Remove kills and removes the container and its anonymous volumes. It is not an error if
	// the container is gone already.
	Remove(ctx context.Context, id string) error
	// List returns the containers that have the label, in whatever state they are. If value is
	// "", the label may have any value. An empty label is ErrNoFilter.
	List(ctx context.Context, label, value string) ([]Container, error)
	// Exec starts a process in a running container and attaches to it.
	Exec(ctx context.Context, id string, command []string) (Stream, error)

	// CreateNetwork makes an internal network, whose containers can reach each other but
	// nothing outside.
	CreateNetwork(ctx context.Context, name string, labels map[string]string) (id string, err error)
	RemoveNetwork(ctx context.Context, id string) error
	Networks(ctx context.Context, label, value string) ([]Network, error)
}

// Images has the operations that are needed to obtain images.
type Images interface {
	// Image finds an image by its name or id. The error is ErrNotFound if the engine does not
	// have the image.
	Image(ctx context.Context, ref string) (Image, error)
	// ListImages returns the images that have the label. An empty label is ErrNoFilter.
	ListImages(ctx context.Context, label, value string) ([]Image, error)
	// Pull fetches an image for the platform (such as "linux/amd64") from the registry in the
	// image's name. It returns errors from the progress stream like all other errors.
	Pull(ctx context.Context, ref, platform string, report func(Progress)) error
	// Import makes an image with one layer from a tar archive of a root file system. changes
	// are instructions of a Dockerfile (ENV, LABEL, CMD …).
	Import(ctx context.Context, ref, platform string, changes []string, layer io.Reader) error
	Tag(ctx context.Context, id, ref string) error
	RemoveImage(ctx context.Context, ref string) error
	// Save writes images in the format of `docker save`. Load reads them and returns their
	// names.
	Save(ctx context.Context, refs []string, w io.Writer) error
	Load(ctx context.Context, r io.Reader) ([]string, error)
}
