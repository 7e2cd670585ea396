package experiment

import (
	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// Verdict is what an experiment comes to.
type Verdict string

// The verdicts, from best to worst.
const (
	Verified     Verdict = "verified"
	Skipped      Verdict = "skipped"      // not tried; the reason is given
	Inconclusive Verdict = "inconclusive" // the lab itself could not tell
	Refuted      Verdict = "refuted"      // tried, and it is not so
)

// Cause says why a verdict is inconclusive.
type Cause string

// The causes.
const (
	Control     Cause = "control"     // a control failed
	Scenario    Cause = "scenario"    // the scenario's nginx config does not start
	Environment Cause = "environment" // the engine, an image, a container
	Interrupted Cause = "interrupted"
	Slow        Cause = "slow"      // the machine was too slow to tell
	Differing   Cause = "differing" // the trial's hearings come to different verdicts
)

// Reasons that a refuted verdict begins with.
const (
	NotReproduced = "not reproduced"  // the symptom does not show
	NotResolved   = "not resolved"    // the fix does not make it healthy
	Resolves      = "resolves it"     // the wrong fix does
	NotShown      = "not shown"       // the demonstration's statement does not hold
	ShowsOther    = "shows otherwise" // the wrong fix leaves it broken in a way of its own
)

// Result is a scenario's verdict and all that it rests on.
type Result struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	Tags   []string `json:"tags"`
	Repeat int      `json:"repeat,omitempty"` // number of the repetition, from 1; 0 when there is only one
	// The count of all repetitions, this one among them. The results of the same
	// scenario that follow are some of those: what was not verified.
	Repetitions *Tally `json:"repetitions,omitempty"`

	Verdict Verdict  `json:"verdict"`
	Reason  string   `json:"reason,omitempty"`
	Cause   Cause    `json:"cause,omitempty"`
	Failure *Failure `json:"failure,omitempty"`

	Symptom Look   `json:"symptom,omitzero"` // how it shows when broken
	Parts   []Part `json:"fixes"`            // fixes, wrong fixes, demonstrations

	Trials []trial.Observation `json:"trials"`
	// Hearings is every outcome of the trials that were run again, in order; what the
	// last one of a trial saw stands in Trials, too.
	Hearings []Hearing         `json:"hearings,omitempty"`
	Took     protocol.Duration `json:"took"`           // of all its trials, which may have overlapped with others'
	Kept     []string          `json:"kept,omitempty"` // testbeds that were left running
}

// Part is the verdict on one fix, wrong fix or demonstration.
type Part struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"` // "fix", "wrong fix", "demonstration"
	Say     string            `json:"say"`
	Apply   []trial.Step      `json:"apply"`
	Trial   string            `json:"trial"` // name of the trial that decides it
	Verdict Verdict           `json:"verdict"`
	Reason  string            `json:"reason,omitempty"`
	Cause   Cause             `json:"cause,omitempty"`
	Failure *Failure          `json:"failure,omitempty"`
	After   Look              `json:"after"` // how it shows afterwards
	Took    protocol.Duration `json:"took"`

	Repetitions *Tally `json:"repetitions,omitempty"` // where its scenario's result has one
}

// Look is how a phase shows, in a few words.
type Look struct {
	Status string `json:"status,omitempty"` // "502", "200 502" where answers differ
	Log    string `json:"log,omitempty"`    // gist of the first error entry
}

// outcome is what one trial comes to.
type outcome struct {
	verdict Verdict
	reason  string
	cause   Cause
	failure *Failure
}
