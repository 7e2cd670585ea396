package scenario

import (
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/server"
)

// server checks the server that the scenario names, and the privileges it asks for.
func (c *checker) server() {
	one, known := server.Lookup(c.s.Server)
	if c.s.Server != "" && !known {
		c.wrong(at("server"), "unknown server %q%s; the servers are %s", c.s.Server, c.suggest(c.s.Server, server.Names()),
			strings.Join(server.Names(), ", "))
	}
	if one.Manager && c.s.Needs != "" {
		c.wrong(at("needs"), "needs: with %s nginx runs in the server's container, which has no network: remove needs", c.s.Server)
	}
	for i, p := range c.s.Privileges {
		if !slices.Contains(one.Privileges, p) {
			c.wrong(at("privileges", i), "privilege %q: nothing in this scenario needs it, and a scenario may ask only for "+
				"what its server needs: remove it", p)
		}
	}
	for _, p := range one.Privileges {
		if !slices.Contains(c.s.Privileges, p) {
			c.wrong(at("server"), "%s needs the privilege %s, and the scenario does not ask for it: add privileges: [%s]", c.s.Server, p,
				strings.Join(one.Privileges, ", "))
		}
	}
}
