package deployment

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/nginx"
)

// Apart is how far two timers must be apart, and from zero, to be told apart: nginx
// merges timers that end within 300 ms (NGX_TIMER_LAZY_DELAY).
const Apart = 300 * time.Millisecond

// longest bounds a scaled timer, but for the distances between several.
const longest = 3 * time.Second

// Scale makes production's timeouts short and their order the same.
type Scale struct {
	scaled map[time.Duration]time.Duration
}

// NewScale divides times by a factor: none comes out under Apart or nearer than that to
// another, and one longer than 3 s is as long as that.
func NewScale(times []time.Duration, factor float64) Scale {
	times = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(times))), func(d time.Duration) bool { return d <= 0 })
	s := Scale{map[time.Duration]time.Duration{}}
	last := time.Duration(0)
	for _, t := range times {
		short := t
		if factor > 1 {
			short = min(time.Duration(float64(t)/factor), longest).Truncate(time.Millisecond)
		}
		if factor != 1 {
			short = max(short, last+Apart)
		}
		s.scaled[t], last = short, short
	}
	return s
}

// Of is the scaled time; one that was not among them stays.
func (s Scale) Of(t time.Duration) time.Duration {
	if short, ok := s.scaled[t]; ok {
		return short
	}
	return t
}

// Longest is the longest scaled time.
func (s Scale) Longest() time.Duration {
	var most time.Duration
	for _, short := range s.scaled {
		most = max(most, short)
	}
	return most
}

// timers is the rest of the names of timers that every family has.
var timers = []string{
	"connect_timeout", "send_timeout", "read_timeout", "next_upstream_timeout", "cache_lock_timeout", "cache_lock_age",
}

// IsTimer reports whether a directive is a timeout that is scaled: one of requests to
// upstreams, in milliseconds within nginx.
func IsTimer(d *nginx.Directive) bool {
	if len(d.Args) != 1 || d.In("stream", "mail") != nil {
		return false
	}
	if d.Is("resolver_timeout") {
		return true
	}
	_, rest, _ := nginx.FamilyOf(d.Name)
	return slices.Contains(timers, rest)
}

// Times is every time that the configuration's timers have, and nginx's own.
func (s *Site) Times() []time.Duration {
	all := []time.Duration{defaultTime("proxy_read_timeout")}
	s.Walk(func(d *nginx.Directive) {
		if t, ok := nginx.ParseTime(d.Arg(0)); ok && IsTimer(d) {
			all = append(all, t)
		}
		if d.Is("resolver") {
			all = append(all, defaultTime("resolver_timeout"))
		}
	})
	return all
}

// defaultTime is nginx's own value of a timer.
func defaultTime(name string) time.Duration {
	t, _ := nginx.ParseTime(nginx.Default(name))
	return t
}

const wholeSeconds = "in whole seconds within nginx: not scaled"

// Unscaled lists the times that stay as they are, since nginx counts them in seconds.
func (s *Site) Unscaled() []Change {
	var all []Change
	s.Walk(func(d *nginx.Directive) {
		if d.In("stream", "mail") != nil {
			return
		}
		for _, word := range d.Args {
			name, _, ok := strings.Cut(word, "=")
			if ok && slices.Contains([]string{"fail_timeout", "valid", "inactive"}, name) {
				all = append(all, Change{File: d.File, Line: d.Line, Was: word, Why: wholeSeconds})
			}
		}
		if _, rest, _ := nginx.FamilyOf(d.Name); rest == "cache_valid" {
			all = append(all, Change{File: d.File, Line: d.Line, Was: d.Name + " " + d.Value(), Why: wholeSeconds})
		}
	})
	slices.SortFunc(all, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Was, b.Was))
	})
	return slices.Compact(all)
}
