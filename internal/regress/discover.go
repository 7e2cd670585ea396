package regress

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/trial"
)

var (
	upstreamURL = lazy.Regexp(`upstream: "(\w+)://(unix:[^:"]+|\[[^\]"]+\]:\d+|[\d.]+:\d+)`)
	missingFile = lazy.Regexp(`open\(\) "(/[^"]+)" failed \(2: `)
)

// discovered adds what nginx looked for behind an address at which nothing stands in yet.
func (c *Config) discovered(seen trial.Observation) {
	for _, phase := range seen.Phases {
		for _, name := range phase.Names {
			if c.Site.Addresses.Add(name) != c.base.Names.Addresses.Of(name) {
				c.moved++
			}
		}
		for _, entry := range phase.Log {
			m := upstreamURL().FindStringSubmatch(entry.Raw)
			if m == nil || !strings.Contains(entry.Raw, "connect()") {
				continue
			}
			if f, tls, ok := nginx.FamilyOfScheme(m[1]); ok {
				c.add(found{m[2], f.Scheme, tls})
			}
		}
		for _, a := range phase.Answers {
			c.tried(a)
		}
	}
	slices.SortFunc(c.further, func(a, b found) int { return strings.Compare(a.address, b.address) })
}

// tried adds the addresses that a variable led to, and the others of their upstream. That
// nothing refused there says nothing: nginx itself may listen on that port of every address.
func (c *Config) tried(a trial.Answer) {
	if a.Access == nil {
		return
	}
	for _, l := range slices.Backward(c.trail(nil, a.Access.Trail)) {
		for _, pass := range c.Site.PassesOf(l) {
			for _, address := range attempts(a.Access.UpstreamAddr) {
				at, err := netip.ParseAddrPort(address)
				if !pass.Variable || err != nil {
					continue
				}
				secured := pass.TLS || pass.Family.TLSScheme != "" && at.Port() == 443
				c.add(found{address, pass.Family.Scheme, secured})
				for _, u := range c.Site.Upstreams {
					for _, p := range u.Peers {
						for _, other := range p.Addresses {
							if u.Has(address) {
								c.add(found{other, pass.Family.Scheme, secured})
							}
						}
					}
				}
			}
		}
	}
}

// add notes what nginx looks for, unless something stands in there.
func (c *Config) add(f found) {
	there := func(other found) bool { return other.address == f.address }
	if c.peerAt(f.address) == nil && !c.Site.Own(f.address) && !slices.ContainsFunc(c.further, there) {
		c.further = append(c.further, f)
	}
}

// nameOf is the name that an address was made of, as far as it was asked for.
func (c *Config) nameOf(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return address
	}
	for name, its := range c.Site.Addresses {
		if _, err := netip.ParseAddr(name); err != nil && its == at.Addr() {
			return fmt.Sprintf("%s:%d", name, at.Port())
		}
	}
	return address
}

// missed notes the files that nginx did not find when everything behind it was dead:
// they are pages for errors, which the lab does not have.
func (c *Config) missed(seen trial.Observation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, phase := range seen.Phases {
		for _, entry := range phase.Log {
			if m := missingFile().FindStringSubmatch(entry.Message); m != nil && !strings.HasPrefix(m[1], "/lab/") && len(c.pages) < maxPages {
				c.pages[path.Clean(m[1])] = true
			}
		}
	}
}

const maxPages = 500
