package scan

import (
	"net"
	"path"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
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
func standInsFor(text string, list []*nginx.Directive) string {
	groups := map[string]bool{}
	nginx.Walk(list, func(d *nginx.Directive) {
		if d.Name == "upstream" && len(d.Args) == 1 {
			groups[d.Args[0]] = true
		}
	})
	type edit struct {
		start, end int
		by         string
	}
	var edits []edit
	nginx.Walk(list, func(d *nginx.Directive) {
		if d.Name == "include" || d.Name == "load_module" || slices.Contains(leftOut, d.Name) && !d.IsBlock {
			edits = append(edits, edit{d.Start, d.End, ""})
			return
		}
		if !d.Ended || len(d.Args) == 0 {
			return
		}
		first := d.Args[0]
		replace := func(by string) {
			if at := strings.Index(text[d.Start+len(d.Name):d.End], first); at >= 0 {
				at += d.Start + len(d.Name)
				edits = append(edits, edit{at, at + len(first), by})
			}
		}
		switch {
		case certificates[d.Name] != "" && !strings.Contains(first, "$"):
			replace(certificates[d.Name])
		case d.Name == "access_log" && first != "off" && !strings.Contains(first, "$"):
			replace("/dev/null")
		case d.Name == "proxy_cache_path" || d.Name == "fastcgi_cache_path" || d.Name == "uwsgi_cache_path":
			replace("temp/" + path.Base(first))
		case passes[d.Name] != "" && !strings.Contains(first, "$") && !strings.Contains(first, "unix:"):
			if m := hostPart().FindStringSubmatch(first); m != nil && !groups[m[2]] && net.ParseIP(strings.Trim(m[2], "[]")) == nil {
				by := m[1] + "127.0.0.1" + m[3]
				if m[3] == "" && strings.HasSuffix(passes[d.Name], ":9") {
					by = m[1] + passes[d.Name]
				}
				replace(by + first[len(m[0]):])
			}
		case d.Name == "server" && !d.IsBlock && !strings.HasPrefix(first, "unix:"):
			if m := hostPart().FindStringSubmatch(first); m != nil && m[1] == "" && net.ParseIP(strings.Trim(m[2], "[]")) == nil {
				replace("127.0.0.1" + m[3] + first[len(m[0]):])
			}
		case d.Name == "resolver":
			if m := hostPart().FindStringSubmatch(first); m != nil && net.ParseIP(strings.Trim(m[2], "[]")) == nil {
				replace("127.0.0.1" + m[3])
			}
		case d.Name == "listen" && !strings.HasPrefix(first, "unix:"):
			if m := hostPart().FindStringSubmatch(first); m != nil && m[3] != "" {
				if ip := net.ParseIP(strings.Trim(m[2], "[]")); ip == nil && m[2] != "*" || ip != nil && !ip.IsUnspecified() && !ip.IsLoopback() {
					replace("127.0.0.1" + m[3])
				}
			}
		case d.Name == "listen":
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
func standIns(text string, list []*nginx.Directive) string {
	defined := map[string]bool{}
	wanted := map[string]string{}
	want := func(kind, name, by string) {
		if simpleName().MatchString(name) && !defined[kind+name] {
			wanted[kind+name] = by
		}
	}
	nginx.Walk(list, func(d *nginx.Directive) {
		switch d.Name {
		case "log_format":
			if len(d.Args) > 0 {
				defined["format "+d.Args[0]] = true
			}
		case "limit_req_zone", "limit_conn_zone", "proxy_cache_path", "fastcgi_cache_path", "uwsgi_cache_path":
			for _, a := range d.Args {
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
			for _, a := range d.Args {
				if name, ok := strings.CutPrefix(a, "$"); ok {
					defined["variable "+name] = true
				}
			}
		}
	})
	nginx.Walk(list, func(d *nginx.Directive) {
		switch {
		case d.Name == "access_log" && len(d.Args) > 1 && d.Args[0] != "off" && !strings.Contains(d.Args[1], "=") && d.Args[1] != "combined":
			want("format ", d.Args[1], "log_format "+d.Args[1]+" '$uri';")
		case d.Name == "limit_req" && len(d.Args) > 0:
			if name, ok := strings.CutPrefix(d.Args[0], "zone="); ok {
				want("zone ", name, "limit_req_zone $binary_remote_addr zone="+name+":64k rate=10r/s;")
			}
		case d.Name == "limit_conn" && len(d.Args) > 0:
			want("zone ", d.Args[0], "limit_conn_zone $binary_remote_addr zone="+d.Args[0]+":64k;")
		case strings.HasSuffix(d.Name, "_cache") && len(d.Args) == 1 && d.Args[0] != "off" && slices.Contains([]string{"proxy_cache", "fastcgi_cache", "uwsgi_cache"}, d.Name):
			want("zone ", d.Args[0], d.Name+"_path temp/"+d.Args[0]+" keys_zone="+d.Args[0]+":64k;")
		}
		for _, a := range d.Args {
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
