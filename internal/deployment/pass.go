package deployment

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/nginx"
)

// Pass is a directive that passes requests on, and where to.
type Pass struct {
	*nginx.Directive
	Family   nginx.Family
	TLS      bool
	Variable bool      // where to is decided by variables
	Upstream *Upstream // nil: variables
}

// Passes lists every directive that passes requests on.
func (s *Site) Passes() []Pass {
	var all []Pass
	s.Walk(func(d *nginx.Directive) {
		if family, rest, _ := nginx.FamilyOf(d.Name); rest == "pass" && d.In("stream") == nil {
			all = append(all, s.pass(d, family))
		}
	})
	return all
}

// PassOf is how a location, and not another one in it, passes requests on, unless an if in
// it says otherwise.
func (s *Site) PassOf(l *Location) (Pass, bool) {
	all := s.PassesOf(l)
	if len(all) == 0 {
		return Pass{}, false
	}
	return all[0], true
}

// PassesOf is every way in which a location passes requests on: its own, and those of ifs
// in it.
func (s *Site) PassesOf(l *Location) []Pass {
	var own, inside []Pass
	for _, p := range s.Passes() {
		switch {
		case p.Parent == l.Directive:
			own = append(own, p)
		case p.In("location") == l.Directive:
			inside = append(inside, p)
		}
	}
	return append(own, inside...)
}

func (s *Site) pass(d *nginx.Directive, family nginx.Family) Pass {
	p := Pass{Directive: d, Family: family}
	target := d.Arg(0)
	if scheme, rest, ok := strings.Cut(target, "://"); ok {
		p.TLS, target = scheme == family.TLSScheme && scheme != "", rest
	}
	port := cmp.Or(family.DefaultPort(p.TLS), "80")
	if path, ok := strings.CutPrefix(target, "unix:"); ok {
		path, _, _ = strings.Cut(path, ":")
		target = "unix:" + path
	} else {
		target, _, _ = strings.Cut(target, "/")
	}
	if strings.Contains(target, "$") {
		p.Variable = true
		return p
	}
	if u, ok := s.Upstreams[target]; ok {
		p.Upstream = u
		return p
	}
	peer := s.peer(target, port)
	peer.D = d
	p.Upstream = &Upstream{Name: peer.Name, Peers: []Peer{peer}}
	return p
}

// settings is the rest of the names of what decides how a location that passes requests on
// fails.
var settings = []string{
	"connect_timeout", "send_timeout", "read_timeout", "next_upstream", "next_upstream_tries", "next_upstream_timeout",
	"intercept_errors", "ssl_verify", "ssl_server_name", "ssl_name", "ssl_certificate", "ssl_trusted_certificate",
	"cache", "cache_use_stale", "buffering", "hide_header", "pass_header", "buffer_size",
}

// Settings is the names of what decides how a location with a pass of a family fails.
func Settings(f nginx.Family) []string {
	var all []string
	for _, rest := range settings {
		all = append(all, f.Name+"_"+rest)
	}
	return append(all, "error_page", "server_tokens", "resolver")
}

// Resolvers is the IP addresses of every name server that the configuration asks.
func (s *Site) Resolvers() []string {
	var all []string
	s.Walk(func(d *nginx.Directive) {
		if !d.Is("resolver") {
			return
		}
		for _, word := range d.Args {
			if strings.Contains(word, "=") {
				continue
			}
			peer := s.peer(word, "53")
			for _, address := range peer.Addresses[:1] {
				host := strings.Trim(strings.TrimSuffix(address, ":53"), "[]")
				if strings.HasSuffix(address, ":53") && !slices.Contains(all, host) {
					all = append(all, host)
				}
			}
		}
	})
	slices.Sort(all)
	return all
}
