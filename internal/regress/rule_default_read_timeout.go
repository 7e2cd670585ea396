package regress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/nginx"
)

// A client waits a minute for an upstream that stalls, because nobody has set the timeout.
var defaultReadTimeout = defaultTimeout("default-read-timeout", "stall", "_read_timeout", "10s", "stalls")

// defaultTimeout is a rule about a timeout that has nginx's default, 60 s. rest is the end
// of its name, value the one of the fix.
func defaultTimeout(name, faultName, rest, value, what string) rule {
	return rule{
		name: name, severity: "warning", cells: onlyFault(faultName),
		wrong: func(t Target, cells []Cell) bool {
			setting := t.Pass.Family.Name + rest
			return slices.Contains(cells[0].After, setting+" 60s") && deployment.Effective(t.Pass.Parent, setting) == nil
		},
		right: func(_, after []Cell) bool {
			waits := after[0].waits()
			return waits > 0 && waits < forEver && strings.Contains(strings.Join(after[0].After, ""), rest+" "+value)
		},
		says: func(t Target, cells []Cell) string {
			return fmt.Sprintf("%s: a client waits %s for nothing where the upstream %s, since %s%s is nginx's default",
				t.Location, nginx.FormatTime(cells[0].waits()), what, t.Pass.Family.Name, rest)
		},
		fix: func(t Target, e *deployment.Edits) bool {
			e.Below(t.Pass.Parent, t.Pass.Family.Name+rest+" "+value+";")
			return true
		},
	}
}
