package regress

import (
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/deployment"
)

// rule is one kind of advice. Each has a file of its own, rule_NAME.go, and a test beside
// it.
type rule struct {
	name, severity string
	// cells is what shows that something is wrong. All of a location's rules are tried, and
	// one whose cells the location does not have does not apply.
	cells []cellID
	// requests is how many requests are sent in a cell, where that is not as usual.
	requests int
	// wrong reports whether the cells show it, and right whether it is gone with the fix.
	wrong func(t Target, cells []Cell) bool
	right func(before, after []Cell) bool
	// says is the advice, in a sentence.
	says func(t Target, cells []Cell) string
	// fix changes the configuration; false: lab knows no fix.
	fix func(t Target, e *deployment.Edits) bool
}

// rules is every rule, in the order of advice of one severity.
var rules = []rule{
	defaultReadTimeout,
	defaultConnectTimeout,
	sentTwice,
	neverAvoided,
	unverified,
	noSNI,
	keepaliveRace,
	errorPageOfTheUpstream,
	errorPageBehindTheUpstream,
}

func onlyFault(name string) []cellID { return []cellID{{Fault: name}} }

// accepted reports whether a client got a whole answer of the upstream's.
func accepted(c Cell) bool { return len(c.Status) == 1 && c.Status[0] == 200 && c.From == fromUpstream }

// attemptsOf is the servers that the first request was passed to.
func attemptsOf(c Cell) []string {
	if len(c.Tried) == 0 {
		return nil
	}
	return strings.Split(c.Tried[0], ", ")
}

// without is a directive's words but for one, which nginx reads without any order.
func without(words []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(one string) bool { return one == word })
}
