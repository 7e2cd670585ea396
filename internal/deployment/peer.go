package deployment

import (
	"cmp"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/nginx"
)

// peer is the server at an address: NAME, NAME:PORT, IP, IP:PORT or unix:PATH.
func (s *Site) peer(address, port string) Peer {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		path = strings.TrimSuffix(path, ":")
		return Peer{Name: "unix:" + path, Addresses: []string{"unix:" + path}}
	}
	host, given := splitAddress(address)
	port = cmp.Or(given, port)
	p := Peer{Name: net.JoinHostPort(host, port)}
	ip, err := netip.ParseAddr(host)
	switch {
	case err == nil:
		p.Addresses = []string{netip.AddrPortFrom(ip, number(port)).String()}
	case strings.EqualFold(host, "localhost"):
		p.Addresses = []string{"127.0.0.1:" + port, "[::1]:" + port}
	default:
		p.Addresses = []string{net.JoinHostPort(s.Addresses.Of(host).String(), port)}
	}
	return p
}

// splitAddress splits NAME, NAME:PORT, IP or IP:PORT; no port is "".
func splitAddress(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return strings.Trim(address, "[]"), ""
	}
	return host, port
}

// hosts is every word of a configuration that nginx may take for a host: where it passes
// requests to, where it listens and which name servers it asks.
func hosts(t *Tree) []string {
	var all []string
	t.Walk(func(d *nginx.Directive) {
		words := d.Args[:min(1, len(d.Args))]
		_, rest, _ := nginx.FamilyOf(d.Name)
		switch {
		case d.Is("resolver"):
			words = d.Args
		case !d.Is("server", "listen") && rest != "pass":
			return
		}
		for _, word := range words {
			if _, rest, found := strings.Cut(word, "://"); found {
				word = rest
			}
			word, _, _ = strings.Cut(word, "/")
			if host, _ := splitAddress(word); host != "" && !strings.ContainsAny(host, "$=") {
				all = append(all, host)
			}
		}
	})
	return all
}

func number(port string) uint16 {
	n, _ := strconv.ParseUint(port, 10, 16)
	return uint16(n)
}
