package regress

import (
	"fmt"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/trial"
)

// Inconclusive is a cell, or a location, of which nobody can tell whether it behaves as it
// did. It is never a difference, and never written down.
type Inconclusive struct {
	Server   string   `json:"server"`
	Location string   `json:"location,omitempty"`
	Probe    string   `json:"probe,omitempty"`
	Fault    string   `json:"fault,omitempty"`
	At       string   `json:"at,omitempty"`
	Method   string   `json:"method,omitempty"`
	Why      string   `json:"why"`
	Heard    []string `json:"heard,omitempty"` // what each run saw; the first one ran beside others
	Says     string   `json:"says"`            // all of it, in one sentence
	File     string   `json:"file"`
	Line     int      `json:"line"`
}

// doubt is why an observation says nothing about the configuration; "" is no doubt.
type doubt struct {
	why  string
	slow bool // only because the machine was slow: what is as recorded is believed
}

// doubtful is what speaks against an observation.
func (c *Config) doubtful(t Target, id cellID, seen trial.Observation) doubt {
	if why := c.unmet(t, id, seen); why != "" {
		return doubt{why: why}
	}
	if seen.Stall >= trial.TooSlow {
		return tooSlow(seen)
	}
	return doubt{}
}

func tooSlow(seen trial.Observation) doubt {
	return doubt{fmt.Sprintf("the machine is too slow to tell: in each of %d runs a process waited for %s or more, %s in the last",
		tries, trial.TooSlow, seen.Stall.D().Round(time.Millisecond)), true}
}

// lostLocation says that nobody can tell whether a request gets to a location.
func (c *Config) lostLocation(l *deployment.Location, why string) Inconclusive {
	file, line := c.place(l, nil, "")
	return Inconclusive{
		Server: l.Server.Label(), Location: l.String(), Why: why, File: file, Line: line,
		Says: fmt.Sprintf("%s: inconclusive: no request got there: %s", l, why),
	}
}

// inconclusive says that nobody can tell how a cell behaves.
func (c *Config) inconclusive(t Target, id cellID, why string, heard []string) Inconclusive {
	file, line := c.place(t.Location, t.Pass, "")
	n := Inconclusive{
		Server: t.Location.Server.Label(), Location: t.Location.String(), Probe: t.Request(),
		Fault: id.Fault, At: id.At, Method: id.Method, Why: why, Heard: heard, File: file, Line: line,
	}
	n.Says = fmt.Sprintf("%s with %s: inconclusive: %s", n.Location, what(n.Fault, n.At, n.Method, n.Probe), why)
	if heard != nil {
		n.Says += ": " + strings.Join(heard, "; then ")
	}
	return n
}
