package scan

import (
	"cmp"
	"slices"
	"strings"

	crossplane "github.com/nginxinc/nginx-go-crossplane"

	"github.com/gatewaylab/lab/internal/lazy"
)

var sources = []struct {
	module string // "" is nginx itself
	match  crossplane.MatchFunc
}{
	{"", crossplane.MatchOssLatest}, {"", crossplane.MatchOss124}, {"NGINX Plus", crossplane.MatchNginxPlusLatest},
	{
		"the Lua module",
		crossplane.MatchLuaLatest,
	}, {"njs", crossplane.MatchNjsLatest}, {"the headers-more module", crossplane.MatchHeadersMoreLatest},
	{"the GeoIP2 module", crossplane.MatchGeoip2Latest}, {"the OpenTelemetry module", crossplane.MatchOtelLatest},
}

// masksOf is what crossplane knows of a directive, and whose it is.
func masksOf(name string) (masks []uint, module string, ok bool) {
	for _, s := range sources {
		if masks, ok := s.match(name); ok {
			return masks, s.module, true
		}
	}
	return nil, "", false
}

func knownDirective(name string) bool {
	_, _, ok := masksOf(name)
	return ok || slices.ContainsFunc(known().History, func(h history) bool { return h.Name == name })
}

var family = lazy.Regexp(
	`^(proxy|fastcgi|uwsgi|scgi|grpc|ssl|client|keepalive|limit|worker|upstream|large|send|server|error|access|http2|gzip|resolver)_[a-z0-9_]+$`,
)

// Names of the families that are files, variables and modules.
var noDirective = lazy.Regexp(
	`_params$|_module$|_addr$|_status$|_time$|_for$|^ssl_(do|read|write)|^proxy_protocol|^server_names?$|^upstream_[a-z]+_time`,
)

// looksLikeOne reports whether a word reads as a directive's name.
func looksLikeOne(name string) bool {
	return family().MatchString(name) && !noDirective().MatchString(name)
}

// near is the directive of nginx's that is one slip away from a name; "" is none.
func near(name string) string {
	if len(name) > maxName {
		return ""
	}
	for _, candidate := range slips(name) {
		if _, ok := crossplane.MatchOssLatest(candidate); ok {
			return candidate
		}
	}
	return ""
}

// Words of which directives' names are made, for those that are put together wrongly.
var nameWords = []string{
	"connect",
	"read",
	"send",
	"timeout",
	"buffer",
	"buffers",
	"size",
	"pass",
	"header",
	"conn",
	"server",
	"name",
	"set",
	"ssl",
	"max",
	"body",
	"client",
}

// rearranged is the directive that has the same words in another order, or another one
// instead of one of them; "" is none.
func rearranged(name string) string {
	words := strings.Split(name, "_")
	if len(words) < 2 || len(words) > 5 {
		return ""
	}
	try := func(list []string) string {
		joined := strings.Join(list, "_")
		if _, ok := crossplane.MatchOssLatest(joined); ok && joined != name {
			return joined
		}
		return ""
	}
	for i := range words {
		for j := range words {
			swapped := slices.Clone(words)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			if found := try(swapped); found != "" {
				return found
			}
		}
		for _, other := range nameWords {
			if strings.HasPrefix(words[i], other) || strings.HasPrefix(other, words[i]) {
				if found := try(append(append(slices.Clone(words[:i]), other), words[i+1:]...)); found != "" {
					return found
				}
			}
		}
	}
	return ""
}

// nearer is near with two slips, for which a million words are looked up.
func nearer(name string) string {
	if one := cmp.Or(near(name), rearranged(name)); one != "" || len(name) > maxName {
		return one
	}
	for _, candidate := range slips(name) {
		if two := near(candidate); two != "" {
			return two
		}
	}
	return ""
}

// maxName is the longest name that is compared.
const maxName = 40

// slips is every word at one slip: a letter left out, swapped, wrong or too much.
func slips(word string) []string {
	const letters = "abcdefghijklmnopqrstuvwxyz_"
	var list []string
	for i := 0; i <= len(word); i++ {
		if i < len(word) {
			list = append(list, word[:i]+word[i+1:])
		}
		if i+1 < len(word) {
			list = append(list, word[:i]+string(word[i+1])+string(word[i])+word[i+2:])
		}
		for _, c := range letters {
			list = append(list, word[:i]+string(c)+word[i:])
			if i < len(word) {
				list = append(list, word[:i]+string(c)+word[i+1:])
			}
		}
	}
	return list
}
