// Package lazy keeps what is expensive to make until it is wanted: every command of lab
// starts, and most want little of it.
package lazy

import (
	"regexp"
	"sync"
)

// Regexp is an expression that is compiled when it is first used.
func Regexp(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
