package deployment

import (
	"net"
	"slices"
	"strings"
)

// Host is the Host header that leads to a server, and "" where there is none.
func (s *Server) Host() string {
	for _, name := range s.Names {
		switch {
		case name == "" || name == "_":
		case strings.HasPrefix(name, "~"):
			if hosts := Samples(name[1:]); len(hosts) > 0 {
				return strings.ToLower(hosts[0])
			}
		case strings.HasPrefix(name, "*."):
			return "lab" + name[1:]
		case strings.HasSuffix(name, ".*"):
			return name[:len(name)-1] + "test"
		case strings.HasPrefix(name, "."):
			return name[1:]
		case !strings.Contains(name, "$"):
			return name
		}
	}
	if slices.Contains(s.Names, "_") {
		return "_"
	}
	return "lab.test"
}

// Label is how the server is called: its first name, or where it listens.
func (s *Server) Label() string { return s.label }

// Entrance is the address at which a probe comes to the server: with TLS where it has it,
// since without it many only redirect.
func (s *Server) Entrance() (Listen, bool) {
	best := -1
	for i, l := range s.Listens {
		switch {
		case l.QUIC:
		case best < 0, l.TLS && !s.Listens[best].TLS:
			best = i
		}
	}
	if best < 0 {
		return Listen{}, false
	}
	return s.Listens[best], true
}

// Dial is where a client in the lab finds an address that a server listens on.
func (s *Site) Dial(l Listen) (network, address string) {
	switch l.Host {
	case "unix":
		return "unix", l.Port
	case "":
		return "tcp", net.JoinHostPort("127.0.0.1", l.Port)
	case "::":
		return "tcp", net.JoinHostPort("::1", l.Port)
	}
	return "tcp", s.peer(net.JoinHostPort(l.Host, l.Port), l.Port).Addresses[0] // it may be a name
}

// Paths is paths that may lead to a location, the likeliest first.
func (l *Location) Paths() []string {
	switch l.Modifier {
	case "@":
		return nil
	case "=":
		return []string{l.Path}
	case "", "^~":
		if strings.HasSuffix(l.Path, "/") {
			return []string{l.Path, l.Path + "lab", l.Path + "lab/", l.Path + "lab.html", l.Path + "lab.php"}
		}
		return []string{l.Path, l.Path + "/", l.Path + "/lab", l.Path + "lab"}
	}
	prefixes := []string{"/index", "/lab", "", "/", "/lab/index"}
	if strings.HasPrefix(l.Path, "^") {
		prefixes = []string{"", "/"}
	}
	if up := l.In("location"); up != nil && !strings.HasPrefix(up.Arg(0), "~") {
		prefix := up.Arg(len(up.Args) - 1)
		prefixes = append([]string{prefix, prefix + "index", prefix + "/index"}, prefixes...)
	} else if up != nil {
		if around := Samples(strings.TrimLeft(up.Value(), "~* ")); len(around) > 0 {
			prefixes = []string{around[0] + "index", around[0], strings.TrimSuffix(around[0], "/")}
		}
	}
	var all []string
	samples := Samples(l.Path)
	for _, suffix := range []string{"", "lab"} { // what an assertion forbids may come right behind
		for _, text := range samples {
			for _, prefix := range prefixes {
				if path := prefix + text + suffix; strings.HasPrefix(path, "/") && len(all) < mostPaths && !slices.Contains(all, path) {
					all = append(all, path)
				}
			}
		}
	}
	return all
}

const mostPaths = 12
