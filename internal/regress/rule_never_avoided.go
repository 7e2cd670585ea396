package regress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/deployment"
)

// A server that is dead is tried by every request, because nginx forgets its failures.
var neverAvoided = rule{
	name: "never-avoided", severity: "warning", cells: []cellID{{Fault: "refuse", At: one}}, requests: 12,
	wrong: func(_ Target, cells []Cell) bool { return retriesAtLast(cells[0]) },
	right: func(_, after []Cell) bool { return !retriesAtLast(after[0]) },
	says: func(t Target, _ []Cell) string {
		return fmt.Sprintf("%s: a server of %s that is dead is tried again and again, since max_fails=0 forgets its failures",
			t.Location, t.Group)
	},
	fix: func(t Target, e *deployment.Edits) bool {
		if t.Pass.Upstream == nil {
			return false
		}
		changed := false
		for _, p := range t.Pass.Upstream.Peers {
			if slices.Contains(p.D.Args, "max_fails=0") {
				e.Replace(p.D, "server "+strings.Join(without(p.D.Args, "max_fails=0"), " ")+";", "")
				changed = true
			}
		}
		return changed
	},
}

// retriesAtLast reports whether the last requests still went to the server that is dead.
func retriesAtLast(c Cell) bool {
	if len(c.Tried) < 4 {
		return len(c.Tried) == 1 && strings.Contains(c.Tried[0], ",")
	}
	return slices.ContainsFunc(c.Tried[len(c.Tried)-4:], func(tried string) bool { return strings.Contains(tried, ",") })
}
