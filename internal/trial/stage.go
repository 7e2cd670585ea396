package trial

import "github.com/gatewaylab/lab/fixtures/backends/protocol"

// Stage is one complete state of the system under test.
type Stage struct {
	Nginx    string                      `yaml:"nginx" json:"nginx"`                       // a file beside scenario.yaml, included into nginx's http block
	User     string                      `yaml:"user,omitempty" json:"user,omitempty"`     // of nginx's workers; the image's own by default
	Backends map[string]protocol.Backend `yaml:"backends" json:"backends"`                 // by name
	Memory   protocol.Bytes              `yaml:"memory,omitempty" json:"memory,omitempty"` // limit of the backend container; 256m by default
}

// Probe is a request that is sent to nginx.
type Probe struct {
	Get  string `yaml:"get,omitempty" json:"get,omitempty"` // the path; one of get, head and post
	Head string `yaml:"head,omitempty" json:"head,omitempty"`
	Post string `yaml:"post,omitempty" json:"post,omitempty"`

	Headers  map[string]string `yaml:"headers,omitempty" json:"headers,omitempty"`
	Size     protocol.Bytes    `yaml:"size,omitempty" json:"size,omitempty"`         // of a generated request body
	Count    int               `yaml:"count,omitempty" json:"count,omitempty"`       // requests in a round, 1 by default
	Parallel bool              `yaml:"parallel,omitempty" json:"parallel,omitempty"` // send them at once instead of one after another
	Timeout  protocol.Duration `yaml:"timeout,omitempty" json:"timeout,omitempty"`   // of the client, 10s by default

	// Exactly is the request to the last detail but its id, in place of what stands above
	// Count: of trials that were not written by a person.
	Exactly *protocol.Probe `yaml:"-" json:"exactly,omitempty"`
}
