package regress

import (
	"fmt"
	"slices"

	"github.com/gatewaylab/lab/internal/deployment"
)

// nginx keeps a connection for longer than the application does, and sends a request on it
// that the application never reads.
var keepaliveRace = rule{
	name: "keepalive-race", severity: "warning", cells: []cellID{{Fault: "idle-close", Method: "POST"}},
	wrong: func(_ Target, cells []Cell) bool { return slices.Contains(cells[0].Status, 502) },
	right: func(_, after []Cell) bool { return accepted(after[0]) },
	says: func(t Target, _ []Cell) string {
		return fmt.Sprintf("%s: nginx keeps connections to %s for 60s: a POST on one that the application is just closing fails, "+
			"since nginx may not send it again", t.Location, t.Group)
	},
	fix: func(t Target, e *deployment.Edits) bool {
		const text = "keepalive_timeout 4s;" // less than what the application keeps them for
		for _, d := range t.Pass.Upstream.D.Block {
			if d.Is("keepalive_timeout") {
				e.Replace(d, text, "")
				return true
			}
		}
		for _, d := range t.Pass.Upstream.D.Block {
			if d.Is("keepalive") {
				e.After(d, text)
			}
		}
		return true
	},
}
