package scenario

import (
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/nginx"
)

// Trial is one experiment: fresh processes in one stage, then phases in order.
type Trial struct {
	Scenario string // id
	Name     string // unique within the scenario: "healthy", "broken", "fix point-nginx-at-the-port"
	Needs    string // as Scenario.Needs
	Files    map[string]string
	Start    Stage
	Phases   []Phase
	Probes   map[string]Probe
}

// Phase is a stretch of a trial: steps are taken, then probes are sent.
type Phase struct {
	Name   string // "healthy", "broken", "fixed"
	Stage  Stage  // what is in place once the steps are taken
	Apply  []Step
	Rounds int    // how often every probe is sent, at least 1
	During string // a probe that is sent all the while the steps are taken
}

// Observation is all that a trial saw.
type Observation struct {
	Trial    string                   `json:"trial"` // its name
	ID       string                   `json:"id"`    // unique; every answer of a backend carries it
	Started  time.Time                `json:"started"`
	Took     protocol.Duration        `json:"took"`
	Phases   []PhaseSeen              `json:"phases"`
	Backends []protocol.BackendStatus `json:"backends"`          // at the end, with their logs
	Testbed  string                   `json:"testbed,omitempty"` // names of the containers, where they were kept
}

// PhaseSeen is what one phase saw.
type PhaseSeen struct {
	Name    string            `json:"name"`
	Config  string            `json:"config"` // the scenario's part of nginx's configuration
	Steps   []StepSeen        `json:"steps,omitempty"`
	Answers []Answer          `json:"answers"`
	Log     []nginx.Entry     `json:"log"` // every entry since the phase before
	Took    protocol.Duration `json:"took"`
}

// StepSeen is what one step did.
type StepSeen struct {
	Step   Step                   `json:"step"`
	Check  *protocol.CheckResult  `json:"check,omitempty"`
	Reload *protocol.ReloadResult `json:"reload,omitempty"`
	Error  string                 `json:"error,omitempty"` // the step itself did not work, as it would not for an operator
	Took   protocol.Duration      `json:"took"`
}

// Answer is a probe's answer with what nginx recorded of it.
type Answer struct {
	Probe  string               `json:"probe"`            // its name in the scenario
	During bool                 `json:"during,omitempty"` // sent while steps were taken
	Client protocol.ProbeResult `json:"client"`
	Access *nginx.Record        `json:"access,omitempty"` // nil: no record, nginx never saw it or never finished
	Log    []nginx.Entry        `json:"log,omitempty"`    // entries of this request's connection
	Err    error                `json:"-"`                // the probe could not be sent: the lab's trouble
}

// StageError says that a stage cannot be started: nginx refuses its
// configuration. The fault lies with the scenario, not with the lab.
type StageError struct{ Text string }

func (e *StageError) Error() string { return e.Text }
