package regress

import (
	"fmt"
	"slices"

	"github.com/gatewaylab/lab/internal/deployment"
)

// A client gets the application's own error page, and may learn from it what is inside.
var errorPageOfTheUpstream = rule{
	name: "error-page-of-the-upstream", severity: "note", cells: onlyFault("status-500"),
	wrong: func(_ Target, cells []Cell) bool {
		return slices.Contains(cells[0].Shows, "the upstream's error page")
	},
	right: func(_, after []Cell) bool { return after[0].From == fromConfig },
	says: func(t Target, _ []Cell) string {
		return fmt.Sprintf("%s: a client gets the upstream's own error page, with whatever it says of the inside", t.Location)
	},
	fix: func(t Target, e *deployment.Edits) bool {
		server := t.Pass.In("server")
		if server == nil {
			return false
		}
		e.Below(server, "location @upstream_failed {", "    default_type text/plain;",
			`    return 503 "The service is not available.\n";`, "}")
		e.Below(t.Pass.Parent, t.Pass.Family.Name+"_intercept_errors on;", "error_page 500 502 503 504 @upstream_failed;")
		return true
	},
}
