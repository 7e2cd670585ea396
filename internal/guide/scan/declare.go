package scan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
)

// needed is what directives take for granted: a name that another one declares.
var needed = []struct {
	directive string
	kind      string
	name      func(d *nginx.Directive) string // "" if it names none
	declare   string                          // with the name for %[1]s
}{
	{"access_log", "format ", formatOf, "log_format %[1]s '$uri';"},
	{"limit_req", "zone ", func(d *nginx.Directive) string { return behind(d.Arg(0), "zone=") }, zone("limit_req_zone", " rate=10r/s")},
	{"limit_conn", "zone ", func(d *nginx.Directive) string { return d.Arg(0) }, zone("limit_conn_zone", "")},
	{"proxy_cache", "zone ", cacheOf, "proxy_cache_path temp/%[1]s keys_zone=%[1]s:64k;"},
	{"fastcgi_cache", "zone ", cacheOf, "fastcgi_cache_path temp/%[1]s keys_zone=%[1]s:64k;"},
	{"uwsgi_cache", "zone ", cacheOf, "uwsgi_cache_path temp/%[1]s keys_zone=%[1]s:64k;"},
	{"scgi_cache", "zone ", cacheOf, "scgi_cache_path temp/%[1]s keys_zone=%[1]s:64k;"},
}

func zone(directive, rest string) string {
	return directive + " $binary_remote_addr zone=%[1]s:64k" + rest + ";"
}

// behind is what stands behind a prefix; "" if the word does not begin with it.
func behind(word, prefix string) string {
	if rest, ok := strings.CutPrefix(word, prefix); ok {
		return rest
	}
	return ""
}

// formatOf is the format that an access log names.
func formatOf(d *nginx.Directive) string {
	format := d.Arg(1)
	if d.Arg(0) == "off" || format == "combined" || strings.Contains(format, "=") {
		return ""
	}
	return format
}

// cacheOf is the zone of a cache.
func cacheOf(d *nginx.Directive) string {
	if len(d.Args) != 1 || d.Arg(0) == "off" {
		return ""
	}
	return d.Arg(0)
}

// neededVariables is the variables that guides use and declare elsewhere.
var neededVariables = map[string]string{
	"connection_upgrade": "map $http_upgrade $%[1]s { default upgrade; '' close; }",
}

// Directives that declare what others name, by where the name stands.
var (
	zoneMakers = []string{
		"limit_req_zone", "limit_conn_zone", "proxy_cache_path", "fastcgi_cache_path", "uwsgi_cache_path", "scgi_cache_path",
	}
	variableMakers = []string{"map", "geo", "split_clients", "set", "auth_request_set", "js_set"}
)

// declared is what a directive declares, each with its kind.
func declared(d *nginx.Directive) []string {
	var all []string
	for i, word := range d.Args {
		zone, _, _ := strings.Cut(cmp.Or(behind(word, "zone="), behind(word, "keys_zone=")), ":")
		variable := behind(word, "$")
		switch {
		case d.Is("log_format") && i == 0:
			all = append(all, "format "+word)
		case zone != "" && d.Is(zoneMakers...):
			all = append(all, "zone "+zone)
		case variable != "" && d.Is(variableMakers...):
			all = append(all, "variable "+variable)
		}
	}
	return all
}

var simpleName = lazy.Regexp(`^[A-Za-z][\w-]{0,63}$`)

// standIns is what a part of a configuration takes for granted: certificates, named
// formats, zones and caches.
func standIns(text string, list []*nginx.Directive) string {
	known, certificate := map[string]bool{}, false
	nginx.Walk(list, func(d *nginx.Directive) {
		certificate = certificate || d.Is("ssl_certificate")
		for _, name := range declared(d) {
			known[name] = true
		}
	})
	wanted := map[string]string{}
	want := func(kind, name, declare string) {
		if simpleName().MatchString(name) && !known[kind+name] {
			wanted[kind+name] = fmt.Sprintf(declare, name)
		}
	}
	nginx.Walk(list, func(d *nginx.Directive) {
		for _, n := range needed {
			if d.Is(n.directive) {
				want(n.kind, n.name(d), n.declare)
			}
		}
		for name, declare := range neededVariables {
			if strings.Contains(d.Value(), "$"+name) {
				want("variable ", name, declare)
			}
		}
	})
	lines := []string{}
	if !certificate || !strings.Contains(text, "ssl_certificate_key") {
		lines = append(lines, "ssl_certificate "+inMemory+"; ssl_certificate_key "+inMemory+";")
	}
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		lines = append(lines, wanted[key])
	}
	return strings.Join(lines, "\n")
}
