package scan

import (
	"cmp"
	"net"
	"path"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
)

// What the lab has in place of files and addresses of the guide's machine.
const (
	// inMemory is a certificate or key that nginx would only read in a handshake: the lab's
	// nginx has no key in a file. nginx takes it since 1.15.10.
	inMemory    = "data:$host"
	authority   = "certs/ca.crt"
	someAddress = "127.0.0.1"
	somePort    = ":9"
	someSocket  = "unix:/lab/run/scan-"
)

// leftOut is the directives that are left out, since they reach for files that no lab has,
// load code, or are the lab's own. So are those that name a file which has no stand-in.
var leftOut = []string{
	"include", "load_module", "js_import", "js_path", "perl_modules", "perl_require",
	"ssl_stapling_file", "xslt_stylesheet", "geoip_country", "geoip_city", "geoip_org",
	"error_log", "pid", "lock_file", "daemon", "user",
	"client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path",
}

func isLeftOut(d *nginx.Directive) bool {
	switch kind := nginx.FileKindOf(d.Name); kind {
	case "", nginx.Passwords: // passwords are read when a request comes
		return slices.Contains(leftOut, d.Name)
	default:
		return replacementOf(d.Name) == nil
	}
}

// replacement is what stands in for a directive's first argument; the argument itself
// where it may stay.
type replacement func(argument string) string

// replacements of directives; replacementOf has those of families and of files.
var replacements = map[string]replacement{
	"access_log":     logInPlaceOf,
	"server":         serverInPlaceOf,
	"resolver":       resolverInPlaceOf,
	"listen":         listenInPlaceOf,
	"memcached_pass": passInPlaceOf(someAddress + somePort),
}

// replacementOf is what replaces a directive's first argument; nil: nothing does.
func replacementOf(name string) replacement {
	f, rest, inFamily := nginx.FamilyOf(name)
	switch kind := nginx.FileKindOf(name); {
	case kind == nginx.Authority || kind == nginx.PeerAuthority:
		return always(authority)
	case (kind == nginx.Certificate || kind == nginx.CertificateKey) && !inFamily:
		return always(inMemory)
	case rest == "cache_path":
		return func(folder string) string { return "temp/" + path.Base(folder) }
	case rest == "pass" && f.Port == "":
		return passInPlaceOf(someAddress + somePort)
	case rest == "pass":
		return passInPlaceOf(someAddress)
	}
	return replacements[name]
}

func always(by string) replacement { return func(string) string { return by } }

func logInPlaceOf(path string) string {
	if path == "off" {
		return path
	}
	return "/dev/null"
}

// hostPart takes an address apart: scheme, host, port.
var hostPart = lazy.Regexp(`^((?:` + schemes() + `)://)?(\[[^\]]*\]|[^/:\s]+)(:\d+)?`)

func schemes() string {
	var all []string
	for _, f := range nginx.Families {
		all = append(all, f.Scheme)
		if f.TLSScheme != "" {
			all = append(all, f.TLSScheme)
		}
	}
	return strings.Join(all, "|")
}

// address is an address in a configuration, taken apart.
type address struct{ scheme, host, port, rest string }

func addressOf(text string) (a address, ok bool) {
	m := hostPart().FindStringSubmatch(text)
	if m == nil || strings.HasPrefix(text, "unix:") {
		return address{}, false
	}
	return address{m[1], m[2], m[3], text[len(m[0]):]}, true
}

// ip is the host's IP address; nil: it is a name.
func (a address) ip() net.IP { return net.ParseIP(strings.Trim(a.host, "[]")) }

// passInPlaceOf replaces names of hosts; otherwise is where a name without port leads.
func passInPlaceOf(otherwise string) replacement {
	return func(text string) string {
		a, ok := addressOf(text)
		switch {
		case !ok || a.ip() != nil || strings.Contains(text, "unix:"):
			return text
		case a.port == "":
			return a.scheme + otherwise + a.rest
		}
		return a.scheme + someAddress + a.port + a.rest
	}
}

func serverInPlaceOf(text string) string {
	if a, ok := addressOf(text); ok && a.scheme == "" && a.ip() == nil {
		return someAddress + a.port + a.rest
	}
	return text
}

func resolverInPlaceOf(text string) string {
	if a, ok := addressOf(text); ok && a.ip() == nil {
		return someAddress + a.port
	}
	return text
}

var socketName = lazy.Regexp(`^[\w.-]{1,40}$`)

func listenInPlaceOf(text string) string {
	if socket, ok := strings.CutPrefix(text, "unix:"); ok {
		return someSocket + cmp.Or(socketName().FindString(path.Base(socket)), "socket")
	}
	a, ok := addressOf(text)
	if !ok || a.port == "" || a.host == "*" {
		return text
	}
	if ip := a.ip(); ip != nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		return text
	}
	return someAddress + a.port
}

// standInsFor replaces what only the guide's machine has, within its line.
func standInsFor(text string, list []*nginx.Directive) string {
	groups := map[string]bool{}
	nginx.Walk(list, func(d *nginx.Directive) {
		if d.Is("upstream") && len(d.Args) == 1 {
			groups[d.Args[0]] = true
		}
	})
	type edit struct {
		at nginx.Span
		by string
	}
	var edits []edit
	nginx.Walk(list, func(d *nginx.Directive) {
		if isLeftOut(d) && (!d.IsBlock || d.Is("include", "load_module")) {
			edits = append(edits, edit{nginx.Span{Start: d.Start, End: d.End}, ""})
			return
		}
		replaced := replacementOf(d.Name)
		if !d.Ended || len(d.Args) == 0 || replaced == nil || d.IsBlock || strings.Contains(d.Args[0], "$") {
			return
		}
		a, _ := addressOf(d.Args[0])
		if groups[a.host] && strings.HasSuffix(d.Name, "_pass") {
			return
		}
		if by := replaced(d.Args[0]); by != d.Args[0] {
			edits = append(edits, edit{d.Words[1], by})
		}
	})
	slices.SortFunc(edits, func(a, b edit) int { return b.at.Start - a.at.Start })
	for _, e := range edits {
		if e.by == "" {
			text = blank(text, e.at.Start, e.at.End)
		} else {
			text = text[:e.at.Start] + e.by + text[e.at.End:]
		}
	}
	return text
}
