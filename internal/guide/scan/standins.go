package scan

import (
	"net"
	"path"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
)

// Files and addresses of the guide's machine, and what the lab has for them.
var certificates = map[string]string{
	"ssl_certificate": inMemory, "ssl_certificate_key": inMemory,
	"ssl_trusted_certificate": "certs/ca.crt", "ssl_client_certificate": "certs/ca.crt",
	"proxy_ssl_trusted_certificate": "certs/ca.crt", "grpc_ssl_trusted_certificate": "certs/ca.crt", "uwsgi_ssl_trusted_certificate": "certs/ca.crt",
}

// inMemory is a certificate or key that nginx would only read in a handshake: the lab's
// nginx has no key in a file. nginx takes it since 1.15.10.
const inMemory = "data:$host"

// Left out, besides include and load_module: they reach for files that no lab has, or
// load code.
var leftOut = []string{"ssl_dhparam", "proxy_ssl_certificate", "proxy_ssl_certificate_key", "grpc_ssl_certificate", "grpc_ssl_certificate_key", "ssl_crl", "proxy_ssl_crl", "ssl_password_file", "proxy_ssl_password_file", "ssl_stapling_file", "ssl_session_ticket_key", "js_import", "js_path", "perl_modules", "perl_require", "xslt_stylesheet", "geoip_country", "geoip_city", "geoip_org", "error_log", "pid", "lock_file", "daemon", "user", "client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path"}

// passes are the directives that name an upstream.
var passes = map[string]string{"proxy_pass": "127.0.0.1", "grpc_pass": "127.0.0.1", "fastcgi_pass": "127.0.0.1:9", "uwsgi_pass": "127.0.0.1:9", "scgi_pass": "127.0.0.1:9", "memcached_pass": "127.0.0.1:9"}

var hostPart = lazy.Regexp(`^((?:https?|grpcs?|uwsgis?)://)?([^/:\s]+|\[[^\]]*\])(:\d+)?`)

// standInsFor replaces what only the guide's machine has, within its line.
func standInsFor(text string, list []directive) string {
	groups := map[string]bool{}
	each(list, func(d directive, _ []directive) {
		if d.name == "upstream" && len(d.args) == 1 {
			groups[d.args[0]] = true
		}
	})
	type edit struct {
		start, end int
		by         string
	}
	var edits []edit
	each(list, func(d directive, _ []directive) {
		if d.name == "include" || d.name == "load_module" || slices.Contains(leftOut, d.name) && !d.isBlock {
			edits = append(edits, edit{d.start, d.end, ""})
			return
		}
		if !d.ended || len(d.args) == 0 {
			return
		}
		first := d.args[0]
		replace := func(by string) {
			if at := strings.Index(text[d.start+len(d.name):d.end], first); at >= 0 {
				at += d.start + len(d.name)
				edits = append(edits, edit{at, at + len(first), by})
			}
		}
		switch {
		case certificates[d.name] != "" && !strings.Contains(first, "$"):
			replace(certificates[d.name])
		case d.name == "access_log" && first != "off" && !strings.Contains(first, "$"):
			replace("/dev/null")
		case d.name == "proxy_cache_path" || d.name == "fastcgi_cache_path" || d.name == "uwsgi_cache_path":
			replace("temp/" + path.Base(first))
		case passes[d.name] != "" && !strings.Contains(first, "$") && !strings.Contains(first, "unix:"):
			if m := hostPart().FindStringSubmatch(first); m != nil && !groups[m[2]] && net.ParseIP(strings.Trim(m[2], "[]")) == nil {
				by := m[1] + "127.0.0.1" + m[3]
				if m[3] == "" && strings.HasSuffix(passes[d.name], ":9") {
					by = m[1] + passes[d.name]
				}
				replace(by + first[len(m[0]):])
			}
		case d.name == "server" && !d.isBlock && !strings.HasPrefix(first, "unix:"):
			if m := hostPart().FindStringSubmatch(first); m != nil && m[1] == "" && net.ParseIP(strings.Trim(m[2], "[]")) == nil {
				replace("127.0.0.1" + m[3] + first[len(m[0]):])
			}
		case d.name == "resolver":
			if m := hostPart().FindStringSubmatch(first); m != nil && net.ParseIP(strings.Trim(m[2], "[]")) == nil {
				replace("127.0.0.1" + m[3])
			}
		case d.name == "listen" && !strings.HasPrefix(first, "unix:"):
			if m := hostPart().FindStringSubmatch(first); m != nil && m[3] != "" {
				if ip := net.ParseIP(strings.Trim(m[2], "[]")); ip == nil && m[2] != "*" || ip != nil && !ip.IsUnspecified() && !ip.IsLoopback() {
					replace("127.0.0.1" + m[3])
				}
			}
		case d.name == "listen":
			replace("/lab/run/scan.sock")
		}
	})
	slices.SortFunc(edits, func(a, b edit) int { return b.start - a.start })
	for _, e := range edits {
		if e.by == "" {
			text = blank(text, e.start, e.end)
		} else {
			text = text[:e.start] + e.by + text[e.end:]
		}
	}
	return text
}

