package experiment

import (
	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// Verdict is the result of an experiment.
type Verdict string

// These are the verdicts, from best to worst.
const (
	Verified     Verdict = "verified"
	Skipped      Verdict = "skipped"      // it was not tried; a reason is given
	Inconclusive Verdict = "inconclusive" // lab could not tell
	Refuted      Verdict = "refuted"      // it was tried, and the statement is wrong
)

// Cause is the reason for an inconclusive verdict.
type Cause string

const (
	Control     Cause = "control"     // a control failed
	Scenario    Cause = "scenario"    // nginx does not start with the scenario's configuration
	Environment Cause = "environment" // the engine, an image or a container failed
	Interrupted Cause = "interrupted"
	Slow        Cause = "slow"      // the machine was too slow to tell
	Differing   Cause = "differing" // the hearings of a trial have different verdicts
)

// The reason of a refuted verdict begins with one of these.
const (
	NotReproduced = "not reproduced"        // the symptom did not show
	NotResolved   = "not resolved"          // the fix did not make the stage healthy
	Resolves      = "resolves it"           // the wrong fix did make the stage healthy
	NotShown      = "not shown"             // the statement of the demonstration was wrong
	ShowsOther    = "shows another symptom" // the wrong fix left the stage broken, but with another symptom than it should
)

// Result is the verdict on a scenario, with everything that it is based on.
type Result struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	Tags   []string `json:"tags"`
	Repeat int      `json:"repeat,omitempty"` // the number of the repetition, from 1; 0 if there is only one
	// Repetitions has the counts of all repetitions, including this one. Results of the same
	// scenario that follow are those of repetitions that were not verified.
	Repetitions *Tally `json:"repetitions,omitempty"`

	Verdict Verdict  `json:"verdict"`
	Reason  string   `json:"reason,omitempty"`
	Cause   Cause    `json:"cause,omitempty"`
	Failure *Failure `json:"failure,omitempty"`

	Symptom Look   `json:"symptom,omitzero"` // how the broken stage shows
	Parts   []Part `json:"fixes"`            // the fixes, wrong fixes and demonstrations

	Trials []trial.Observation `json:"trials"`
	// Hearings has every outcome of the trials that were run again, in order. The last
	// observation of each trial is in Trials as well.
	Hearings []Hearing `json:"hearings,omitempty"`
	// Took is the time of all its trials, which may have overlapped with those of other scenarios.
	Took protocol.Duration `json:"took"`
	Kept []string          `json:"kept,omitempty"` // the testbeds that were left running
}

// Part is the verdict on one fix, wrong fix or demonstration.
type Part struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"` // "fix", "wrong fix" or "demonstration"
	Say     string            `json:"say"`
	Apply   []trial.Step      `json:"apply"`
	Trial   string            `json:"trial"` // the name of the trial that decides it
	Verdict Verdict           `json:"verdict"`
	Reason  string            `json:"reason,omitempty"`
	Cause   Cause             `json:"cause,omitempty"`
	Failure *Failure          `json:"failure,omitempty"`
	After   Look              `json:"after"` // how the stage shows afterwards
	Took    protocol.Duration `json:"took"`

	Repetitions *Tally `json:"repetitions,omitempty"` // only if the scenario's result has it
}

// Look is how a phase shows, in a few words.
type Look struct {
	Status string `json:"status,omitempty"` // such as "502", or "200 502" if the answers differ
	Log    string `json:"log,omitempty"`    // the first error entry, shortened
}

// outcome is the outcome of one trial.
type outcome struct {
	verdict Verdict
	reason  string
	cause   Cause
	failure *Failure
}
