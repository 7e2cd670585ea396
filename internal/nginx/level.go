package nginx

import (
	"slices"
	"strings"
)

// LevelWords is the levels of the error log, the mildest first, as the alternatives of a
// regular expression.
const LevelWords = "debug|info|notice|warn|error|crit|alert|emerg"

// Levels is the levels of the error log, the mildest first.
var Levels = strings.Split(LevelWords, "|")

// LevelAtLeast reports whether a level is as bad as another one, or worse.
func LevelAtLeast(level, least string) bool {
	return slices.Index(Levels, level) >= slices.Index(Levels, least)
}
