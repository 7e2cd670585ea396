package nginx

import (
	"cmp"
	"slices"
	"strings"
)

// Family is a module that passes requests on: the names of its directives begin with its
// own, as in proxy_pass and proxy_read_timeout.
type Family struct {
	Name      string
	Scheme    string // of an address in the error log, and the protocol's name
	TLSScheme string // the same with TLS; "" if there is none
	Port      string // that an address has if it names none; "": it must name one
	TLSPort   string
}

// Families is every module that passes requests on. The memcached module is not one: it
// asks for a value.
var Families = []Family{
	{"proxy", "http", "https", "80", "443"},
	{"fastcgi", "fastcgi", "", "", ""},
	{"uwsgi", "uwsgi", "suwsgi", "", ""},
	{"scgi", "scgi", "", "", ""},
	{"grpc", "grpc", "grpcs", "80", "443"},
}

// FamilyOf is the family of a directive, by its name, and the rest of the name:
// "proxy_read_timeout" is read_timeout of proxy.
func FamilyOf(name string) (f Family, rest string, ok bool) {
	first, rest, _ := strings.Cut(name, "_")
	at := slices.IndexFunc(Families, func(f Family) bool { return f.Name == first })
	if at < 0 || rest == "" {
		return Family{}, "", false
	}
	return Families[at], rest, true
}

// FamilyOfScheme is the family that an address with a scheme belongs to, and whether it is
// one of TLS.
func FamilyOfScheme(scheme string) (f Family, tls, ok bool) {
	for _, f := range Families {
		if scheme != "" && (scheme == f.Scheme || scheme == f.TLSScheme) {
			return f, scheme == f.TLSScheme, true
		}
	}
	return Family{}, false, false
}

// DefaultPort is the port of an address that names none; "": nginx refuses it.
func (f Family) DefaultPort(tls bool) string {
	if tls {
		return f.TLSPort
	}
	return f.Port
}

// defaults is nginx's own value of directives that decide how a location fails, from the
// documentation of the modules; familyDefaults of those that each family has.
var (
	defaults       = map[string]string{"resolver_timeout": "30s"}
	familyDefaults = map[string]string{
		"connect_timeout":       "60s",
		"send_timeout":          "60s",
		"read_timeout":          "60s",
		"next_upstream":         "error timeout",
		"next_upstream_tries":   "0",
		"next_upstream_timeout": "0",
		"intercept_errors":      "off",
		"ssl_verify":            "off",
		"ssl_server_name":       "off",
		"cache_use_stale":       "off",
	}
)

// Default is nginx's own value of a directive that decides how a location fails; "" if
// there is none.
func Default(name string) string {
	_, rest, _ := FamilyOf(name)
	return cmp.Or(defaults[name], familyDefaults[rest])
}
