package regress

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

// Which cells a location has follows from what is behind it.
func TestCells(t *testing.T) {
	t.Parallel()
	peers := func(listen string, n int) []*peer {
		var all []*peer
		for range n {
			all = append(all, &peer{address: "10.0.0.1:80", name: "app.internal:80", listen: listen, protocol: "http"})
		}
		return all
	}
	get := protocol.Probe{Method: "GET"}
	for _, row := range []struct {
		name   string
		target Target
		has    string // fault[ at][ POST], joined by /
		hasNot string
	}{
		{"nothing behind it", Target{Probe: get}, "none", "refuse/stall"},
		{
			"one server", Target{Probe: get, Peers: peers("tcp://10.0.0.1:80", 1)},
			"none/refuse/stall/close/reset/body-cut", "refuse one server/stall first attempt/tls-stall/goaway/name-unknown/refuse-stale",
		},
		{
			"one server with TLS", Target{Probe: get, Peers: peers("tls://10.0.0.1:443", 1)},
			"tls-stall/tls-close/tls-expired/tls-needs-sni/refuse", "goaway",
		},
		{
			"two servers", Target{Probe: get, Peers: peers("tcp://10.0.0.1:80", 2), First: &peer{}},
			"refuse one server/refuse one server POST/connect-stall one server/stall first attempt/close first attempt",
			"connect-stall one server POST/refuse first attempt/reset one server/refuse also the backups",
		},
		{
			"two servers and a POST", Target{Probe: protocol.Probe{Method: "POST"}, Peers: peers("tcp://10.0.0.1:80", 2), First: &peer{}},
			"refuse one server", "refuse one server POST",
		},
		{
			"a backup", Target{Probe: get, Peers: peers("tcp://10.0.0.1:80", 1), Backups: peers("tcp://10.0.0.1:80", 1), First: &peer{}},
			"refuse also the backups/refuse one server", "stall also the backups",
		},
		{
			"a unix socket", Target{Probe: get, Peers: peers("unix:///lab/run/b0.sock", 1)},
			"refuse/connect-stall/stall/reset", "tls-stall",
		},
		{"a name", Target{Probe: get, Peers: peers("tcp://10.0.0.1:80", 1), Runtime: true}, "name-unknown/name-silent", "refuse-stale"},
	} {
		all := map[string]bool{}
		for _, id := range row.target.cells() {
			all[strings.TrimSpace(strings.Join(strings.Fields(id.Fault+" "+id.At+" "+id.Method), " "))] = true
		}
		for want := range strings.SplitSeq(row.has, "/") {
			if !all[want] {
				t.Errorf("%s: no cell %q in %v", row.name, want, all)
			}
		}
		for want := range strings.SplitSeq(row.hasNot, "/") {
			if all[want] {
				t.Errorf("%s: a cell %q", row.name, want)
			}
		}
	}
	grpc := peers("tcp://10.0.0.1:80", 1)
	grpc[0].protocol = "grpc"
	over := Target{Probe: protocol.Probe{Method: "POST"}, Peers: grpc}
	for fault, want := range map[string]bool{"goaway": true, "big-header": false, "body-cut": false, "stall": true, "close": false} {
		if got := over.has(cellID{Fault: fault}); got != want {
			t.Errorf("gRPC has %s: %t", fault, got)
		}
	}
}

// A fault of kept connections is for advice, and not in the matrix.
func TestKeptIsForAdvice(t *testing.T) {
	t.Parallel()
	id := cellID{Fault: "idle-close", Method: "POST"}
	keeps := strings.Replace(shop, "upstream shop {", "upstream shop { keepalive 8;", 1)
	for text, want := range map[string]bool{shop: false, keeps: true} {
		_, targets := surveyed(t, text)
		target := targetAt(t, targets, "/")
		if target.has(id) != want {
			t.Errorf("advice can have it: %t, want %t", !want, want)
		}
		for _, cell := range target.cells() {
			if cell.Fault == id.Fault {
				t.Error("it is in the matrix")
			}
		}
	}
}

// Which backends of a trial fail, and how many requests it has.
func TestCellTrial(t *testing.T) {
	t.Parallel()
	c, targets := surveyed(t, shop)
	target := targetAt(t, targets, "/")
	for _, row := range []struct {
		id       cellID
		faulty   string // b0 and b1, as far as they have a fault
		requests int
		method   string
		once     string
		steps    int
	}{
		{cellID{Fault: None}, "", 1, "GET", "", 0},
		{cellID{Fault: "close"}, "b0 b1", 1, "GET", "", 0},
		{cellID{Fault: "close", At: one}, "b0", requests, "GET", "", 0},
		{cellID{Fault: "close", At: one, Method: "POST"}, "b0", 1, "POST", "", 0},
		{cellID{Fault: "close", At: first}, "b0 b1", 1, "GET", "b0 b1", 0},
		{cellID{Fault: "idle-close", Method: "POST"}, "b0 b1", 2, "POST", "", 1},
		{cellID{Fault: refuseStale.Name}, "", 1, "GET", "", 2},
	} {
		what := c.cellTrial(target, row.id, 0)
		var faulty []string
		for _, id := range []string{"b0", "b1"} {
			if f := what.Start.Backends[id].Fault; f != "" {
				faulty = append(faulty, id)
			}
		}
		steps := len(what.Phases[len(what.Phases)-1].Apply)
		probe := what.Probes["p000"].Exactly
		got := []any{strings.Join(faulty, " "), len(what.Probes), probe.Method, strings.Join(what.Deployment.Once, " "), steps}
		if want := []any{row.faulty, row.requests, row.method, row.once, row.steps}; !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %v, want %v", row.id, got, want)
		}
	}
	patient := c.cellTrial(target, cellID{Fault: "stall"}, 0).Probes["p000"].Exactly.Timeout
	if hasty := c.cellTrial(target, cellID{Fault: None}, 0).Probes["p000"].Exactly.Timeout; patient <= hasty {
		t.Errorf("a client waits for two attempts %s, for one %s", patient, hasty)
	}
}
