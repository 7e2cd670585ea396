package report

import (
	"slices"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
)

func exitCode(results []experiment.Result, stop Stop) int {
	code := output.OK
	// Where nothing was tried nothing is as expected.
	if len(results) > 0 && !slices.ContainsFunc(results, func(r experiment.Result) bool { return r.Verdict != experiment.Skipped }) {
		code = output.Inconclusive
	}
	for _, r := range results {
		code = output.Worse(code, codeOf(r.Verdict, r.Cause, stop))
		for _, p := range r.Parts {
			code = output.Worse(code, codeOf(p.Verdict, p.Cause, stop))
		}
	}
	return code
}

func codeOf(v experiment.Verdict, cause experiment.Cause, stop Stop) int {
	switch {
	case v == experiment.Refuted:
		return output.Failed
	case v != experiment.Inconclusive:
		return output.OK
	case cause == experiment.Scenario:
		return output.Usage
	case cause == experiment.Environment:
		return output.Environment
	case cause == experiment.Interrupted && stop == Stop{}:
		return output.Interrupted
	case cause == experiment.Interrupted:
		return stop.ExitCode
	}
	return output.Inconclusive
}
