package nginx

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// timeUnits are nginx's units of time, the largest first (ngx_parse_time). "m" stands
// behind "ms", because a unit is looked for by its beginning.
var timeUnits = []struct {
	name   string
	length time.Duration
}{
	{"y", 365 * 24 * time.Hour},
	{"M", 30 * 24 * time.Hour},
	{"w", 7 * 24 * time.Hour},
	{"d", 24 * time.Hour},
	{"h", time.Hour},
	{"ms", time.Millisecond},
	{"m", time.Minute},
	{"s", time.Second},
}

// ParseTime reads a time as nginx writes it: 60, 60s, 1m30s, 1h 30m, 500ms. It is false
// for anything else, also for a time with its units in the wrong order, which nginx
// refuses.
func ParseTime(text string) (time.Duration, bool) {
	rest, total := strings.TrimSpace(text), time.Duration(0)
	if rest == "" {
		return 0, false
	}
	last := time.Duration(math.MaxInt64)
	for rest != "" {
		number := time.Duration(0)
		at := 0
		for ; at < len(rest) && '0' <= rest[at] && rest[at] <= '9'; at++ {
			if number >= math.MaxInt64/10 {
				return 0, false
			}
			number = 10*number + time.Duration(rest[at]-'0')
		}
		if at == 0 {
			return 0, false
		}
		unit, length := timeUnit(rest[at:])
		if unit >= last || number > (math.MaxInt64-total)/unit {
			return 0, false
		}
		last, total = unit, total+number*unit
		rest = strings.TrimLeft(rest[at+length:], " ")
	}
	return total, true
}

// timeUnit is the unit that a text begins with, and how long its name is. A number
// without a unit counts seconds.
func timeUnit(text string) (unit time.Duration, length int) {
	for _, u := range timeUnits {
		if strings.HasPrefix(text, u.name) {
			return u.length, len(u.name)
		}
	}
	return time.Second, 0
}

// FormatTime is a time as nginx reads it and a person writes it: 60s, 1500ms.
func FormatTime(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d/time.Millisecond)
}
