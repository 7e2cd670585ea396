package regress

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/strict"
)

// Behaviour is what a behaviour file holds: how a configuration behaves, as it was
// recorded, and what a person has added.
type Behaviour struct {
	Version int               `yaml:"version" json:"version"`
	Nginx   string            `yaml:"nginx" json:"nginx"`                       // the version that it was recorded on
	Probes  []Probe           `yaml:"probes,omitempty" json:"probes,omitempty"` // requests in place of those that lab derives
	Ignore  []Ignore          `yaml:"ignore,omitempty" json:"ignore,omitempty"` // differences that do not count
	Servers []ServerBehaviour `yaml:"servers" json:"servers"`
}

// Ignore is a rule for differences that do not count: all that are given must fit.
type Ignore struct {
	Line     strict.Line  `yaml:"-" json:"-"`
	Server   string       `yaml:"server,omitempty" json:"server,omitempty"`
	Location string       `yaml:"location,omitempty" json:"location,omitempty"`
	Fault    string       `yaml:"fault,omitempty" json:"fault,omitempty"`
	Fields   strict.Words `yaml:"fields,omitempty" json:"fields,omitempty"` // none: all of them
}

// ServerBehaviour is one server's.
type ServerBehaviour struct {
	Server    string              `yaml:"server" json:"server"`
	Listen    []string            `yaml:"listen,flow" json:"listen"`
	Locations []LocationBehaviour `yaml:"locations" json:"locations"`
}

// LocationBehaviour is that of one location under every fault.
type LocationBehaviour struct {
	Location string            `yaml:"location" json:"location"`
	Probe    string            `yaml:"probe" json:"probe"`                                // method and path
	Upstream []string          `yaml:"upstream,omitempty,flow" json:"upstream,omitempty"` // the servers behind it
	Settings map[string]string `yaml:"settings,omitempty" json:"settings,omitempty"`      // in force, of what decides; nginx's own defaults are left out
	Faults   []Entry           `yaml:"faults" json:"faults"`

	lost    *Inconclusive  // all of it is as it was before
	unclear []Inconclusive // cells that are not in Faults, or are there as they were before
}

// Entry is one cell, or what a person expects of it.
type Entry struct {
	Fault  string `yaml:"fault" json:"fault"`
	At     string `yaml:"at,omitempty" json:"at,omitempty"`
	Method string `yaml:"method,omitempty" json:"method,omitempty"`
	Cell   `yaml:",inline"`
	Or     []Cell  `yaml:"or,omitempty" json:"or,omitempty"`
	Expect *Expect `yaml:"expect,omitempty" json:"expect,omitempty"`
}

// Expect is what a person wants of a cell, in place of what was recorded. Only what is
// given counts.
type Expect struct {
	Status  int               `yaml:"status,omitempty" json:"status,omitempty"`
	From    string            `yaml:"from,omitempty" json:"from,omitempty"`
	Within  protocol.Duration `yaml:"within,omitempty" json:"within,omitempty"`   // all timeouts together, unscaled
	Retried *bool             `yaml:"retried,omitempty" json:"retried,omitempty"` // passed to another server, or not
	Twice   *bool             `yaml:"twice,omitempty" json:"twice,omitempty"`
	Cut     *bool             `yaml:"cut,omitempty" json:"cut,omitempty"`
}

const version = 1

// NewBehaviour makes what was seen a behaviour. Where nobody can tell how a cell behaves,
// what was recorded before stays; a cell that was not recorded is left out. Both are
// inconclusive.
func NewBehaviour(c *Config, rows []Row, before Behaviour) (Behaviour, []Inconclusive) {
	b := Behaviour{Version: version, Nginx: c.Nginx}
	var unclear []Inconclusive
	for _, r := range rows {
		server := r.Target.Location.Server
		listen := listens(server)
		i := slices.IndexFunc(b.Servers, func(s ServerBehaviour) bool {
			return s.Server == server.Label() && slices.Equal(s.Listen, listen)
		})
		if i < 0 {
			i = len(b.Servers)
			b.Servers = append(b.Servers, ServerBehaviour{Server: server.Label(), Listen: listen})
		}
		location := c.location(r, before)
		b.Servers[i].Locations = append(b.Servers[i].Locations, location)
		unclear = append(unclear, location.unclear...)
		if note := unreached(r); note != "" && !slices.Contains(c.Notes, note) {
			c.Notes = append(c.Notes, note)
		}
	}
	for _, n := range c.lost {
		unclear = append(unclear, n)
		b.keepLocation(before, n)
	}
	b.sort()
	return b, unclear
}

// keepLocation takes over what was recorded of a location of which nobody can tell now.
func (b *Behaviour) keepLocation(before Behaviour, n Inconclusive) {
	for _, s := range before.Servers {
		for _, l := range s.Locations {
			if s.Server != n.Server || l.Location != n.Location {
				continue
			}
			l.lost = &n
			i := slices.IndexFunc(b.Servers, func(other ServerBehaviour) bool { return other.Server == s.Server })
			if i < 0 {
				i = len(b.Servers)
				b.Servers = append(b.Servers, ServerBehaviour{Server: s.Server, Listen: s.Listen})
			}
			b.Servers[i].Locations = append(b.Servers[i].Locations, l)
		}
	}
}

