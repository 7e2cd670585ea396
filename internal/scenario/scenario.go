// Package scenario reads, checks and combines scenarios, which document failures as data. It
// runs nothing.
package scenario

import (
	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/trial"
)

// Version is the only version of scenario.yaml that this lab can read.
const Version = 1

// Scenario documents one failure: what causes it, how it shows, and the fixes that a guide
// gives for it. The name of the scenario's folder is its id.
type Scenario struct {
	ID string `yaml:"-" json:"id"`
	// Version is the version of the file format. A file without a version has version 1.
	Version int `yaml:"version,omitempty" json:"version"`

	Title string   `yaml:"title" json:"title"` // one sentence that says what is wrong
	Tags  []string `yaml:"tags" json:"tags"`   // words to select scenarios by: a status, a protocol, a topic
	// Needs may be "network": nginx and the backends then get separate network namespaces.
	Needs string `yaml:"needs,omitempty" json:"needs,omitempty"`

	// Server is the name of a real application server in server.Table. The backend container
	// runs that server's image, and the backends with an application are this server.
	Server string `yaml:"server,omitempty" json:"server,omitempty"`
	// Privileges are rights that the scenario asks for beyond those that every container has.
	// If the user does not grant them, the scenario is skipped. A scenario must name every
	// privilege that its server needs.
	Privileges []string `yaml:"privileges,omitempty" json:"privileges,omitempty"`

	Healthy Stage `yaml:"healthy" json:"healthy"` // the base, in which nothing is wrong

	// A scenario has either a failure and its fixes …

	Broken     *Delta    `yaml:"broken,omitempty" json:"broken,omitempty"`           // the fault, as a change to the healthy stage
	Symptom    Signature `yaml:"symptom,omitempty" json:"symptom,omitzero"`          // how the fault shows
	Fixes      []Fix     `yaml:"fixes,omitempty" json:"fixes,omitempty"`             // changes to the broken stage, each proven by itself
	WrongFixes []Fix     `yaml:"wrong_fixes,omitempty" json:"wrong_fixes,omitempty"` // tempting changes that must leave the stage broken

	// … or it demonstrates behaviour that is not a failure.

	// Demonstrates lists statements about the healthy stage, each proven by itself.
	Demonstrates []Demonstration `yaml:"demonstrates,omitempty" json:"demonstrates,omitempty"`

	Hints   []string `yaml:"hints,omitempty" json:"hints,omitempty"` // from a vague hint to one that nearly gives the answer
	Debrief string   `yaml:"debrief" json:"debrief"`                 // why the fix works, and which similar failures the evidence rules out

	Files map[string]string `yaml:"-" json:"-"` // the text of each configuration file and application beside scenario.yaml, by name
}

// Stage is one complete state of the system under test, together with the requests that tell a
// healthy state from a broken one.
type Stage struct {
	trial.Stage `yaml:",inline"`
	Probes      map[string]Probe `yaml:"probes" json:"probes"` // the requests, by name
}

// Requests returns the requests of the healthy stage's probes, without the answers that the
// probes expect.
func (s Scenario) Requests() map[string]trial.Probe {
	all := make(map[string]trial.Probe, len(s.Healthy.Probes))
	for name, p := range s.Healthy.Probes {
		all[name] = p.Probe
	}
	return all
}

// Delta is a change to a stage, and the steps that bring it about. If a broken delta has no
// steps, everything starts in the broken state. If it has steps, the healthy stage starts and
// the steps break it.
type Delta struct {
	Nginx string `yaml:"nginx,omitempty" json:"nginx,omitempty"` // the configuration file that replaces the stage's
	User  string `yaml:"user,omitempty" json:"user,omitempty"`   // the new user of nginx's workers
	// Backends has the fields that replace those of the stage's backends, by the name of the
	// backend.
	Backends map[string]protocol.Backend `yaml:"backends,omitempty" json:"backends,omitempty"`
	Memory   protocol.Bytes              `yaml:"memory,omitempty" json:"memory,omitempty"` // the new limit of the backend container
	Apply    []trial.Step                `yaml:"apply,omitempty" json:"apply,omitempty"`   // the steps that an operator takes, in order
}

// Fix is a right or a wrong remedy, given as a change to the broken stage.
type Fix struct {
	ID    string `yaml:"id" json:"id"`
	Say   string `yaml:"say" json:"say"` // what an operator would call this change
	Delta `yaml:",inline"`
	// Symptom is for wrong fixes only: how the failure shows afterwards, if that differs from
	// before.
	Symptom *Signature `yaml:"symptom,omitempty" json:"symptom,omitempty"`
}

