package labtest

import "testing"

// Undecided counts what a test of many trials could not tell. On a busy machine lab says
// that it cannot tell, and so may a few trials here; a wrong verdict is none of them.
type Undecided struct {
	testing.TB
	n int
}

// fewUndecided is how much may be undecided in one test: about one trial in a hundred of
// the catalogue's.
const fewUndecided = 5

// Note takes a verdict that is not the expected one. undecided: lab says that it cannot
// tell because of the machine.
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
