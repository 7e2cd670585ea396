// Package engine says what lab asks of a container engine, in lab's own words.
// It does not talk to one: engine/docker does.
package engine

import (
	"context"
	"errors"
	"io"
	"time"
)

// Labels that everything lab creates on an engine carries. State lives in these
// labels and nowhere else, so that any shell, and any machine that reaches the
// same engine, can list and remove what a run left behind.
const (
	LabelRun     = "lab.run"     // id of the run that made it
	LabelExpires = "lab.expires" // RFC 3339; afterwards anyone may remove it
	LabelTestbed = "lab.testbed" // number of the testbed within the run
	LabelRole    = "lab.role"    // "nginx" or "backend"
	LabelImage   = "lab.image"   // on images that lab assembled: how they came to be
)

// Errors that callers tell apart.
var (
	// ErrUnavailable: the engine does not answer.
	ErrUnavailable = errors.New("the container engine does not answer")
	// ErrNotFound: no such container, image or network.
	ErrNotFound = errors.New("not found")
	// ErrNoFilter: a list or a removal was asked for without a label to filter by.
	ErrNoFilter = errors.New("refused: an empty label filter would reach containers that are not lab's")
)

// Info describes the engine.
type Info struct {
	Name          string // "Docker Engine - Community", "Podman Engine", …
	Version       string
	APIVersion    string // negotiated
	OS            string // of its containers, "linux"
	Arch          string // as in GOARCH
	Cores         int
	MemoryBytes   int64
	CgroupVersion string // "1" or "2"
	Address       string // where it was reached
}

// ContainerSpec is everything lab ever asks of a container. What is not in it
// (host mounts, published ports, privileges) cannot be asked for.
type ContainerSpec struct {
	Name       string
	Image      string
	Command    []string // replaces the image's entrypoint and command
	Labels     map[string]string
	Network    string            // "none", "container:ID" or a network's id
	Aliases    []string          // names on that network
	VolumesOf  string            // id of a container whose volumes are shared; read-only, if UnlockCgroupOf is set
	Volume     string            // path of an anonymous volume, removed with its container
	Tmpfs      map[string]string // path -> mount options
	Sysctls    map[string]string
	Cap        []string // all others are dropped
	Memory     int64    // bytes; swap is not added
	PidsLimit  int64
	StopSignal string
	OwnCgroup  bool // a cgroup namespace of its own, for a service manager inside

	// UnlockCgroupOf is the id of a container whose cgroup this short-lived helper makes
	// writable for the service manager inside. The helper shares that container's process
	// namespace, has a read-only root file system, and no AppArmor profile, which would
	// forbid the one mount that it makes.
	UnlockCgroupOf string
}

// Container is a container of lab's on the engine.
type Container struct {
	ID      string
	Name    string
	Image   string
	State   string // "created", "running", "paused", "exited", "dead"
	Created time.Time
	Labels  map[string]string
}

// Network is a network of lab's on the engine.
type Network struct {
	ID      string
	Name    string
	Created time.Time
	Labels  map[string]string
}

// Stream is the attached stdin and stdout of a container's first process, or of
// a process that Exec started. Errors holds the tail of what it wrote to stderr.
type Stream interface {
	io.ReadWriteCloser
	Errors() string
}

// Image is an image on the engine.
type Image struct {
	ID      string // sha256:…
	Tags    []string
	Bytes   int64
	Created time.Time
	Labels  map[string]string
	Arch    string
}

// Progress says how far a long step is. Total is 0 where it is not known.
type Progress struct {
	What    string // "fetching 29 packages"
	Done    int64  // bytes
	Total   int64
	Warning bool // something the user should see even when progress is hidden
}

// Containers is what a testbed needs.
type Containers interface {
	// Create makes a container and does not start it.
	Create(ctx context.Context, spec ContainerSpec) (id string, err error)
	// CopyTo unpacks a tar stream below path, before or after the start.
	CopyTo(ctx context.Context, id, path string, tar io.Reader) error
	// Attach returns the stream; call it before Start.
	Attach(ctx context.Context, id string) (Stream, error)
	Start(ctx context.Context, id string) error
	// SetMemory changes the memory limit of a running container, as `docker update`.
	SetMemory(ctx context.Context, id string, bytes int64) error
	// Pause freezes every process of the container, Unpause thaws them.
	Pause(ctx context.Context, id string) error
	Unpause(ctx context.Context, id string) error
	// Remove kills and removes the container and its anonymous volumes.
	// A container that is gone already is not an error.
	Remove(ctx context.Context, id string) error
	// List returns the containers that carry the label (with any value if value is ""),
	// whatever their state. An empty label is ErrNoFilter.
	List(ctx context.Context, label, value string) ([]Container, error)
	// Exec starts a process in a running container and attaches to it.
	Exec(ctx context.Context, id string, command []string) (Stream, error)

	// CreateNetwork makes an internal network: its containers reach each other and
	// not the outside.
	CreateNetwork(ctx context.Context, name string, labels map[string]string) (id string, err error)
	RemoveNetwork(ctx context.Context, id string) error
	Networks(ctx context.Context, label, value string) ([]Network, error)
}

// Images is what obtaining images needs.
type Images interface {
	// Image looks an image up by name or id; ErrNotFound if the engine lacks it.
	Image(ctx context.Context, ref string) (Image, error)
	// ListImages returns the images that carry the label, ErrNoFilter if it is empty.
	ListImages(ctx context.Context, label, value string) ([]Image, error)
	// Pull fetches an image for the platform ("linux/amd64") from the registry its name
	// says. Errors that arrive inside the progress stream are returned like any other.
	Pull(ctx context.Context, ref, platform string, report func(Progress)) error
	// Import makes a one-layer image from a tar of a root file system. changes are
	// Dockerfile instructions (ENV, LABEL, CMD …).
	Import(ctx context.Context, ref, platform string, changes []string, layer io.Reader) error
	Tag(ctx context.Context, id, ref string) error
	RemoveImage(ctx context.Context, ref string) error
	// Save writes images as `docker save` does; Load reads them back and returns their names.
	Save(ctx context.Context, refs []string, w io.Writer) error
	Load(ctx context.Context, r io.Reader) ([]string, error)
}
