package testbed_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

func TestIPv6Loopback(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	seen := b.run(t, simple(strings.ReplaceAll(proxied, "127.0.0.1", "[::1]"), app(protocol.Backend{Listen: "tcp://[::1]:3000"})))
	if status(seen, 0) != 200 {
		t.Errorf("%+v %+v", seen.Phases[0].Answers, seen.Backends)
	}
}

// The engine writes no /etc/hosts for a container without a network.
func TestLocalhostByName(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	for _, listen := range []string{"tcp://127.0.0.1:3000", "tcp://localhost:3000"} {
		seen := b.run(t, simple(strings.ReplaceAll(proxied, "127.0.0.1", "localhost"), app(protocol.Backend{Listen: listen})))
		if status(seen, 0) != 200 {
			t.Errorf("%s: %+v %+v", listen, seen.Phases[0].Answers, seen.Backends)
		}
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
	if output, err := exec.Command("docker", "network", "inspect", "--format", "{{.Internal}}", network).Output(); err != nil ||
		string(output) != "true\n" {
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
	seen := b.run(t, simple(strings.ReplaceAll(proxied, "127.0.0.1", "nobody"), nil))
	if !strings.Contains(seen.Refused, `host not found in upstream "nobody"`) {
		t.Errorf("refused: %q", seen.Refused)
	}
}