// unreached says that a location fails although everything behind it is well: what its
// faults show then means little.
func unreached(r Row) string {
	for _, seen := range r.Cells {
		bad := slices.ContainsFunc(seen.Cell.Status, func(status int) bool { return status == 502 || status == 504 })
		if seen.ID.Fault == None && seen.ID.At == "" && bad && seen.Cell.From == fromNginx {
			return fmt.Sprintf("%s: %s although its upstream is healthy: lab's stand-in speaks one protocol at an address; look at `--show-changes`, or give another request with probes:", r.Target.Key(), seen.Cell)
		}
	}
	return ""
}

func (b *Behaviour) sort() {
	slices.SortStableFunc(b.Servers, func(a, b ServerBehaviour) int {
		return cmp.Or(strings.Compare(a.Server, b.Server), slices.Compare(a.Listen, b.Listen))
	})
	for _, s := range b.Servers {
		slices.SortStableFunc(s.Locations, func(a, b LocationBehaviour) int {
			return cmp.Or(strings.Compare(a.Location, b.Location), strings.Compare(a.Probe, b.Probe))
		})
	}
}

func listens(s *deployment.Server) []string {
	var all []string
	for _, l := range s.Listens {
		text := l.String()
		if l.TLS {
			text += " ssl"
		}
		if l.Proxy {
			text += " proxy_protocol"
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (c *Config) location(r Row, before Behaviour) LocationBehaviour {
	t := r.Target
	b := LocationBehaviour{Location: t.Location.String(), Probe: t.Request(), Settings: c.settings(t)}
	for _, p := range t.Peers {
		b.Upstream = union(b.Upstream, p.name)
	}
	for _, p := range t.Backups {
		b.Upstream = union(b.Upstream, p.name+" backup")
	}
	slices.Sort(b.Upstream)
	for _, seen := range r.Cells {
		e := Entry{Fault: seen.ID.Fault, At: seen.ID.At, Method: seen.ID.Method, Cell: seen.Cell, Or: seen.Or}
		was := before.find(t.Location.Server.Label(), b.Location, b.Probe, e)
		switch {
		case seen.Doubt.why == "" || seen.Doubt.slow && was != nil && was.holds(e.Cell):
			b.Faults = append(b.Faults, e)
			continue
		case was != nil:
			b.Faults = append(b.Faults, *was)
		}
		b.unclear = append(b.unclear, c.inconclusive(t, seen.ID, seen.Doubt.why, nil))
	}
	return b
}

// holds reports whether a cell is as recorded, or as expected.
func (e Entry) holds(c Cell) bool {
	var names []string
	if e.Expect != nil {
		names, _ = e.Expect.unmet(c)
	} else {
		names, _ = unlike(e, Entry{Cell: c})
	}
	return names == nil
}

// settings is what is in force of what decides how the location fails.
func (c *Config) settings(t Target) map[string]string {
	if t.Pass == nil {
		return nil
	}
	all := map[string]string{}
	for _, name := range deployment.Settings(t.Pass.Family) {
		d := deployment.Effective(t.Pass.Parent, name)
		if d == nil {
			continue
		}
		value := d.Value()
		if strings.HasSuffix(name, "_certificate") {
			value = "(a file)"
		}
		if time, ok := nginx.ParseTime(d.Arg(0)); ok && len(d.Args) == 1 && strings.HasSuffix(name, "_timeout") {
			value = nginx.FormatTime(time)
		}
		if name == "error_page" {
			value = c.errorPages(d)
		}
		if value != nginx.Default(name) {
			all[name] = value
		}
	}
	if u := t.Pass.Upstream; u != nil && u.D != nil {
		var words []string
		for _, d := range u.D.Block {
			if d.Is("server", "least_conn", "ip_hash", "hash", "random", "keepalive", "keepalive_requests", "keepalive_timeout") {
				words = append(words, strings.TrimSpace(d.Name+" "+d.Value()))
			}
		}
		slices.Sort(words)
		all["upstream"] = strings.Join(words, "; ")
	}
	return all
}

// errorPages is every error_page of the block that has the one in force, sorted.
func (c *Config) errorPages(d *nginx.Directive) string {
	var all []string
	siblings := c.Site.Top
	if d.Parent != nil {
		siblings = d.Parent.Block
	}
	for _, other := range siblings {
		if other.Is("error_page") {
			all = append(all, other.Value())
		}
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// Keep takes over what a person has added to an earlier behaviour.
func (b *Behaviour) Keep(before Behaviour) {
	b.Probes, b.Ignore = before.Probes, before.Ignore
	before.each(func(server ServerBehaviour, location LocationBehaviour, e Entry) {
		if e.Expect == nil {
			return
		}
		if now := b.find(server.Server, location.Location, location.Probe, e); now != nil {
			now.Expect = e.Expect
		}
	})
}

func (b Behaviour) each(visit func(ServerBehaviour, LocationBehaviour, Entry)) {
	for _, s := range b.Servers {
		for _, l := range s.Locations {
			for _, e := range l.Faults {
				visit(s, l, e)
			}
		}
	}
}

func (b *Behaviour) find(server, location, probe string, like Entry) *Entry {
	for i := range b.Servers {
		for j := range b.Servers[i].Locations {
			l := &b.Servers[i].Locations[j]
			if b.Servers[i].Server != server || l.Location != location || l.Probe != probe {
				continue
			}
			for k := range l.Faults {
				if l.Faults[k].alike(like) {
					return &l.Faults[k]
				}
			}
		}
	}
	return nil
}
