package regress

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/nginx"
)

const maxNames = 400

// hostNames is every word of a configuration that may be the name or the address of a
// server whose certificate somebody checks.
func hostNames(site *deployment.Site) []string {
	all := []string{"localhost", "lab.test", "127.0.0.1", "::1"}
	add := func(word string) {
		if _, rest, ok := strings.Cut(word, "://"); ok {
			word = rest
		}
		word, _, _ = strings.Cut(word, "/")
		if host, _, err := net.SplitHostPort(word); err == nil {
			word = host
		}
		word = strings.ToLower(strings.Trim(word, "[]"))
		if len(all) < maxNames && hostName(word) && !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	site.Walk(func(d *nginx.Directive) {
		_, rest, _ := nginx.FamilyOf(d.Name)
		inMap := d.Parent != nil && d.Parent.Is("map", "split_clients", "geo")
		if !inMap && !d.Is("server_name", "server", "set") && rest != "pass" && rest != "ssl_name" {
			return
		}
		for _, word := range d.Args {
			add(word)
		}
	})
	return all
}

func hostName(word string) bool {
	if _, err := netip.ParseAddr(word); err == nil {
		return true
	}
	if len(word) == 0 || len(word) > 200 || strings.Trim(word, "0123456789") == "" {
		return false
	}
	return strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == "" && !strings.HasPrefix(word, ".") && !strings.HasSuffix(word, ".") && !strings.Contains(word, "..")
}
