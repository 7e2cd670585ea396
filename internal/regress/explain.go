package regress

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/nginx"
)

// relevant is which settings may decide the fields in which cells differ under a fault,
// the likeliest first; * is the family.
func relevant(fields []string, fault string) []string {
	var names []string
	has := func(name string) bool { return slices.Contains(fields, name) }
	if strings.HasPrefix(fault, "tls-") {
		names = append(names, "*_ssl_verify", "*_ssl_server_name", "*_ssl_name", "*_ssl_certificate", "*_ssl_trusted_certificate")
	}
	if has("after") {
		switch fault {
		case "connect-stall", "tls-stall":
			names = append(names, "*_connect_timeout")
		case "name-silent":
			names = append(names, "resolver_timeout", "resolver")
		default:
			names = append(names, "*_read_timeout", "*_send_timeout")
		}
	}
	if fault == staleRefuse {
		names = append(names, "*_cache_use_stale", "*_cache")
	}
	if has("tried") || has("twice") {
		names = append(names, "*_next_upstream", "*_next_upstream_tries", "*_next_upstream_timeout", "upstream")
	}
	if has("from") || has("via") || has("status") {
		names = append(names, "error_page", "*_intercept_errors", "*_next_upstream", "*_next_upstream_tries",
			"*_cache_use_stale", "*_cache", "*_buffer_size")
	}
	if has("shows") {
		names = append(names, "server_tokens", "*_hide_header", "*_pass_header", "*_intercept_errors")
	}
	if strings.HasPrefix(fault, "name-") {
		names = append(names, "resolver", "resolver_timeout")
	}
	return names
}

// explain ties a difference to the directive that changed, and says all of it.
func (c *Config) explain(d *Difference, was, is LocationBehaviour) {
	target := c.locationOf(d.Server, d.Location)
	family := "proxy"
	var pass *deployment.Pass
	if target != nil {
		pass = c.passBehind(target)
	}
	if pass != nil {
		family = pass.Family.Name
	}
	changed, where := "", ""
	for _, name := range relevant(d.Fields, d.Fault) {
		name = strings.Replace(name, "*", family, 1)
		where = cmp.Or(where, name)
		// What is expected was never recorded, and settings may not be either.
		if was.Settings[name] != is.Settings[name] && was.Settings != nil {
			changed, where = name, name
			break
		}
	}
	before, after := was.Settings[changed], is.Settings[changed]
	switch {
	case changed == "":
	case after == "":
		d.Why = fmt.Sprintf("%s, which was %s, is gone", changed, before)
		if otherwise := nginx.Default(changed); otherwise != "" {
			d.Why += fmt.Sprintf(" (nginx's default is %s)", otherwise)
		}
	case before == "":
		d.Why = fmt.Sprintf("%s %s is new", changed, after)
	default:
		d.Why = fmt.Sprintf("%s is %s, was %s", changed, after, before)
	}
	d.File, d.Line = c.place(target, pass, where)
	if pass != nil && before != "" && after == "" {
		// What has nginx's own value is among no settings, and may still be written down.
		if written := deployment.Effective(pass.Parent, changed); written != nil {
			d.Why = fmt.Sprintf("%s is %s, was %s", changed, written.Value(), before)
		}
	}
	if changed == "upstream" {
		d.Why = "the block of the upstream is not as it was"
		d.File, d.Line = c.upstreamPlace(d.Server, d.Location)
	}
	cell := what(d.Fault, d.At, d.Method, d.Probe)
	d.Says = fmt.Sprintf("%s with %s: %s, %s", d.Location, cell, d.Now, cmp.Or(expected(d.Was), "was "+d.Was))
	if d.Why != "" {
		d.Says += ": " + d.Why
	}
}

// what names a cell in a sentence.
func what(fault, at, method, probe string) string {
	text := Say(fault)
	if _, asked, ok := strings.Cut(probe, ", its "); ok {
		text += " behind its " + asked
	}
	if at != "" {
		text += " (" + at + ")"
	}
	if method != "" {
		text += " and a " + method
	}
	return text
}

func expected(was string) string {
	if strings.HasPrefix(was, "expected ") {
		return was
	}
	return ""
}
