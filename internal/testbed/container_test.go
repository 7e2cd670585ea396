package testbed_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/testbed"
)

// inspected is what the engine itself says of a container.
type inspected struct {
	Config struct {
		User      string
		OpenStdin bool
		StdinOnce bool
		Tty       bool
	}
	HostConfig struct {
		AutoRemove, Privileged, PublishAllPorts bool

		NetworkMode, PidMode, IpcMode, UsernsMode string

		Binds, CapAdd, CapDrop, SecurityOpt, Devices []any

		PortBindings map[string]any
		LogConfig    struct{ Type string }
		Memory       int64
		MemorySwap   int64
		PidsLimit    int64
	}
	Mounts []struct{ Type, Destination string }
}

func inspect(t *testing.T, id string) inspected {
	t.Helper()
	output, err := exec.Command("docker", "inspect", id).Output()
	if err != nil {
		t.Skipf("NOT TESTED, docker inspect does not work: %v", err)
	}
	var all []inspected
	if err := json.Unmarshal(output, &all); err != nil || len(all) != 1 {
		t.Fatal(err, string(output))
	}
	return all[0]
}

func words(list []any) string {
	var all []string
	for _, v := range list {
		all = append(all, strings.TrimPrefix(v.(string), "CAP_"))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// What runs inside is untrusted: it has these rights and no others.
func TestContainersAreConfined(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	for role, id := range map[string]string{"nginx": b.IDs()[inNginx], "backend": b.IDs()[inBackend]} {
		c := inspect(t, id)
		h := c.HostConfig
		slices.Sort(testbed.Capabilities)
		if got, want := words(h.CapAdd), strings.Join(testbed.Capabilities, " "); got != want || words(h.CapDrop) != "ALL" {
			t.Errorf("%s: capabilities %q of %q, want %q", role, got, words(h.CapDrop), want)
		}
		if words(h.SecurityOpt) != "no-new-privileges" || h.Privileged || len(h.Devices) > 0 {
			t.Errorf("%s: privileges: %+v", role, h)
		}
		if h.Memory != 256<<20 || h.MemorySwap != h.Memory || h.PidsLimit != 256 {
			t.Errorf("%s: limits: %+v", role, h)
		}
		network := "none"
		if role == "backend" {
			network = "container:" + b.IDs()[inNginx]
		}
		if h.NetworkMode != network || len(h.PortBindings) > 0 || h.PublishAllPorts || h.PidMode == "host" || h.IpcMode == "host" {
			t.Errorf("%s: network: %+v", role, h)
		}
		if len(h.Binds) > 0 || slices.ContainsFunc(c.Mounts, func(m struct{ Type, Destination string }) bool { return m.Type == "bind" }) {
			t.Errorf("%s: mounts of the host: %v %+v", role, h.Binds, c.Mounts)
		}
		if h.LogConfig.Type != "none" || !h.AutoRemove || !c.Config.OpenStdin || !c.Config.StdinOnce || c.Config.Tty || c.Config.User != "0:0" {
			t.Errorf("%s: %+v", role, c)
		}
	}
	// And what the kernel says, of a process that a trial started.
	if got := b.sh(t, inNginx, `grep -E '^(CapBnd|NoNewPrivs)' /proc/1/status | tr -s '\t\n' ' '`); got != "CapBnd: 00000000000000e3 NoNewPrivs: 1" {
		t.Errorf("the kernel says %q", got)
	}
	if got := b.sh(t, inBackend, `cat /proc/net/route | wc -l; cat /proc/net/dev | grep -c :`); got != "1\n1" {
		t.Errorf("routes and devices: %q, want the loopback only", got)
	}
}

func TestIPv6Loopback(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	seen := b.run(t, simple(strings.ReplaceAll(proxied, "127.0.0.1", "[::1]"), app(protocol.Backend{Listen: "tcp://[::1]:3000"})))
	if status(seen, 0) != 200 {
		t.Errorf("%+v %+v", seen.Phases[0].Answers, seen.Backends)
	}
}

// With a network of its own each container has its own loopback; they find each
// other by name, and nothing else.
func TestOwnNetwork(t *testing.T) {
	t.Parallel()
	b := start(t, "network")
	network := inspect(t, b.IDs()[inNginx]).HostConfig.NetworkMode
	seen := b.run(t, simple(proxied, app(protocol.Backend{})))
	if status(seen, 0) != 502 {
		t.Errorf("the backend's loopback is nginx's: %+v", seen.Phases[0].Answers)
	}
	seen = b.run(t, simple(strings.ReplaceAll(proxied, "127.0.0.1", "app"), app(protocol.Backend{Listen: "tcp://0.0.0.0:3000"})))
	if status(seen, 0) != 200 {
		t.Errorf("the backend is not reached by its name: %+v", seen.Phases[0].Answers)
	}
	// The engine gives its containers a default route all the same, and drops what
	// takes it; it reaches listeners of the host only (docs say so).
	if output, err := exec.Command("docker", "network", "inspect", "--format", "{{.Internal}}", network).Output(); err != nil || string(output) != "true\n" {
		t.Errorf("the network is internal: %s, %v", output, err)
	}
	if err := b.Remove(); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("docker", "network", "inspect", network).CombinedOutput(); err == nil {
		t.Errorf("the network is left: %s", output)
	}
}

// The engine's resolver takes its time for a name that it does not know.
func TestUnknownNameOnANetwork(t *testing.T) {
	t.Parallel()
	b := start(t, "network")
	_, err := b.Run(t.Context(), nextID(), simple(strings.ReplaceAll(proxied, "127.0.0.1", "nobody"), nil), nil)
	if err == nil || !strings.Contains(err.Error(), `host not found in upstream "nobody"`) {
		t.Errorf("Run = %v", err)
	}
}
