package regress

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/fault"
	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/nginx"
)

// What decides how nginx bears a fault, by the stage of the request; * is the family.
var (
	decidesAt = map[fault.Stage][]string{
		fault.Handshaking: {"*_ssl_verify", "*_ssl_server_name", "*_ssl_name", "*_ssl_certificate", "*_ssl_trusted_certificate"},
		fault.Resolving:   {"resolver", "resolver_timeout"},
	}
	timeoutsAt = map[fault.Stage][]string{
		fault.Resolving:   {"resolver_timeout", "resolver"},
		fault.Connecting:  {"*_connect_timeout"},
		fault.Handshaking: {"*_connect_timeout"},
		fault.Answering:   {"*_read_timeout", "*_send_timeout"},
	}
)

// relevant is which settings may decide the fields in which cells differ under a fault,
// the likeliest first; * is the family.
func relevant(fields []string, f Fault) []string {
	var names []string
	has := func(name string) bool { return slices.Contains(fields, name) }
	if f.Stage == fault.Handshaking {
		names = append(names, decidesAt[f.Stage]...)
	}
	if has("after") {
		names = append(names, timeoutsAt[f.Stage]...)
	}
	names = append(names, f.decides...)
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
	if f.Stage == fault.Resolving {
		names = append(names, decidesAt[f.Stage]...)
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
	for _, name := range relevant(d.Fields, faultNamed(d.Fault)) {
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
func what(faultName, at, method, probe string) string {
	text := Say(faultName)
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
