package report

import (
	"slices"

	"github.com/gatewaylab/lab/internal/experiment"
)

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

func exitCode(results []experiment.Result, stop Stop) int {
	code := OK
	// Where nothing was tried nothing is as expected.
	if len(results) > 0 && !slices.ContainsFunc(results, func(r experiment.Result) bool { return r.Verdict != experiment.Skipped }) {
		code = Inconclusive
	}
	for _, r := range results {
		code = Worse(code, codeOf(r.Verdict, r.Cause, stop))
		for _, p := range r.Parts {
			code = Worse(code, codeOf(p.Verdict, p.Cause, stop))
		}
	}
	return code
}

func codeOf(v experiment.Verdict, cause experiment.Cause, stop Stop) int {
	switch {
	case v == experiment.Refuted:
		return Failed
	case v != experiment.Inconclusive:
		return OK
	case cause == experiment.Scenario:
		return Usage
	case cause == experiment.Environment:
		return Environment
	case cause == experiment.Interrupted && stop == Stop{}:
		return Interrupted
	case cause == experiment.Interrupted:
		return stop.ExitCode
	}
	return Inconclusive
}
