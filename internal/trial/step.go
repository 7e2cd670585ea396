package trial

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

// Step is one thing that an operator does. In YAML it is a word (check, reload)
// or one word with its object (restart-backend: app).
type Step struct {
	Do     string            // a name of Steps
	Target string            // a backend's name or a path; "" means every backend
	Wait   protocol.Duration // of the step wait
	Mode   string            // of the step chmod, octal
	Owner  string            // of the step chown: nginx, root or UID:GID
	Run    string            // of the step run: a command
}

// Kind says what object a step takes.
type Kind int

// What a step's object can be.
const (
	NoObject   Kind = iota
	AnyBackend      // a backend's name, or none for all of them
	Time            // a time span
	FileMode        // {path, mode}
	FileOwner       // {path, owner}
	Path            // a path in the sockets' folder
	Command         // a command and its arguments, separated by blanks
)

// StepKind is one row of the table of steps.
type StepKind struct {
	Name    string
	Object  Kind
	Doc     string // what the operator would type
	Nginx   bool   // takes a changed nginx config into use
	Backend bool   // takes a changed backend into use
}

// Steps is every step there is.
var Steps = []StepKind{
	{"check", NoObject, "nginx -t", false, false},
	{"reload", NoObject, "nginx -s reload, and wait until the old workers are gone", true, false},
	{"restart-nginx", NoObject, "systemctl restart nginx", true, false},
	{"stop-nginx", NoObject, "systemctl stop nginx", false, false},
	{"start-nginx", NoObject, "systemctl start nginx", true, false},
	{"restart-backend", AnyBackend, "systemctl restart app, without waiting until it listens if it has a boot time", false, true},
	{"start-backend", AnyBackend, "systemctl start app", false, true},
	{"stop-backend", AnyBackend, "systemctl stop app (SIGTERM, and wait until it is gone)", false, false},
	{"kill-backend", AnyBackend, "kill -9 of the app", false, false},
	{"await-backend", AnyBackend, "wait until the app listens", false, false},
	{"update-container", NoObject, "docker update --memory of the backend container", false, false},
	{"pause-container", NoObject, "docker pause of the backend container", false, false},
	{"unpause-container", NoObject, "docker unpause of the backend container", false, false},
	{"wait", Time, "sleep", false, false},
	{"chmod", FileMode, "chmod MODE PATH, in the backend container", false, false},
	{"chown", FileOwner, "chown OWNER PATH, in the backend container", false, false},
	{"remove", Path, "rm PATH, in the backend container", false, false},
	{"run", Command, "the command, in the container of a scenario's server; no shell reads it", false, false},
}

// FindStep looks a step up by name.
func FindStep(name string) (StepKind, bool) {
	for _, s := range Steps {
		if s.Name == name {
			return s, true
		}
	}
	return StepKind{}, false
}

// String is the step on one line: "restart-backend app", "chmod 0660 /lab/run/app.sock".
// What may hold blanks stands last, so that the step can be read back.
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

// parseStep reads what String writes.
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

// MarshalJSON writes the step on one line.
func (s Step) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads the step back, so that reports can be merged.
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
