package labtest

import (
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
)

// Undecided counts the trials in a test whose outcome could not be told. On a busy machine lab
// says that it cannot tell, and a test with many trials accepts a few such outcomes. A wrong
// verdict is never accepted.
type Undecided struct {
	testing.TB
	n int
}

// fewUndecided is how many outcomes may be undecided in one test. It is about one in a hundred
// trials of the catalogue.
const fewUndecided = 5

// Busy reports whether lab says that it cannot tell, and the machine may be the reason.
func (*Undecided) Busy(v experiment.Verdict, c experiment.Cause) bool {
	return v == experiment.Inconclusive && (c == experiment.Control || c == experiment.Slow || c == experiment.Differing)
}

// Note takes a verdict that is not the expected one. If undecided is true, lab has said that
// it cannot tell because of the machine.
func (u *Undecided) Note(undecided bool, format string, args ...any) {
	u.Helper()
	if undecided {
		u.n++
	}
	if undecided && u.n <= fewUndecided {
		u.Logf("undecided: "+format, args...)
		return
	}
	u.Errorf(format, args...)
}
