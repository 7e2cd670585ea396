// Package signature explains the lines of nginx's error log: it has one signature for each
// cause that can be recognized from a line. It reads no logs and proves nothing.
package signature

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/strict"
)

// Signature is a cause that can be recognized from a line of the error log.
type Signature struct {
	ID    string `yaml:"id" json:"id"`
	Title string `yaml:"title" json:"title"`
	// Match matches the message, without the part that says what nginx was doing. It uses
	// numbers and nginx's own words, but never the texts of a C library or of OpenSSL, which
	// vary.
	Match strict.Regexp `yaml:"match" json:"match"`
	// While lists what nginx must have been doing, as alternatives. The text "" means that the
	// line does not say it. If the list is empty, nginx may have been doing anything.
	While []string `yaml:"while,omitempty" json:"while,omitempty"`
	// General signatures count only if no other signature matches.
	General bool `yaml:"general,omitempty" json:"general,omitempty"`
	// Ambiguous lists other signatures that may match the same line.
	Ambiguous []string `yaml:"ambiguous,omitempty" json:"ambiguous,omitempty"`
	// Levels lists the levels at which nginx writes the line. They are not used for matching,
	// because a line is recognized by its text.
	Levels []Level `yaml:"levels" json:"levels"`
	Status string  `yaml:"status" json:"status"` // the status that the client got
	// Retried says whether nginx by default asks another server, whose answer the client then
	// gets.
	Retried    bool        `yaml:"retried,omitempty" json:"retried,omitempty"`
	Means      string      `yaml:"means" json:"means"`
	Apart      []string    `yaml:"apart,omitempty" json:"apart,omitempty"` // how to distinguish the causes behind this signature
	LookAlikes []LookAlike `yaml:"look_alikes" json:"lookAlikes"`

	Line strict.Line `yaml:"-" json:"-"`
	file string
}

// LookAlike is a signature that is easily mistaken for another, with the difference between
// them.
type LookAlike struct {
	ID   string `yaml:"id" json:"id"`
	Tell string `yaml:"tell" json:"tell"`
}

// Level is a level of the error log. If not all versions of nginx use it, it has the versions
// that do: "crit <1.31.0", "error >=1.31.0".
type Level struct {
	Name   string        `json:"level"`
	Since  nginx.Version `json:"since,omitempty"`  // the first version that uses it
	Before nginx.Version `json:"before,omitempty"` // the first version that no longer uses it
}

// UnmarshalText parses a level of a signatures file.
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
			return fmt.Errorf("%q is not a version of nginx such as 1.31.0", version)
		}
		return nil
	}
	if versions != "" {
		return fmt.Errorf("%q is not a level: write a name, or a name with versions as in \"crit <1.31.0\"", text)
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

// WrittenAt reports whether nginx writes the line at a level. If version is "", any version of
// nginx counts.
func (s Signature) WrittenAt(level, version string) bool {
	now, known := nginx.ParseVersion(version)
	return slices.ContainsFunc(s.Levels, func(l Level) bool {
		return l.Name == level && (!known || now.Within(l.Since, l.Before))
	})
}
