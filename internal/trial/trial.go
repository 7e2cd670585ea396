// Package trial is the vocabulary of an experiment: what a testbed is asked to do, and what
// was seen there. It decides nothing.
package trial

import (
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/strict"
)

// Trial is one experiment: it starts fresh processes in one stage, and then goes through
// phases in order.
type Trial struct {
	Scenario string // the scenario's id
	Name     string // unique within the scenario, such as "healthy", "broken" or "fix point-nginx-at-the-port"
	Needs    string // see Scenario.Needs
	Server   string // see Scenario.Server
	Files    map[string]string
	Start    Stage
	Phases   []Phase
	Probes   map[string]Probe

	// Deployment is a whole configuration that replaces the stage's. One process, StandIns,
	// then plays all backends of the stage, and Needs is NeedsAddresses.
	Deployment *Deployment
}

// NeedsAddresses asks for a testbed in which every address is a local one.
const NeedsAddresses = "addresses"

// Deployment is a user's own configuration, and the properties that all backends behind it
// share.
type Deployment struct {
	protocol.Deployment
	Pairs   map[string]certificate.Pair // replace the certificates that lab made for this run
	Headers map[string]string           // are added to every complete answer of a backend
	Once    []string                    // the backends whose first connection meets the fault, and no other connection does
}

// Phase is a part of a trial: the steps are taken, and then the probes are sent.
type Phase struct {
	Name   string // "healthy", "broken" or "fixed"
	Stage  Stage  // what is in place after the steps
	Apply  []Step
	Rounds int    // how often every probe is sent; at least 1
	During string // a probe that is sent again and again while the steps are taken
	// BackendLog lists expressions that lab waits a while to find in the logs of the backends.
	// OOMKills is the number of processes that lab waits for the kernel to kill.
	BackendLog []strict.Regexp
	OOMKills   int
}

// Observation is everything that was seen in a trial.
type Observation struct {
	Trial    string                   `json:"trial"` // the trial's name
	ID       string                   `json:"id"`    // a unique id, which is in every answer of a backend
	Started  time.Time                `json:"started"`
	Took     protocol.Duration        `json:"took"`
	Phases   []PhaseSeen              `json:"phases"`
	Backends []protocol.BackendStatus `json:"backends"`          // the backends at the end of the trial, with their logs
	Testbed  string                   `json:"testbed,omitempty"` // the names of the containers, if they were kept
	Nginx    string                   `json:"nginx,omitempty"`   // the version of nginx
	Image    string                   `json:"image,omitempty"`   // the image of nginx's container
	// Refused is the message with which nginx refused the configuration that the trial began
	// with. There are no phases then.
	Refused string            `json:"refused,omitempty"`
	Stall   protocol.Duration `json:"stall,omitzero"` // the longest time that a thread of the trial waited for a CPU or a disk
	Timings Timings           `json:"timings,omitzero"`
}

// TooSlow is a stall that makes the timing of a trial doubtful. The timeouts in the catalogue
// are at least 300 ms apart, and so are the timeouts of a user's configuration after scaling.
const TooSlow = protocol.Duration(100 * time.Millisecond)

// Timings shows what the time was spent on. All fields except Testbed add up to the time of
// the trial.
type Timings struct {
	Testbed  protocol.Duration `json:"testbed"`  // waiting until a testbed was free
	Engine   protocol.Duration `json:"engine"`   // pausing and updating containers
	Nginx    protocol.Duration `json:"nginx"`    // starting, checking, reloading and stopping nginx
	Backends protocol.Duration `json:"backends"` // starting and ending backends, as far as it took longer than nginx did meanwhile
	Servers  protocol.Duration `json:"servers"`  // starting and ending real servers, and running commands
	Waits    protocol.Duration `json:"waits"`    // delays of a fault, timeouts of nginx, steps that wait, and the 100 ms of a reload
	Probes   protocol.Duration `json:"probes"`   // probes that were answered at once
	Own      protocol.Duration `json:"own"`      // everything else: messages, logs, clearing up, and waiting for a CPU

	Starts  int               `json:"starts,omitempty"` // how often a real server was started
	Fastest protocol.Duration `json:"fastest,omitzero"` // the shortest of these starts
}

// Started counts the start of a real server.
func (t *Timings) Started(took protocol.Duration) {
	if t.Starts++; t.Fastest == 0 || took < t.Fastest {
		t.Fastest = took
	}
}

// Add adds the timings of another trial.
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

// Inside returns the sum of everything that happens within a trial, except Own.
func (t Timings) Inside() protocol.Duration {
	return t.Engine + t.Nginx + t.Backends + t.Servers + t.Waits + t.Probes
}

// PhaseSeen is everything that was seen in one phase.
type PhaseSeen struct {
	Name    string        `json:"name"`
	Config  string        `json:"config"` // the scenario's part of nginx's configuration
	Steps   []StepSeen    `json:"steps,omitempty"`
	Answers []Answer      `json:"answers"`
	Log     []nginx.Entry `json:"log"` // every entry since the previous phase
	// Backends is the log of each backend since the previous phase, by the name of the
	// backend. Only scenarios with a server have it.
	Backends map[string]string `json:"backends,omitempty"`
	// OOMKills is the number of processes of the backend container that the kernel killed
	// since the previous phase because of the memory limit.
	OOMKills int `json:"oomKills,omitempty"`
	// Files has the server's configuration and application that are in place, by their names
	// in the scenario.
	Files map[string]string `json:"files,omitempty"`
	Names []string          `json:"names,omitempty"` // the host names of a deployment that were looked up so far
	Took  protocol.Duration `json:"took"`
}

// StepSeen is what was seen of one step.
type StepSeen struct {
	Step   Step                   `json:"step"`
	Check  *protocol.CheckResult  `json:"check,omitempty"`
	Reload *protocol.ReloadResult `json:"reload,omitempty"`
	Ran    []protocol.Ran         `json:"ran,omitempty"`   // the commands that were run, with their output
	Error  string                 `json:"error,omitempty"` // why the step failed, in a way in which it would fail for an operator too
	Took   protocol.Duration      `json:"took"`
}

// Answer is the answer to a probe, together with what nginx logged about the request.
type Answer struct {
	Probe  string               `json:"probe"`            // the probe's name in the scenario
	During bool                 `json:"during,omitempty"` // whether the probe was sent while steps were taken
	Client protocol.ProbeResult `json:"client"`
	Access *nginx.Record        `json:"access,omitempty"` // nil if nginx wrote no record: it never saw the request or never finished it
	Log    []nginx.Entry        `json:"log,omitempty"`    // the entries of this request's connection
	Passed []nginx.Record       `json:"passed,omitempty"` // further records of this request, if nginx was its own upstream
	Err    error                `json:"-"`                // why the probe could not be sent; always a failure of lab itself
}

// InLogs returns the first expression that matches no line of any log. It returns nil if every
// expression matches one.
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
