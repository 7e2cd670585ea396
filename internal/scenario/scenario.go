// Package scenario holds documented failures as data: it reads, checks and
// combines them. It runs nothing.
package scenario

import (
	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/trial"
)

// Version is the only version of scenario.yaml that this lab reads.
const Version = 1

// Scenario is one documented failure: how it is caused, how it shows, and the
// fixes that a guide gives for it. Its folder's name is its id.
type Scenario struct {
	ID string `yaml:"-" json:"id"`
	// Version is that of the file's format. A file without it has version 1.
	Version int `yaml:"version,omitempty" json:"version"`

	Title string   `yaml:"title" json:"title"`                     // one sentence: what is wrong
	Tags  []string `yaml:"tags" json:"tags"`                       // words to select by: a status, a protocol, a topic
	Needs string   `yaml:"needs,omitempty" json:"needs,omitempty"` // "network": nginx and the backends get network namespaces of their own

	// Server is the real application server whose image the backend container is: a
	// name of server.Table. Backends with an application are this server.
	Server string `yaml:"server,omitempty" json:"server,omitempty"`
	// Privileges that the scenario asks for, beyond what every container has; without
	// them it is skipped. Those that a server needs must be named.
	Privileges []string `yaml:"privileges,omitempty" json:"privileges,omitempty"`

	Healthy Stage `yaml:"healthy" json:"healthy"` // the base: nothing is wrong

	// A failure and its fixes …
	Broken     *Delta    `yaml:"broken,omitempty" json:"broken,omitempty"`           // the fault, as a change to healthy
	Symptom    Signature `yaml:"symptom,omitempty" json:"symptom,omitzero"`          // how the fault shows
	Fixes      []Fix     `yaml:"fixes,omitempty" json:"fixes,omitempty"`             // changes to broken, each proven alone
	WrongFixes []Fix     `yaml:"wrong_fixes,omitempty" json:"wrong_fixes,omitempty"` // tempting changes that must leave it broken

	// … or what is no failure.
	Demonstrates []Demonstration `yaml:"demonstrates,omitempty" json:"demonstrates,omitempty"` // statements about the healthy stage, each proven alone

	Hints   []string `yaml:"hints,omitempty" json:"hints,omitempty"` // from vague to nearly told
	Debrief string   `yaml:"debrief" json:"debrief"`                 // why it works, which look-alikes the evidence rules out

	Files map[string]string `yaml:"-" json:"-"` // the configs and applications beside scenario.yaml: name -> text
}

// Stage is one complete state of the system under test, with the requests that tell
// healthy from broken.
type Stage struct {
	trial.Stage `yaml:",inline"`
	Probes      map[string]Probe `yaml:"probes" json:"probes"` // by name
}

// Requests returns what the probes of the healthy stage ask, without what they expect.
func (s Scenario) Requests() map[string]trial.Probe {
	all := make(map[string]trial.Probe, len(s.Healthy.Probes))
	for name, p := range s.Healthy.Probes {
		all[name] = p.Probe
	}
	return all
}

// Delta is a change to a stage and the way it is brought about. A broken delta
// without steps means that everything starts in the broken state; with steps,
// the healthy stage starts and the steps break it.
type Delta struct {
	Nginx    string                      `yaml:"nginx,omitempty" json:"nginx,omitempty"`       // the config that replaces the stage's
	User     string                      `yaml:"user,omitempty" json:"user,omitempty"`         // of nginx's workers
	Backends map[string]protocol.Backend `yaml:"backends,omitempty" json:"backends,omitempty"` // fields that replace the stage's, backend by backend
	Memory   protocol.Bytes              `yaml:"memory,omitempty" json:"memory,omitempty"`     // new limit of the backend container
	Apply    []trial.Step                `yaml:"apply,omitempty" json:"apply,omitempty"`       // what the operator does, in order
}

// Fix is a remedy, right or wrong, as a change to the broken stage.
type Fix struct {
	ID      string `yaml:"id" json:"id"`
	Say     string `yaml:"say" json:"say"` // what an operator would call it
	Delta   `yaml:",inline"`
	Symptom *Signature `yaml:"symptom,omitempty" json:"symptom,omitempty"` // wrong fixes: how it shows afterwards, if not as before
}

