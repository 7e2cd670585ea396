// Package trial is the vocabulary of one experiment: what is asked of a testbed, and
// what was seen there. It decides nothing.
package trial

import (
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/strict"
)

// Trial is one experiment: fresh processes in one stage, then phases in order.
type Trial struct {
	Scenario string // id
	Name     string // unique within the scenario: "healthy", "broken", "fix point-nginx-at-the-port"
	Needs    string // as Scenario.Needs
	Server   string // as Scenario.Server
	Files    map[string]string
	Start    Stage
	Phases   []Phase
	Probes   map[string]Probe

	// Deployment is a whole configuration in place of the stage's; its stage's backends
	// are then one process, StandIns. Such a trial's Needs is NeedsAddresses.
	Deployment *Deployment
}

// NeedsAddresses is a testbed where every address is a local one.
const NeedsAddresses = "addresses"

// Deployment is a user's own configuration, and what the backends behind it have in
// common.
type Deployment struct {
	protocol.Deployment
	Pairs   map[string]certificate.Pair // instead of the run's own certificates
	Headers map[string]string           // more headers of every whole answer of a backend
	Once    []string                    // backends of which the first connection alone meets the fault
}

// Phase is a stretch of a trial: steps are taken, then probes are sent.
type Phase struct {
	Name   string // "healthy", "broken", "fixed"
	Stage  Stage  // what is in place once the steps are taken
	Apply  []Step
	Rounds int    // how often every probe is sent, at least 1
	During string // a probe that is sent all the while the steps are taken
	// BackendLog is what the backends' logs are waited for to say, for a while; OOMKills
	// how many processes the kernel must have killed.
	BackendLog []strict.Regexp
	OOMKills   int
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
	Nginx    string                   `json:"nginx,omitempty"`   // the version that it ran on
	Image    string                   `json:"image,omitempty"`   // of nginx's container
	// Refused is what nginx said when it did not start with the configuration that the
	// trial began with; there are no phases then.
	Refused string            `json:"refused,omitempty"`
	Stall   protocol.Duration `json:"stall,omitzero"` // the longest wait of one of its threads for a CPU or a disk
	Timings Timings           `json:"timings,omitzero"`
}

// TooSlow is a stall that makes a trial's timing doubtful: the catalogue's timers are 300 ms
// apart, and those of a user's configuration are as short, when they are scaled.
const TooSlow = protocol.Duration(100 * time.Millisecond)

// Timings is where the time went. All but Testbed add up to the trial's.
type Timings struct {
	Testbed  protocol.Duration `json:"testbed"`  // until there was one
	Engine   protocol.Duration `json:"engine"`   // pausing and updating containers
	Nginx    protocol.Duration `json:"nginx"`    // starting, checking, reloading and stopping nginx
	Backends protocol.Duration `json:"backends"` // starting and ending backends, as far as nginx did not take as long
	Servers  protocol.Duration `json:"servers"`  // real servers' own time to start and to end, and commands
	Waits    protocol.Duration `json:"waits"`    // a fault's delays, nginx's timeouts, waiting steps, the 100 ms of a reload
	Probes   protocol.Duration `json:"probes"`   // answers that came at once
	Own      protocol.Duration `json:"own"`      // the rest: messages, logs, clearing up, and waiting for a CPU

	Starts  int               `json:"starts,omitempty"` // of real servers
	Fastest protocol.Duration `json:"fastest,omitzero"` // of these
}

// Started counts a real server's start.
func (t *Timings) Started(took protocol.Duration) {
	if t.Starts++; t.Fastest == 0 || took < t.Fastest {
		t.Fastest = took
	}
}

// Add adds another trial's.
func (t *Timings) Add(other Timings) {
	t.Testbed += other.Testbed
	t.Engine += other.Engine
	t.Nginx += other.Nginx
	t.Backends += other.Backends
	t.Servers += other.Servers
	t.Waits += other.Waits
	t.Probes += other.Probes
	t.Own += other.Own
}

// Inside is the sum of what happens within a trial, but for Own.
func (t Timings) Inside() protocol.Duration {
	return t.Engine + t.Nginx + t.Backends + t.Servers + t.Waits + t.Probes
}

// PhaseSeen is what one phase saw.
type PhaseSeen struct {
	Name    string        `json:"name"`
	Config  string        `json:"config"` // the scenario's part of nginx's configuration
	Steps   []StepSeen    `json:"steps,omitempty"`
	Answers []Answer      `json:"answers"`
	Log     []nginx.Entry `json:"log"` // every entry since the phase before
	// Backends is what backends logged since the phase before, by name; in scenarios
	// with a server only.
	Backends map[string]string `json:"backends,omitempty"`
	OOMKills int               `json:"oomKills,omitempty"` // processes of the backend container that the kernel killed for its memory since the phase before
	Files    map[string]string `json:"files,omitempty"`    // the server's configuration and application in place, by their names in the scenario
	Names    []string          `json:"names,omitempty"`    // of a deployment: the host names that were asked for so far
	Took     protocol.Duration `json:"took"`
}

// StepSeen is what one step did.
type StepSeen struct {
	Step   Step                   `json:"step"`
	Check  *protocol.CheckResult  `json:"check,omitempty"`
	Reload *protocol.ReloadResult `json:"reload,omitempty"`
	Ran    []protocol.Ran         `json:"ran,omitempty"`   // the commands that were really run, with what they said
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
	Passed []nginx.Record       `json:"passed,omitempty"` // more records of it: nginx was its own upstream
	Err    error                `json:"-"`                // the probe could not be sent: the lab's trouble
}

// InLogs returns the first expression that no line of the logs fits, or nil.
func InLogs(logs map[string]string, expected []strict.Regexp) *strict.Regexp {
	for i, want := range expected {
		found := false
		for _, log := range logs {
			for line := range strings.SplitSeq(log, "\n") {
				found = found || want.MatchString(line)
			}
		}
		if !found {
			return &expected[i]
		}
	}
	return nil
}
