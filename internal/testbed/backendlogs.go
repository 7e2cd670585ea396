package testbed

import (
	"context"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/scenario"
)

// A server's log that should say something is looked at for a while: a master notes a
// worker's death after nginx has seen it.
const (
	backendLogPoll = 20 * time.Millisecond
	backendLogWait = 3 * logWait
)

// backendLogs is what backends logged since the last time, by name. It waits a while
// for what is expected.
func (r *trial) backendLogs(ctx context.Context, expected []scenario.Regexp) (map[string]string, error) {
	for deadline := time.Now().Add(backendLogWait); ; {
		var states []protocol.BackendStatus
		if err := r.backend.ask(ctx, protocol.MethodBackends, nil, &states); err != nil {
			return nil, err
		}
		logs := map[string]string{}
		for _, s := range states {
			// Of what was logged the agent keeps the end.
			fresh := min(max(s.Logged-r.logged[s.Name], 0), int64(len(s.Log)))
			logs[s.Name] = s.Log[int64(len(s.Log))-fresh:]
		}
		if scenario.InLogs(logs, expected) == nil || !time.Now().Before(deadline) {
			for _, s := range states {
				r.logged[s.Name] = s.Logged
			}
			return logs, nil
		}
		select {
		case <-time.After(backendLogPoll):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
