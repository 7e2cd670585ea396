package output

import "slices"

// The exit codes.
const (
	OK           = 0
	Failed       = 1 // a verdict failed
	Usage        = 2 // usage, a bad scenario, a bad configuration
	Environment  = 3 // no engine, no image
	Inconclusive = 4
	Interrupted  = 130
)

// worst lists the exit codes from worst to best: trouble never hides a refutation.
var worst = []int{Interrupted, Failed, Usage, Environment, Inconclusive, OK}

// Worse returns the one that counts when both happened.
func Worse(a, b int) int {
	if slices.Index(worst, a) <= slices.Index(worst, b) {
		return a
	}
	return b
}
