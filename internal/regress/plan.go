package regress

import (
	"fmt"
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/trial"
)

// plan makes the deployment out of what is known so far.
func (c *Config) plan() error {
	c.standIns.Always(c.Site)
	c.scripts()
	c.peers = nil
	var pages []deployment.Change
	for _, pass := range c.Site.Passes() {
		if pass.Upstream != nil {
			for _, server := range pass.Upstream.Peers {
				for _, address := range server.Addresses {
					c.standIn(address, server.Name, pass.Family.Scheme, pass.TLS)
				}
			}
		}
	}
	for _, f := range c.further {
		c.standIn(f.address, c.nameOf(f.address), f.protocol, f.secured)
	}
	d := protocol.Deployment{
		Main: c.Source.Main, Files: map[string][]byte{}, Links: map[string]string{},
		Names: protocol.Names{At: c.Site.Resolvers(), Addresses: maps.Clone(c.Site.Addresses)},
	}
	home := path.Dir(c.Source.Main)
	d.Hidden = []string{path.Join(home, "conf.d"), path.Join(home, "sites-enabled"), path.Join(home, "templates")}
	for name, text := range c.Source.Files {
		d.Files[name] = []byte(text)
	}
	var taken []string
	for _, peer := range c.peers {
		if place, ok := strings.CutPrefix(peer.address, "unix:"); ok {
			d.Links[path.Clean(place)] = strings.TrimPrefix(peer.listen, "unix://")
			continue
		}
		if at, err := netip.ParseAddrPort(peer.address); err == nil && !at.Addr().IsLoopback() {
			taken = append(taken, fmt.Sprint(at.Port()))
		}
	}
	edits := c.Site.Adapt(deployment.Adaptation{Scale: c.Scale, Real: c.options.TimeScale == 1, User: c.user, Taken: taken})
	c.Site.Mark(edits)
	for name, text := range edits.Result() {
		d.Files[name] = []byte(text)
	}
	for name, text := range c.standIns.Files {
		d.Files[name] = []byte(text)
	}
	c.Site.Walk(func(directive *nginx.Directive) {
		// The former trial's nginx was killed and left its socket.
		place, unix := strings.CutPrefix(directive.Arg(0), "unix:")
		if unix && directive.Is("listen") && path.IsAbs(place) && len(path.Clean(place)) > 1 {
			d.Folders = append(d.Folders, path.Clean(place))
		}
		_, rest, _ := nginx.FamilyOf(directive.Name)
		if rest == "cache_path" && path.IsAbs(directive.Arg(0)) && len(path.Clean(directive.Arg(0))) > 1 {
			d.Folders = append(d.Folders, path.Clean(directive.Arg(0)))
		}
	})
	for _, folder := range c.folders {
		// A file makes its folder, and stays out of the way.
		d.Files[path.Join(folder, ".lab")] = nil
	}
	for _, place := range slices.Sorted(maps.Keys(c.pages)) {
		if _, there := d.Files[place]; !there {
			d.Files[place] = []byte("a page that stands in for " + path.Base(place) + "\n")
			pages = append(pages, deployment.Change{Was: place, Now: "a page of the lab's", Why: "stands in for the file"})
		}
	}
	c.base = trial.Deployment{Deployment: d, Pairs: c.standIns.Set.Pairs}
	c.Changes = slices.Concat(edits.Changes, c.standIns.Why, pages)
	if c.options.TimeScale != 1 {
		c.Changes = append(c.Changes, c.Site.Unscaled()...)
	}
	return nil
}

// scripts makes the files of scripts that a FastCGI server runs and nginx looks for.
func (c *Config) scripts() {
	for _, l := range c.Site.Locations {
		pass, ok := c.Site.PassOf(l)
		root := deployment.Effective(l.Directive, "root")
		if !ok || pass.Family.Name != "fastcgi" || root == nil || !path.IsAbs(root.Arg(0)) || strings.Contains(root.Arg(0), "$") {
			continue
		}
		for _, name := range l.Paths() {
			if !strings.HasSuffix(name, "/") {
				c.pages[path.Join(root.Arg(0), path.Clean("/"+name))] = true
			}
		}
	}
}

// standIn adds a backend at an address, unless that is nginx itself.
func (c *Config) standIn(address, name, speaks string, secured bool) bool {
	if c.Site.Own(address) || slices.ContainsFunc(c.peers, func(p *peer) bool { return p.address == address }) {
		return false
	}
	p := &peer{id: fmt.Sprintf("b%d", len(c.peers)), address: address, name: name, protocol: speaks}
	switch {
	case strings.HasPrefix(address, "unix:"):
		p.listen = fmt.Sprintf("unix://%s/%s.sock", protocol.SocketDir, p.id)
	case secured:
		p.listen = "tls://" + address
	default:
		p.listen = "tcp://" + address
	}
	c.peers = append(c.peers, p)
	return true
}
