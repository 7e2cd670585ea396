// Package signature knows what nginx's error-log lines mean: one signature for each
// cause that a line can tell. It reads no log and proves nothing.
package signature

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/strict"
)

// Signature is one cause that a line can tell.
type Signature struct {
	ID    string `yaml:"id" json:"id"`
	Title string `yaml:"title" json:"title"`
	// Match is about the message, without what nginx was doing: numbers and nginx's own
	// words, never those of a C library or of OpenSSL, which change.
	Match strict.Regexp `yaml:"match" json:"match"`
	While []string      `yaml:"while,omitempty" json:"while,omitempty"` // what nginx was doing, one of these; "" is nothing said; none: whatever
	// General signatures count where no other one matches.
	General bool `yaml:"general,omitempty" json:"general,omitempty"`
	// Ambiguous are the others that may match the same line.
	Ambiguous  []string    `yaml:"ambiguous,omitempty" json:"ambiguous,omitempty"`
	Levels     []Level     `yaml:"levels" json:"levels"`                       // that nginx writes it at; they match nothing, since a line is known by its text
	Status     string      `yaml:"status" json:"status"`                       // what the client got
	Retried    bool        `yaml:"retried,omitempty" json:"retried,omitempty"` // by default another server is asked, and its answer is the client's
	Means      string      `yaml:"means" json:"means"`
	Apart      []string    `yaml:"apart,omitempty" json:"apart,omitempty"` // how to tell the causes behind this one apart
	LookAlikes []LookAlike `yaml:"look_alikes" json:"lookAlikes"`

	Line strict.Line `yaml:"-" json:"-"`
	file string
}

// LookAlike is a signature that is easily taken for another, and what tells it.
type LookAlike struct {
	ID   string `yaml:"id" json:"id"`
	Tell string `yaml:"tell" json:"tell"`
}

// Level is a level of the error log, with the nginx versions that write it, if not all:
// "crit <1.31.0", "error >=1.31.0".
type Level struct {
	Name   string        `json:"level"`
	Since  nginx.Version `json:"since,omitempty"`  // the first version
	Before nginx.Version `json:"before,omitempty"` // the first version that does not
}

// UnmarshalText reads a level as it is written in the signatures' files.
func (l *Level) UnmarshalText(text []byte) error {
	name, versions, _ := strings.Cut(string(text), " ")
	if !slices.Contains(nginx.Levels, name) {
		return fmt.Errorf("%q is not a log level of nginx%s", name, strict.Suggest(name, nginx.Levels))
	}
	l.Name = name
	for _, bound := range []struct {
		sign    string
		version *nginx.Version
	}{{">=", &l.Since}, {"<", &l.Before}} {
		version, ok := strings.CutPrefix(versions, bound.sign)
		if !ok {
			continue
		}
		if *bound.version, ok = nginx.ParseVersion(version); !ok {
			return fmt.Errorf("%q is not a version of nginx, such as 1.31.0", version)
		}
		return nil
	}
	if versions != "" {
		return fmt.Errorf("%q: a level is a name, or one with versions, as in \"crit <1.31.0\"", text)
	}
	return nil
}

func (l Level) String() string {
	switch {
	case l.Since != nil:
		return l.Name + " since nginx " + l.Since.String()
	case l.Before != nil:
		return l.Name + " before nginx " + l.Before.String()
	}
	return l.Name
}

// WrittenAt reports whether nginx writes the line at a level; version "" is any.
func (s Signature) WrittenAt(level, version string) bool {
	now, known := nginx.ParseVersion(version)
	return slices.ContainsFunc(s.Levels, func(l Level) bool {
		return l.Name == level && (!known || now.Within(l.Since, l.Before))
	})
}
