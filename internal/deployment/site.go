package deployment

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/nginx"
)

// Site is what a configuration says about servers, locations and upstreams.
type Site struct {
	*Tree
	Servers   []*Server
	Locations []*Location // of all servers; a location's ID is its place here
	Upstreams map[string]*Upstream
	Addresses protocol.Addresses // of the host names
}

// Server is a server block of HTTP.
type Server struct {
	*nginx.Directive
	Names   []string
	Listens []Listen
	label   string
}

// Listen is one address that a server listens on.
type Listen struct {
	*nginx.Directive
	Host    string // "" is every IPv4 address, "::" every IPv6 one; "unix": Port is a path
	Port    string
	TLS     bool
	Proxy   bool // the PROXY protocol
	HTTP2   bool
	QUIC    bool
	Default bool
}

// Location is a location block.
type Location struct {
	*nginx.Directive
	ID       int
	Mark     int // the ID of the first location with the same text: an included file may stand in several servers
	Server   *Server
	Modifier string // "", =, ~, ~*, ^~ or @
	Path     string
	Internal bool
}

// Upstream is the servers that requests are passed to under one name.
type Upstream struct {
	Name  string
	D     *nginx.Directive // nil: it is named by a pass directive only
	Peers []Peer
}

// Peer is one server of an upstream.
type Peer struct {
	D         *nginx.Directive
	Name      string   // as the configuration says, with the port
	Addresses []string // IP:PORT or unix:PATH, in the lab
	Backup    bool
	Down      bool
}

// String is the location as in the configuration.
func (l *Location) String() string {
	if l.Modifier == "" || l.Modifier == "@" {
		return l.Modifier + l.Path
	}
	return l.Modifier + " " + l.Path
}

// String is the listen's address as in the configuration.
func (l Listen) String() string {
	switch {
	case l.Host == "unix":
		return "unix:" + l.Port
	case l.Host == "":
		return l.Port
	}
	return net.JoinHostPort(l.Host, l.Port)
}

// NewSite reads a tree.
func NewSite(t *Tree) *Site {
	s := &Site{Tree: t, Upstreams: map[string]*Upstream{}, Addresses: protocol.NewAddresses(hosts(t))}
	for _, http := range t.Top {
		if !http.Is("http") {
			continue
		}
		for _, d := range http.Block {
			switch {
			case d.Is("upstream"):
				s.Upstreams[d.Arg(0)] = s.upstream(d)
			case d.Is("server"):
				s.server(d)
			}
		}
	}
	s.label()
	return s
}

// label gives each server a name; several with one name have their ports, too.
func (s *Site) label() {
	count := map[string]int{}
	for _, server := range s.Servers {
		server.label = "listen " + server.Listens[0].String()
		for _, name := range slices.Backward(server.Names) {
			if name != "" && name != "_" {
				server.label = name
			}
		}
		count[server.label]++
	}
	for _, server := range s.Servers {
		if count[server.label] > 1 && !strings.HasPrefix(server.label, "listen ") {
			server.label += " on " + server.Listens[0].String()
		}
	}
}

func (s *Site) server(d *nginx.Directive) {
	server := &Server{Directive: d}
	for _, inside := range d.Block {
		switch {
		case inside.Is("server_name"):
			server.Names = append(server.Names, inside.Args...)
		case inside.Is("listen"):
			server.Listens = append(server.Listens, newListen(inside))
		}
	}
	if len(server.Listens) == 0 {
		server.Listens = []Listen{{Directive: d, Port: "80"}}
	}
	if old := Effective(d, "ssl"); old != nil && old.Arg(0) == "on" { // before nginx 1.25.1
		for i := range server.Listens {
			server.Listens[i].TLS = true
		}
	}
	s.Servers = append(s.Servers, server)
	s.locations(server, d.Block)
}

func (s *Site) locations(server *Server, list []*nginx.Directive) {
	for _, d := range list {
		if !d.Is("location") {
			continue
		}
		l := &Location{Directive: d, ID: len(s.Locations), Server: server, Path: d.Arg(0)}
		switch {
		case len(d.Args) == 2:
			l.Modifier, l.Path = d.Arg(0), d.Arg(1)
		case strings.HasPrefix(l.Path, "@"):
			l.Modifier, l.Path = "@", l.Path[1:]
		default: // "=/path" and "~expression" are one word
			for _, m := range []string{"^~", "~*", "~", "="} {
				if rest, ok := strings.CutPrefix(l.Path, m); ok {
					l.Modifier, l.Path = m, rest
					break
				}
			}
		}
		for _, inside := range d.Block {
			l.Internal = l.Internal || inside.Is("internal")
		}
		l.Mark = l.ID
		for _, other := range s.Locations {
			if other.File == l.File && other.Start == l.Start {
				l.Mark = other.Mark
				break
			}
		}
		s.Locations = append(s.Locations, l)
		s.locations(server, d.Block)
	}
}

func newListen(d *nginx.Directive) Listen {
	l := Listen{Directive: d}
	address := d.Arg(0)
	for _, word := range d.Args[min(1, len(d.Args)):] {
		switch word {
		case "ssl":
			l.TLS = true
		case "proxy_protocol":
			l.Proxy = true
		case "http2":
			l.HTTP2 = true
		case "quic", "http3":
			l.QUIC = true
		case "default_server", "default":
			l.Default = true
		}
	}
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		l.Host, l.Port = "unix", path
		return l
	}
	if _, err := strconv.Atoi(address); err == nil {
		l.Port = address
		return l
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), "80"
	}
	if host == "*" || host == "0.0.0.0" {
		host = ""
	}
	l.Host, l.Port = host, port
	return l
}

func (s *Site) upstream(d *nginx.Directive) *Upstream {
	u := &Upstream{Name: d.Arg(0), D: d}
	for _, inside := range d.Block {
		if !inside.Is("server") || len(inside.Args) == 0 {
			continue
		}
		p := s.peer(inside.Arg(0), "80")
		p.D, p.Backup, p.Down = inside, slices.Contains(inside.Args, "backup"), slices.Contains(inside.Args, "down")
		u.Peers = append(u.Peers, p)
	}
	return u
}

// Has reports whether an address is one of the upstream's.
func (u *Upstream) Has(address string) bool {
	return u != nil && slices.ContainsFunc(u.Peers, func(p Peer) bool { return slices.Contains(p.Addresses, address) })
}

// Own reports whether an address is one that this nginx itself listens on: then the
// upstream is this nginx.
func (s *Site) Own(address string) bool {
	host, port, err := net.SplitHostPort(address)
	for _, server := range s.Servers {
		for _, l := range server.Listens {
			switch {
			case l.Host == "unix":
				if address == "unix:"+l.Port {
					return true
				}
			case err != nil || l.Port != port:
			case l.Host == host, l.Host == "" && strings.HasPrefix(host, "127."), l.Host == "::" && host == "::1",
				l.Host == "localhost" && host == "127.0.0.1":
				return true
			}
		}
	}
	return false
}
