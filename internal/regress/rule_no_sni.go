package regress

import (
	"fmt"
	"strings"

	"github.com/gatewaylab/lab/internal/deployment"
)

// nginx does not say in the TLS handshake which name it wants, and a server that has
// several certificates cannot know.
var noSNI = rule{
	name: "no-sni", severity: "warning", cells: []cellID{{Fault: "tls-needs-sni"}, {Fault: None}},
	wrong: func(_ Target, cells []Cell) bool { return !accepted(cells[0]) && accepted(cells[1]) },
	right: func(_, after []Cell) bool { return accepted(after[0]) && accepted(after[1]) },
	says: func(t Target, _ []Cell) string {
		return fmt.Sprintf("%s: nginx does not tell the upstream its name (SNI): a server with several certificates "+
			"refuses or presents the wrong one", t.Location)
	},
	fix: func(t Target, e *deployment.Edits) bool {
		family := t.Pass.Family.Name
		lines := []string{family + "_ssl_server_name on;"}
		// An address is no name for SNI.
		if _, named := hostToVerify(t); !named && deployment.Effective(t.Pass.Parent, family+"_ssl_name") == nil {
			lines = append(lines, family+"_ssl_name "+noName+";")
		}
		if d := deployment.Effective(t.Pass.Parent, family+"_ssl_server_name"); d != nil {
			e.Replace(d, strings.Join(lines, " "), "")
		} else {
			e.Below(t.Pass.Parent, lines...)
		}
		return true
	},
}
