package scenario

import (
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/server"
)

// server checks which server the scenario names, and what it asks for.
func (c *checker) server() {
	one, known := server.Lookup(c.s.Server)
	if c.s.Server != "" && !known {
		c.wrong(at("server"), "unknown server %q%s; there are %s", c.s.Server, c.suggest(c.s.Server, server.Names()), strings.Join(server.Names(), ", "))
	}
	if one.Manager && c.s.Needs != "" {
		c.wrong(at("needs"), "needs: %s has nginx in its own container, and no network", c.s.Server)
	}
	for i, p := range c.s.Privileges {
		if !slices.Contains(one.Privileges, p) {
			c.wrong(at("privileges", i), "privilege %q: nothing in this scenario needs it, and what a server does not need cannot be asked for", p)
		}
	}
	for _, p := range one.Privileges {
		if !slices.Contains(c.s.Privileges, p) {
			c.wrong(at("server"), "%s needs the privilege %s, and a scenario has to ask for it: privileges: [%s]", c.s.Server, p, strings.Join(one.Privileges, ", "))
		}
	}
}
