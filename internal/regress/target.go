package regress

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/trial"
)

// Target is a location, the request that reaches it, and what is behind it.
type Target struct {
	Location *deployment.Location
	Pass     *deployment.Pass // the one that passes it on; nil: none does
	Probe    protocol.Probe
	Control  Cell
	Group    string  // of the upstream
	Peers    []*peer // that take turns
	Backups  []*peer
	First    *peer  // that was tried first
	Runtime  bool   // its address is looked up as requests come
	Behind   string // "auth_request": what fails is not what answers, but what is asked before
}

// Request names the target's request.
func (t Target) Request() string {
	text := t.Probe.Method + " " + t.Probe.Path
	if t.Behind != "" {
		text += ", its " + t.Behind
	}
	return text
}

// Key names the target in reports and files.
func (t Target) Key() string { return t.Location.Server.Label() + " " + t.Location.String() }

// target reads where a request got.
func (c *Config) target(l *deployment.Location, probe protocol.Probe, seen trial.Observation, number int) (Target, bool) {
	if len(seen.Phases) == 0 {
		return Target{}, false
	}
	name := fmt.Sprintf("p%03d", number)
	for _, a := range seen.Phases[0].Answers {
		if a.Probe != name || a.Access == nil {
			continue
		}
		trail := c.trail(l.Server, a.Access.Trail)
		if len(trail) == 0 || trail[0].Mark != l.Mark {
			return Target{}, false
		}
		t := Target{Location: l, Probe: probe}
		c.behind(&t, trail, a)
		return t, true
	}
	return Target{}, false
}

// asked is the target of what a location asks before it answers, by auth_request, if it was
// asked: with "satisfy any" another rule may have let the request through.
func (c *Config) asked(t Target, seen trial.Observation) (Target, bool) {
	d := deployment.Effective(t.Location.Directive, "auth_request")
	if d == nil || d.Arg(0) == "off" {
		return Target{}, false
	}
	for _, l := range c.Site.Locations {
		pass, ok := c.Site.PassOf(l)
		if !ok || pass.Upstream == nil || l.Server != t.Location.Server || l.Path != d.Arg(0) {
			continue
		}
		asked := Target{Location: t.Location, Pass: &pass, Probe: t.Probe, Group: pass.Upstream.Name, Behind: "auth_request"}
		for _, server := range pass.Upstream.Peers {
			for _, address := range server.Addresses {
				if p := c.peerAt(address); p != nil && !server.Backup && !server.Down {
					asked.Peers = append(asked.Peers, p)
				}
			}
		}
		return asked, slices.ContainsFunc(asked.Peers, func(p *peer) bool { return p.hadRequest(seen) })
	}
	return Target{}, false
}

// hadRequest reports whether a request came to a stand-in, by its log.
func (p *peer) hadRequest(seen trial.Observation) bool {
	for _, b := range seen.Backends {
		for line := range strings.Lines(b.Log) {
			if _, says, ours := strings.Cut(line, " "+p.id+": "); ours && !strings.HasPrefix(says, "listening on ") {
				return true
			}
		}
	}
	return false
}

// trail is the locations that a request went through.
func (c *Config) trail(server *deployment.Server, text string) []*deployment.Location {
	var all []*deployment.Location
	for word := range strings.SplitSeq(text, ",") {
		mark, err := strconv.Atoi(word)
		if err != nil {
			continue
		}
		var here *deployment.Location
		for _, l := range c.Site.Locations {
			if l.Mark == mark && (here == nil || l.Server == server) {
				here = l
			}
		}
		if here != nil {
			all = append(all, here)
		}
	}
	return all
}

// attempts is the addresses that a record says were tried, in order.
func attempts(list string) []string {
	var all []string
	for part := range strings.SplitSeq(strings.ReplaceAll(list, " : ", ", "), ", ") {
		if part != "" && part != "-" {
			all = append(all, part)
		}
	}
	return all
}

// behind finds the upstream that answered, and its peers.
func (c *Config) behind(t *Target, trail []*deployment.Location, a trial.Answer) {
	tried := attempts(a.Access.UpstreamAddr)
	if len(tried) > 0 && c.Site.Own(tried[len(tried)-1]) {
		// Nginx is its own upstream: what is behind that one counts.
		for _, inner := range slices.Backward(a.Passed) {
			if further := attempts(inner.UpstreamAddr); len(further) > 0 && !c.Site.Own(further[0]) {
				tried = further
				if deeper := c.trail(nil, inner.Trail); len(deeper) > 0 {
					trail = deeper
				}
				break
			}
		}
	}
	if len(tried) == 0 {
		return
	}
	for _, l := range trail { // the last, but for one that was only asked
		for _, pass := range c.Site.PassesOf(l) {
			if t.Pass == nil || pass.Variable && !t.Pass.Upstream.Has(tried[0]) || !pass.Variable && pass.Upstream.Has(tried[0]) {
				t.Pass = &pass
			}
		}
	}
	if t.Pass != nil {
		c.mu.Lock()
		c.passes[t.Location] = t.Pass
		c.mu.Unlock()
	}
	t.First = c.peerAt(tried[0])
	var group *deployment.Upstream
	for _, u := range c.Site.Upstreams {
		if group == nil && slices.ContainsFunc(u.Peers, func(p deployment.Peer) bool { return slices.Contains(p.Addresses, tried[0]) }) {
			group = u
		}
	}
	if t.Pass != nil && t.Pass.Upstream != nil {
		group = t.Pass.Upstream
	} else {
		t.Runtime = group == nil
	}
	if group == nil {
		if t.First != nil {
			t.Group, t.Peers = t.First.name, []*peer{t.First}
			t.Runtime = t.Runtime && !c.resolvedAtStart(hostOf(t.First))
		}
		return
	}
	t.Group = group.Name
	for _, server := range group.Peers {
		for _, address := range server.Addresses {
			p := c.peerAt(address)
			switch {
			case p == nil || server.Down || slices.Contains(t.Peers, p):
			case server.Backup:
				t.Backups = append(t.Backups, p)
			default:
				t.Peers = append(t.Peers, p)
			}
		}
	}
}

// resolvedAtStart reports whether nginx looks a name up when it starts, for another place
// in the configuration: without it nginx would not start.
func (c *Config) resolvedAtStart(host string) bool {
	names := func(u *deployment.Upstream) bool {
		return u != nil && slices.ContainsFunc(u.Peers, func(p deployment.Peer) bool {
			name, _, _ := strings.Cut(p.Name, ":")
			return strings.EqualFold(name, host)
		})
	}
	for _, u := range c.Site.Upstreams {
		if names(u) {
			return true
		}
	}
	return slices.ContainsFunc(c.Site.Passes(), func(p deployment.Pass) bool { return names(p.Upstream) })
}

func (c *Config) peerAt(address string) *peer {
	for _, p := range c.peers {
		if p.address == address {
			return p
		}
	}
	return nil
}
