package regress

import (
	"fmt"
	"net"
	"slices"

	"github.com/gatewaylab/lab/internal/deployment"
)

// noName is what a fix has in place of a name that lab cannot know.
const noName = "the-name-in-the-certificate.example"

// An upstream with a wrong certificate is accepted: whoever is in between can read all.
var unverified = rule{
	name: "unverified", severity: "error",
	cells: []cellID{{Fault: "tls-self-signed"}, {Fault: "tls-expired"}, {Fault: "tls-other-name"}, {Fault: None}},
	wrong: func(_ Target, cells []Cell) bool {
		return slices.ContainsFunc(cells[:3], accepted) && accepted(cells[3])
	},
	right: func(_, after []Cell) bool { return !slices.ContainsFunc(after[:3], accepted) && accepted(after[3]) },
	says: func(t Target, _ []Cell) string {
		return fmt.Sprintf("%s: the upstream's certificate is not verified: a wrong one is accepted", t.Location)
	},
	fix: func(t Target, e *deployment.Edits) bool {
		family := t.Pass.Family.Name
		lines := []string{family + "_ssl_verify on;", family + "_ssl_verify_depth 3;"}
		if d := deployment.Effective(t.Pass.Parent, family+"_ssl_verify"); d != nil {
			e.Replace(d, family+"_ssl_verify on;", "")
			lines = nil
		}
		if deployment.Effective(t.Pass.Parent, family+"_ssl_trusted_certificate") == nil {
			lines = append(lines, family+"_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;")
		}
		// nginx verifies the name of the upstream block, or the address, unless it is told another.
		host, named := hostToVerify(t)
		grouped := t.Pass.Upstream != nil && t.Pass.Upstream.D != nil
		if deployment.Effective(t.Pass.Parent, family+"_ssl_name") == nil && (grouped || !named) {
			lines = append(lines, fmt.Sprintf("%s_ssl_name %s;", family, host))
		}
		if lines != nil {
			e.Below(t.Pass.Parent, lines...)
		}
		return true
	},
}

// hostToVerify is the name that an upstream's certificate should have; named: lab knows it.
func hostToVerify(t Target) (host string, named bool) {
	host, _, err := net.SplitHostPort(t.Peers[0].name)
	if err != nil {
		host = t.Peers[0].name
	}
	if net.ParseIP(host) != nil {
		return noName, false
	}
	return host, true
}