// Demonstration is a statement about behaviour that is not a failure.
type Demonstration struct {
	ID     string `yaml:"id" json:"id"`
	Say    string `yaml:"say" json:"say"` // the statement
	Delta  `yaml:",inline"`
	During string    `yaml:"during,omitempty" json:"during,omitempty"` // a probe that is sent again and again while the steps are taken
	Show   Signature `yaml:"show" json:"show"`                         // what must be seen afterwards
	// Planted is a change that replaces this demonstration's own, and under which the
	// statement must fail. It proves that the check can fail.
	Planted Delta `yaml:"planted" json:"planted"`
}

// Probe is a request that is sent to nginx, together with the answer that is healthy.
type Probe struct {
	trial.Probe `yaml:",inline"`
	Expect      Expect `yaml:"expect" json:"expect"`
}

// Expect is the answer that the client must get. Only the fields that are given are compared.
type Expect struct {
	// Status is the status of every answer; 9 stands for an HTTP/0.9 answer of nginx, which
	// has no status line.
	Status int `yaml:"status,omitempty" json:"status,omitempty"`
	// Statuses are the statuses of the answers of one round, in any order.
	Statuses []int  `yaml:"statuses,omitempty" json:"statuses,omitempty"`
	Body     string `yaml:"body,omitempty" json:"body,omitempty"` // a text that the body contains
	From     string `yaml:"from,omitempty" json:"from,omitempty"` // who wrote the answer: "backend" or "nginx"
	// Complete says whether all the bytes arrived that the framing announced.
	Complete *bool             `yaml:"complete,omitempty" json:"complete,omitempty"`
	Bytes    *int64            `yaml:"bytes,omitempty" json:"bytes,omitempty"`       // how many bytes of the body arrived
	Recorded int               `yaml:"recorded,omitempty" json:"recorded,omitempty"` // the status in nginx's access log
	AtLeast  protocol.Duration `yaml:"at_least,omitempty" json:"at_least,omitempty"` // the least time until the end of the answer
	// AtMost is the most time until the end of the answer. It tells two timeouts apart and is
	// never a speed limit.
	AtMost protocol.Duration `yaml:"at_most,omitempty" json:"at_most,omitempty"`
}

// Signature is how a state shows to an observer.
type Signature struct {
	Probes map[string]Expect `yaml:"probes,omitempty" json:"probes,omitempty"` // the answers, by the name of the probe
	// Log gives the lines of nginx's error log: every line must match one of these patterns,
	// and each pattern must match at least one line. If Log is empty, there must be no line of
	// level error or above.
	Log   []LogPattern `yaml:"log,omitempty" json:"log,omitempty"`
	Check *Check       `yaml:"check,omitempty" json:"check,omitempty"` // the result of the step "check" (nginx -t)
	// BackendLog lists expressions. Each of them must match a line that a backend logged
	// meanwhile.
	BackendLog []strict.Regexp `yaml:"backend_log,omitempty" json:"backend_log,omitempty"`
	// OOMKills is the least number of processes in the backend container that the kernel must
	// have killed meanwhile because of the memory limit. Only kills by the kernel count.
	OOMKills int `yaml:"oom_kills,omitempty" json:"oom_kills,omitempty"`
	// Output gives what commands must have printed. They are commands that are steps, or that
	// steps run by themselves.
	Output []Output `yaml:"output,omitempty" json:"output,omitempty"`
}

// Output is what one command must have printed.
type Output struct {
	Run   string        `yaml:"run" json:"run"`     // the command, word for word
	Match strict.Regexp `yaml:"match" json:"match"` // matches the output of the command
}

// LogPattern describes a line of nginx's error log.
type LogPattern struct {
	Level Levels `yaml:"level" json:"level"` // one of nginx's log levels, or several if versions of nginx differ
	// Match matches the message, which begins after the connection number and ends before
	// "client:".
	Match strict.Regexp `yaml:"match" json:"match"`
}

// Check is the result of `nginx -t`.
type Check struct {
	OK    bool          `yaml:"ok" json:"ok"`
	Match strict.Regexp `yaml:"match,omitempty" json:"match,omitzero"` // matches the output of nginx -t
}

// Levels is one log level or several.
type Levels []string

// DecodeNode reads a single level or a list.
func (l *Levels) DecodeNode(d *strict.Decoder, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		*l = Levels{n.Value}
		return
	}
	var list []string
	d.Decode(n, &list)
	*l = list
}
