package scan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
)

var (
	opensslError = lazy.Regexp(`error:([0-9A-Fa-f]{8}):([^:)]*):([^:)]*):([^:)]*)`)
	alertNumber  = lazy.Regexp(`SSL alert number (\d+)`)
	digits       = lazy.Regexp(`\d+`)
)

// shape is a message without what differs from one nginx, libc and OpenSSL to the next:
// names, addresses and texts; error numbers stay.
func shape(message string) string {
	if at := strings.Index(message, "(SSL: "); at >= 0 {
		if n, ok := sslReason(message[at:]); ok {
			message = fmt.Sprintf("%s(%d)", message[:at], n)
		}
	}
	return nginx.Normal(message, nginx.Target|nginx.ErrorText|nginx.Quoted|nginx.Numbers)
}

// sslReason is the number of an OpenSSL error's reason: 1000 and the alert's number, or
// the last 12 bits of the code.
func sslReason(text string) (int, bool) {
	if m := alertNumber().FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		return 1000 + n, err == nil && n < 256
	}
	if m := opensslError().FindStringSubmatch(text); m != nil {
		n, err := strconv.ParseUint(m[1], 16, 32)
		return int(n & 0xFFF), err == nil
	}
	return 0, false
}

// pattern is a line of a scenario's symptom.
type pattern struct {
	scenario scenario.Scenario
	log      scenario.LogPattern
	base     *regexp.Regexp // matches a message without its action, whatever the address
	whole    *regexp.Regexp // matches it with its action
	statuses []int          // of the symptom
	slow     bool           // it takes a real server, a network or a minute: it is suggested, and not run
}

type patterns []pattern

// What of a pattern is the scenario's own, and not nginx's: its socket, its names.
var ownNames = []struct {
	find func() *regexp.Regexp
	by   string
}{
	{lazy.Regexp(`unix:/lab/run/[A-Za-z0-9_.\\-]+`), `\S+`},
	{lazy.Regexp(`"(backend\\\.internal|127\\\.0\\\.0\\\.1|per_client)"`), `"[^"]*"`},
	{lazy.Regexp(`frame: \d+`), `frame: \d+`},
	{lazy.Regexp(`"X\\\\x20\\\.\\\.\\\."`), `"[^"]*"`},
}

// patternsOf collects the lines of all symptoms.
func patternsOf(catalogue []scenario.Scenario) patterns {
	var list patterns
	for _, s := range catalogue {
		if s.Broken == nil || len(s.Fixes) == 0 {
			continue
		}
		for _, log := range s.Symptom.Log {
			p := pattern{scenario: s, log: log, slow: s.Server != "" || s.Needs != "" || slices.Contains(s.Tags, "slow")}
			source := log.Match.String()
			for _, own := range ownNames {
				source = own.find().ReplaceAllLiteralString(source, own.by)
			}
			base, _, _ := strings.Cut(source, " while ")
			var err error
			if p.base, err = regexp.Compile(`^(?:` + strings.TrimPrefix(base, "^") + `)`); err != nil {
				continue // its action is inside brackets
			}
			if p.whole, err = regexp.Compile(source); err != nil {
				continue
			}
			for _, name := range sortedProbes(s.Symptom.Probes) {
				if status := s.Symptom.Probes[name].Status; status != 0 {
					p.statuses = append(p.statuses, status)
				}
				p.statuses = append(p.statuses, s.Symptom.Probes[name].Statuses...)
			}
			list = append(list, p)
		}
	}
	// Simple ones first: what they show has one cause.
	slices.SortStableFunc(list, func(a, b pattern) int { return weight(a) - weight(b) })
	return list
}

func weight(p pattern) int {
	return 8*len(p.scenario.Symptom.Log) + 4*len(p.scenario.Tags) + len(p.scenario.Fixes) + len(p.scenario.WrongFixes)
}

func sortedProbes(m map[string]scenario.Expect) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// fitting is the patterns that a sample's message matches, those with its action where
// there are any.
func (list patterns) fitting(s *sample) []pattern {
	text := s.message
	if n, ok := sslReason(text); ok && n >= 1000 && !alertNumber().MatchString(text) {
		text = strings.TrimSuffix(text, ")") + fmt.Sprintf(":SSL alert number %d)", n-1000)
	}
	var base, whole []pattern
	for _, p := range list {
		if s.fragment && strings.Contains(p.log.Match.String(), `\(`+digits().FindString(text)+": ") {
			base = append(base, p)
		}
		if s.fragment || !p.base.MatchString(text) {
			continue
		}
		base = append(base, p)
		if s.action != "" && p.whole.MatchString(text+" while "+s.action) {
			whole = append(whole, p)
		}
	}
	if len(whole) > 0 {
		return whole
	}
	return base
}

// mostRun is how many scenarios are run for one sample.
const mostRun = 3

// picked is the first pattern of each wording, some of them.
func picked(list []pattern) []pattern {
	var some []pattern
	for _, p := range list {
		again := func(o pattern) bool { return o.whole.String() == p.whole.String() || o.scenario.ID == p.scenario.ID }
		if len(some) < mostRun && !p.slow && !slices.ContainsFunc(some, again) {
			some = append(some, p)
		}
	}
	return some
}
