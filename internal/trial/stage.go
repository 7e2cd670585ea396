package trial

import "github.com/gatewaylab/lab/fixtures/backends/protocol"

// Stage is one complete state of the system under test.
type Stage struct {
	// Nginx is the name of a file beside scenario.yaml. It is included in nginx's http block.
	Nginx string `yaml:"nginx" json:"nginx"`
	// User is the user of nginx's workers; by default the one in the image.
	User     string                      `yaml:"user,omitempty" json:"user,omitempty"`
	Backends map[string]protocol.Backend `yaml:"backends" json:"backends"` // the backends, by name
	// Memory is the memory limit of the backend container, 256m by default.
	Memory protocol.Bytes `yaml:"memory,omitempty" json:"memory,omitempty"`
}

// Probe is a request that is sent to nginx.
type Probe struct {
	Get  string `yaml:"get,omitempty" json:"get,omitempty"` // the path; a probe has exactly one of get, head and post
	Head string `yaml:"head,omitempty" json:"head,omitempty"`
	Post string `yaml:"post,omitempty" json:"post,omitempty"`

	Headers map[string]string `yaml:"headers,omitempty" json:"headers,omitempty"`
	Size    protocol.Bytes    `yaml:"size,omitempty" json:"size,omitempty"`   // the size of a generated request body
	Count   int               `yaml:"count,omitempty" json:"count,omitempty"` // the number of requests in a round, 1 by default
	// Parallel says whether the requests are sent at once instead of one after another.
	Parallel bool              `yaml:"parallel,omitempty" json:"parallel,omitempty"`
	Timeout  protocol.Duration `yaml:"timeout,omitempty" json:"timeout,omitempty"` // the client's timeout, 10s by default

	// Exactly is the complete request, except for its id. It replaces all fields above Count
	// in trials that no person has written.
	Exactly *protocol.Probe `yaml:"-" json:"exactly,omitempty"`
}