// Demonstration is a statement about something that is not a failure.
type Demonstration struct {
	ID      string `yaml:"id" json:"id"`
	Say     string `yaml:"say" json:"say"` // the statement
	Delta   `yaml:",inline"`
	During  string    `yaml:"during,omitempty" json:"during,omitempty"` // a probe that is sent all the while the steps are taken
	Show    Signature `yaml:"show" json:"show"`                         // what must be seen afterwards
	Planted Delta     `yaml:"planted" json:"planted"`                   // a change instead of this one under which the statement must fail: the oracle's own control
}

// Probe is a request that is sent to nginx, and what a healthy answer is.
type Probe struct {
	trial.Probe `yaml:",inline"`
	Expect      Expect `yaml:"expect" json:"expect"`
}

// Expect is what the client must see. Only the fields that are given are compared.
type Expect struct {
	Status   int               `yaml:"status,omitempty" json:"status,omitempty"`     // of every answer; 9 is nginx's HTTP/0.9 answer without a status line
	Statuses []int             `yaml:"statuses,omitempty" json:"statuses,omitempty"` // of the answers of one round, in any order
	Body     string            `yaml:"body,omitempty" json:"body,omitempty"`         // text that the body contains
	From     string            `yaml:"from,omitempty" json:"from,omitempty"`         // "backend" or "nginx": who wrote the answer
	Complete *bool             `yaml:"complete,omitempty" json:"complete,omitempty"` // all the bytes that the framing announced arrived
	Bytes    *int64            `yaml:"bytes,omitempty" json:"bytes,omitempty"`       // of the body that arrived
	Recorded int               `yaml:"recorded,omitempty" json:"recorded,omitempty"` // the status in nginx's access log
	AtLeast  protocol.Duration `yaml:"at_least,omitempty" json:"at_least,omitempty"` // time until the answer ended
	AtMost   protocol.Duration `yaml:"at_most,omitempty" json:"at_most,omitempty"`   // a bound to tell two timeouts apart, never a speed limit
}

// Signature is what a state looks like from outside.
type Signature struct {
	Probes map[string]Expect `yaml:"probes,omitempty" json:"probes,omitempty"` // by the name of the probe
	// Log: every error line must match one of these, and each of these at least one
	// line. Empty: there must be no line of level error or above.
	Log   []LogPattern `yaml:"log,omitempty" json:"log,omitempty"`
	Check *Check       `yaml:"check,omitempty" json:"check,omitempty"` // what the step "check" (nginx -t) said
	// BackendLog: what the backends logged meanwhile, each of these in a line.
	BackendLog []strict.Regexp `yaml:"backend_log,omitempty" json:"backend_log,omitempty"`
	// OOMKills: how many processes of the backend container the kernel killed for its
	// memory limit meanwhile, at the least. Nobody else's kill counts there.
	OOMKills int `yaml:"oom_kills,omitempty" json:"oom_kills,omitempty"`
	// Output: what commands said that were run as steps, or by steps.
	Output []Output `yaml:"output,omitempty" json:"output,omitempty"`
}

// Output is what a command must have said.
type Output struct {
	Run   string        `yaml:"run" json:"run"`     // the command, word for word
	Match strict.Regexp `yaml:"match" json:"match"` // its output
}

// LogPattern is an error-log line.
type LogPattern struct {
	Level Levels        `yaml:"level" json:"level"` // one of nginx's levels, or several where nginx versions differ
	Match strict.Regexp `yaml:"match" json:"match"` // matches the message, from after the connection number to "client:"
}

// Check is the outcome of `nginx -t`.
type Check struct {
	OK    bool          `yaml:"ok" json:"ok"`
	Match strict.Regexp `yaml:"match,omitempty" json:"match,omitzero"` // its output
}

// Levels is one level name or several.
type Levels []string

// DecodeNode reads one level or a list of them.
func (l *Levels) DecodeNode(d *strict.Decoder, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		*l = Levels{n.Value}
		return
	}
	var list []string
	d.Decode(n, &list)
	*l = list
}
