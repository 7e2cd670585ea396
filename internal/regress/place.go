package regress

import (
	"slices"

	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/nginx"
)

// locationOf finds a location by what reports call it.
func (c *Config) locationOf(server, location string) *deployment.Location {
	for _, l := range c.Site.Locations {
		if l.Server.Label() == server && l.String() == location {
			return l
		}
	}
	return nil
}

// passBehind is how a location passes requests on, be it by way of another one that its
// try_files or rewrite leads to.
func (c *Config) passBehind(l *deployment.Location) *deployment.Pass {
	if p, ok := c.Site.PassOf(l); ok {
		return &p
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passes[l]
}

// place is where a directive is, or would be: in its location.
func (c *Config) place(l *deployment.Location, pass *deployment.Pass, name string) (string, int) {
	block := (*nginx.Directive)(nil)
	if l != nil {
		block = l.Directive
	}
	if pass != nil {
		block = pass.Parent
	}
	if block == nil {
		return c.ShownFile(c.Site.Main), 1
	}
	if d := deployment.Effective(block, name); d != nil {
		return c.ShownFile(d.File), d.Line
	}
	return c.ShownFile(block.File), block.Line
}

func (c *Config) serverPlace(server, name string) (string, int) {
	for _, s := range c.Site.Servers {
		if s.Label() != server {
			continue
		}
		i := slices.IndexFunc(s.Block, func(d *nginx.Directive) bool { return d.Name == name })
		if i >= 0 && name != "location" {
			return c.ShownFile(s.Block[i].File), s.Block[i].Line
		}
		return c.ShownFile(s.File), s.Line
	}
	return c.ShownFile(c.Site.Main), 1
}

func (c *Config) locationPlace(server, location string) (string, int) {
	return c.place(c.locationOf(server, location), nil, "")
}

// upstreamPlace is where a location's servers stand.
func (c *Config) upstreamPlace(server, location string) (string, int) {
	l := c.locationOf(server, location)
	if l == nil {
		return c.serverPlace(server, "server_name")
	}
	pass := c.passBehind(l)
	switch {
	case pass == nil:
		return c.place(l, nil, "")
	case pass.Upstream != nil && pass.Upstream.D != nil:
		return c.ShownFile(pass.Upstream.D.File), pass.Upstream.D.Line
	}
	return c.ShownFile(pass.File), pass.Line
}
