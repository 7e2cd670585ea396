package trial

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

// Step is one action of an operator. In YAML it is a word (check, reload) or a word with its
// object (restart-backend: app).
type Step struct {
	Do     string            // the name of a step in Steps
	Target string            // the name of a backend or a path; "" means every backend
	Wait   protocol.Duration // the time that the step wait waits
	Mode   string            // the octal mode that the step chmod sets
	Owner  string            // the owner that the step chown sets: nginx, root or UID:GID
	Run    string            // the command that the step run runs
}

// Kind is the kind of object that a step takes.
type Kind int

const (
	NoObject   Kind = iota
	AnyBackend      // the name of a backend, or nothing for all of them
	Time            // a time span
	FileMode        // {path, mode}
	FileOwner       // {path, owner}
	Path            // a path in the folder of the sockets
	Command         // a command and its arguments, separated by white space
)

// StepKind is one row of the table Steps.
type StepKind struct {
	Name    string
	Object  Kind
	Doc     string // what an operator would type
	Nginx   bool   // whether the step puts a changed nginx configuration into effect
	Backend bool   // whether the step puts a changed backend into effect
}

// Steps lists every kind of step.
var Steps = []StepKind{
	{"check", NoObject, "nginx -t", false, false},
	{"reload", NoObject, "nginx -s reload, and wait until the old workers are gone", true, false},
	{"restart-nginx", NoObject, "systemctl restart nginx", true, false},
	{"stop-nginx", NoObject, "systemctl stop nginx", false, false},
	{"start-nginx", NoObject, "systemctl start nginx", true, false},
	{
		"restart-backend",
		AnyBackend,
		"systemctl restart app (it does not wait until the app listens if the app has a boot time)",
		false,
		true,
	},
	{"start-backend", AnyBackend, "systemctl start app", false, true},
	{"stop-backend", AnyBackend, "systemctl stop app (SIGTERM, and wait until it is gone)", false, false},
	{"kill-backend", AnyBackend, "kill -9 of the app", false, false},
	{"await-backend", AnyBackend, "wait until the app listens", false, false},
	{"update-container", NoObject, "docker update --memory, for the backend container", false, false},
	{"pause-container", NoObject, "docker pause, for the backend container", false, false},
	{"unpause-container", NoObject, "docker unpause, for the backend container", false, false},
	{"wait", Time, "sleep", false, false},
	{"chmod", FileMode, "chmod MODE PATH, in the backend container", false, false},
	{"chown", FileOwner, "chown OWNER PATH, in the backend container", false, false},
	{"remove", Path, "rm PATH, in the backend container", false, false},
	{"run", Command, "the command itself, in the container of the scenario's server; it is run without a shell", false, false},
}

// FindStep returns the kind of step that has this name.
func FindStep(name string) (StepKind, bool) {
	for _, s := range Steps {
		if s.Name == name {
			return s, true
		}
	}
	return StepKind{}, false
}

// String writes the step on one line, such as "restart-backend app" or "chmod 0660
// /lab/run/app.sock". The part that may contain spaces comes last, so that parseStep can read
// the step back.
func (s Step) String() string {
	switch kind, _ := FindStep(s.Do); kind.Object {
	case Time:
		return fmt.Sprintf("%s %s", s.Do, s.Wait)
	case FileMode:
		return fmt.Sprintf("%s %s %s", s.Do, s.Mode, s.Target)
	case FileOwner:
		return fmt.Sprintf("%s %s %s", s.Do, s.Owner, s.Target)
	case Command:
		return s.Do + " " + s.Run
	}
	if s.Target != "" {
		return s.Do + " " + s.Target
	}
	return s.Do
}

// parseStep reads a step that String wrote.
func parseStep(text string) (s Step, err error) {
	var object string
	s.Do, object, _ = strings.Cut(text, " ")
	switch kind, _ := FindStep(s.Do); kind.Object {
	case Time:
		s.Wait, err = protocol.ParseDuration(object)
	case FileMode:
		s.Mode, s.Target, _ = strings.Cut(object, " ")
	case FileOwner:
		s.Owner, s.Target, _ = strings.Cut(object, " ")
	case Command:
		s.Run = object
	default:
		s.Target = object
	}
	return s, err
}

// MarshalJSON writes the step as a string with one line.
func (s Step) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads a step that MarshalJSON wrote, so that reports can be merged.
func (s *Step) UnmarshalJSON(text []byte) error {
	var line string
	if err := json.Unmarshal(text, &line); err != nil {
		return fmt.Errorf("reading a step: %w", err)
	}
	step, err := parseStep(line)
	if err != nil {
		return fmt.Errorf("reading the step %q: %w", line, err)
	}
	*s = step
	return nil
}