// standIns is what a part of a configuration takes for granted: certificates, named
// formats, zones and caches.
func standIns(text string, list []directive) string {
	defined := map[string]bool{}
	wanted := map[string]string{}
	want := func(kind, name, by string) {
		if simpleName().MatchString(name) && !defined[kind+name] {
			wanted[kind+name] = by
		}
	}
	each(list, func(d directive, _ []directive) {
		switch d.name {
		case "log_format":
			if len(d.args) > 0 {
				defined["format "+d.args[0]] = true
			}
		case "limit_req_zone", "limit_conn_zone", "proxy_cache_path", "fastcgi_cache_path", "uwsgi_cache_path":
			for _, a := range d.args {
				for _, key := range []string{"zone=", "keys_zone="} {
					if rest, ok := strings.CutPrefix(a, key); ok {
						name, _, _ := strings.Cut(rest, ":")
						defined["zone "+name] = true
					}
				}
			}
		case "ssl_certificate":
			defined["certificate"] = true
		case "map", "geo", "split_clients", "set", "auth_request_set", "js_set":
			for _, a := range d.args {
				if name, ok := strings.CutPrefix(a, "$"); ok {
					defined["variable "+name] = true
				}
			}
		}
	})
	each(list, func(d directive, _ []directive) {
		switch {
		case d.name == "access_log" && len(d.args) > 1 && d.args[0] != "off" && !strings.Contains(d.args[1], "=") && d.args[1] != "combined":
			want("format ", d.args[1], "log_format "+d.args[1]+" '$uri';")
		case d.name == "limit_req" && len(d.args) > 0:
			if name, ok := strings.CutPrefix(d.args[0], "zone="); ok {
				want("zone ", name, "limit_req_zone $binary_remote_addr zone="+name+":64k rate=10r/s;")
			}
		case d.name == "limit_conn" && len(d.args) > 0:
			want("zone ", d.args[0], "limit_conn_zone $binary_remote_addr zone="+d.args[0]+":64k;")
		case strings.HasSuffix(d.name, "_cache") && len(d.args) == 1 && d.args[0] != "off" && slices.Contains([]string{"proxy_cache", "fastcgi_cache", "uwsgi_cache"}, d.name):
			want("zone ", d.args[0], d.name+"_path temp/"+d.args[0]+" keys_zone="+d.args[0]+":64k;")
		}
		for _, a := range d.args {
			for _, name := range []string{"connection_upgrade"} {
				if strings.Contains(a, "$"+name) {
					want("variable ", name, "map $http_upgrade $"+name+" { default upgrade; '' close; }")
				}
			}
		}
	})
	lines := []string{}
	if !defined["certificate"] || !strings.Contains(text, "ssl_certificate_key") {
		lines = append(lines, "ssl_certificate "+inMemory+"; ssl_certificate_key "+inMemory+";")
	}
	var keys []string
	for key := range wanted {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		lines = append(lines, wanted[key])
	}
	return strings.Join(lines, "\n")
}

var simpleName = lazy.Regexp(`^[A-Za-z][\w-]{0,63}$`)
