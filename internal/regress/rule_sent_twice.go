package regress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/deployment"
)

// A request that must not be repeated, such as an order, comes to two servers.
var sentTwice = rule{
	name: "sent-twice", severity: "error",
	cells: []cellID{{"stall", one, "POST"}, {"close", one, "POST"}, {"status-503", one, "POST"}},
	wrong: func(_ Target, cells []Cell) bool { return slices.ContainsFunc(cells, twiceSent) },
	right: func(_, after []Cell) bool { return !slices.ContainsFunc(after, twiceSent) },
	says: func(t Target, _ []Cell) string {
		return fmt.Sprintf("%s: a POST is sent to a second server after the first one had it", t.Location)
	},
	fix: func(t Target, e *deployment.Edits) bool {
		d := deployment.Effective(t.Pass.Parent, t.Pass.Family.Name+"_next_upstream")
		if d == nil || !slices.Contains(d.Args, "non_idempotent") {
			return false
		}
		rest := without(d.Args, "non_idempotent")
		if len(rest) == 0 {
			return false
		}
		e.Replace(d, d.Name+" "+strings.Join(rest, " ")+";", "")
		return true
	},
}

func twiceSent(c Cell) bool { return c.Twice }
