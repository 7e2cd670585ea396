package regress

import (
	"fmt"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/nginx"
)

// unmet is what a cell does not have of what is expected.
func (e Expect) unmet(c Cell) (names []string, said string) {
	var all []string
	miss := func(name, text string) {
		names, all = append(names, name), append(all, text)
	}
	if e.Status != 0 && (len(c.Status) != 1 || c.Status[0] != e.Status) {
		miss("status", fmt.Sprint(e.Status))
	}
	if e.From != "" && e.From != c.From {
		miss("from", "from "+e.From)
	}
	if e.Within > 0 && c.waits() > e.Within.D() {
		miss("after", fmt.Sprintf("within %s", e.Within))
	}
	retried := strings.Contains(strings.Join(c.Tried, ""), ",")
	if e.Retried != nil && *e.Retried != retried {
		miss("tried", map[bool]string{true: "retried", false: "not retried"}[*e.Retried])
	}
	if e.Twice != nil && *e.Twice != c.Twice {
		miss("twice", map[bool]string{true: "sent twice", false: "not sent twice"}[*e.Twice])
	}
	if e.Cut != nil && *e.Cut != c.Cut {
		miss("cut", map[bool]string{true: "cut", false: "complete"}[*e.Cut])
	}
	return names, strings.Join(all, ", ")
}

// forEver is longer than anybody waits.
const forEver = 100 * 365 * 24 * time.Hour

// waits is how long a client waits, of all that is not at once: the first request's
// attempts, each as long as its timeout.
func (c Cell) waits() time.Duration {
	var longest time.Duration
	for _, after := range c.After {
		if after == noTimeout {
			return forEver
		}
		_, value, _ := strings.Cut(after, " ")
		if t, ok := nginx.ParseTime(value); ok {
			longest = max(longest, t)
		}
	}
	if len(c.Tried) == 0 {
		return longest
	}
	return longest * time.Duration(max(1, strings.Count(c.Tried[0], ",")+1))
}
