package regress

import (
	"fmt"
	"strings"

	"github.com/gatewaylab/lab/internal/deployment"
)

// The page for an error of the upstream is asked of the same upstream.
var errorPageBehindTheUpstream = rule{
	name: "error-page-behind-the-upstream", severity: "warning", cells: onlyFault("refuse"),
	wrong: func(t Target, cells []Cell) bool { return askedAgain(t, cells[0]) },
	right: func(before, after []Cell) bool { return len(attemptsOf(after[0])) < len(attemptsOf(before[0])) },
	says: func(t Target, _ []Cell) string {
		return fmt.Sprintf("%s: when the upstream fails, nginx asks the same upstream for the error page, and a client waits twice",
			t.Location)
	},
	fix: func(t Target, e *deployment.Edits) bool {
		d := deployment.Effective(t.Pass.Parent, "error_page")
		server := t.Pass.In("server")
		if d == nil || server == nil || !strings.HasPrefix(d.Arg(len(d.Args)-1), "/") {
			return false
		}
		e.Below(server, fmt.Sprintf("location = %s {", d.Arg(len(d.Args)-1)), "    internal;", "}")
		return true
	},
}

// askedAgain reports whether an upstream of one server was tried twice, by way of another
// location.
func askedAgain(t Target, c Cell) bool {
	tried := attemptsOf(c)
	return len(t.Peers) == 1 && len(t.Backups) == 0 && len(tried) == 2 && tried[0] == tried[1] && len(c.Via) > 0
}
