package nginx

import "testing"

func TestLevelAtLeast(t *testing.T) {
	for _, c := range []struct {
		level, least string
		want         bool
	}{
		{"error", "error", true}, {"warn", "error", false}, {"emerg", "error", true}, {"crit", "alert", false},
		{"alert", "crit", true}, {"debug", "debug", true}, {"other", "error", false}, {"", "debug", false},
	} {
		if got := LevelAtLeast(c.level, c.least); got != c.want {
			t.Errorf("%q is at least %q: %t, want %t", c.level, c.least, got, c.want)
		}
	}
}
