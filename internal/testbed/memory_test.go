package testbed_test

import (
	"strings"
	"testing"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// The kernel itself kills, and who survives can be told.
func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	hungry := app(protocol.Backend{Fault: "out-of-memory", Size: 128 << 20})
	broken := trial.Stage{Nginx: "nginx.conf", Backends: hungry, Memory: 64 << 20}
	more := broken
	more.Memory = 200 << 20
	what := simple(proxied, hungry, phase(broken), phase(more, "update-container"))
	what.Start, what.Phases[0].Stage = broken, broken
	seen := b.run(t, what)
	if status(seen, 0) != 502 || status(seen, 1) != 502 || status(seen, 2) != 200 {
		t.Errorf("statuses %d, %d, and with more memory %d", status(seen, 0), status(seen, 1), status(seen, 2))
	}
	s := seen.Backends[0]
	if s.OOMKills != 2 || !s.Running || !s.Listening || strings.Count(s.Log, "was killed by signal 9") != 2 {
		t.Errorf("%+v", s)
	}
	// The next trial has the plain limit again, and its own count.
	again := b.run(t, simple(proxied, hungry))
	if s := again.Backends[0]; status(again, 0) != 200 || s.OOMKills != 0 {
		t.Errorf("the next trial: %d %+v", status(again, 0), s)
	}
	if got := b.sh(t, inBackend, "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes "+
		"2>/dev/null"); got != "268435456" {
		t.Errorf("the limit is %q", got)
	}
}
