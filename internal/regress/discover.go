package regress

import (
	"path"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/scenario"
)

var (
	upstreamURL = lazy.Regexp(`upstream: "(\w+)://(unix:[^:"]+|\[[^\]"]+\]:\d+|[\d.]+:\d+)`)
	missingFile = lazy.Regexp(`open\(\) "(/[^"]+)" failed \(2: `)
)

// discovered adds what nginx looked for behind an address at which nothing stands in yet.
func (c *Config) discovered(seen scenario.Observation) {
	for _, phase := range seen.Phases {
		for _, name := range phase.Names {
			if address := protocol.AddressOf(name).String(); c.names[address] == "" {
				c.names[address] = name
			}
		}
		for _, entry := range phase.Log {
			m := upstreamURL().FindStringSubmatch(entry.Raw)
			if m == nil || !strings.Contains(entry.Raw, "connect()") {
				continue
			}
			for _, f := range deployment.Families {
				plain := f.Protocol == m[1] || f.Name == m[1]
				if (plain || f.TLS == m[1] && f.TLS != "") && c.peerAt(m[2]) == nil && !c.Site.Own(m[2]) {
					if new := (found{m[2], f.Protocol, !plain}); !slices.Contains(c.further, new) {
						c.further = append(c.further, new)
					}
					break
				}
			}
		}
	}
	slices.SortFunc(c.further, func(a, b found) int { return strings.Compare(a.address, b.address) })
}

// nameOf is the name that an address was made of, as far as it was asked for.
func (c *Config) nameOf(address string) string {
	host, port, found := strings.Cut(address, ":")
	if !found || !strings.HasPrefix(host, "198.18.") {
		return address
	}
	if name := c.names[host]; name != "" {
		return name + ":" + port
	}
	return address
}

// missed notes the files that nginx did not find when everything behind it was dead:
// they are pages for errors, which the lab does not have.
func (c *Config) missed(seen scenario.Observation) {
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
