package testbed

import (
	"context"
	"maps"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// A server's log that should say something is looked at for a while: a master notes a
// worker's death after nginx has seen it.
const (
	backendLogPoll = 20 * time.Millisecond
	backendLogWait = 3 * logWait
)

// backendsSeen is what backends logged since the last time, by name, and how many of their
// processes the kernel killed. It waits a while for what is expected.
func (r *live) backendsSeen(ctx context.Context, p trial.Phase, seen *trial.PhaseSeen) error {
	for deadline := time.Now().Add(r.patient(backendLogWait)); ; {
		var states []protocol.BackendStatus
		if err := r.backend.ask(ctx, protocol.MethodBackends, nil, &states); err != nil {
			return err
		}
		logs, killed := map[string]string{}, 0
		for _, s := range states {
			// Of what was logged the agent keeps the end.
			fresh := min(max(s.Logged-r.logged[s.Name], 0), int64(len(s.Log)))
			logs[s.Name] = s.Log[int64(len(s.Log))-fresh:]
			killed = max(killed, s.OOMKills-r.killed) // they count for the container
		}
		if trial.InLogs(logs, p.BackendLog) == nil && killed >= p.OOMKills || !time.Now().Before(deadline) {
			for _, s := range states {
				r.logged[s.Name] = s.Logged
			}
			r.killed += killed
			seen.Backends, seen.OOMKills, seen.Files = logs, killed, filesOf(states)
			return nil
		}
		select {
		case <-time.After(backendLogPoll):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// filesOf is the files of real servers as they stand in the container, by their names in
// the scenario.
func filesOf(states []protocol.BackendStatus) map[string]string {
	files := map[string]string{}
	for _, s := range states {
		maps.Copy(files, s.Files)
	}
	return files
}
