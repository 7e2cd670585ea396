package regress

import (
	"slices"
	"strings"
	"sync"

	"github.com/gatewaylab/lab/fixtures/backends/fault"
	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/trial"
)

// Fault is one way in which what is behind nginx fails. Most are cases of what a backend
// can show, which package fault has; the others are done to what is around the backends.
type Fault struct {
	fault.Case
	fits func(Target) bool // whether a target's upstream can have it, and it makes sense
	// set makes a backend show it; nil: no backend does.
	set func(*protocol.Backend)
	// arrange changes more of the trial; nil: nothing.
	arrange func(Target, *trial.Trial)
	// met is the positive control: whether a trial shows that its requests met the fault at
	// one of these servers. unmet says what is missing if not. nil: a healthy upstream.
	met   func([]*peer, trial.Observation) bool
	unmet string
	// decides is the settings that decide how nginx answers, beside those of the stage.
	decides []string
}

// Faults lists every fault of the matrix, in the order of its rows.
var Faults = sync.OnceValue(func() []Fault {
	var all []Fault
	for _, c := range fault.Cases() {
		all = append(all, ofBackends(c))
	}
	return append(all, nameUnknown, nameSilent, refuseStale)
})

// ofBackends is a fault that backends show.
func ofBackends(of fault.Tried) Fault {
	f := Fault{Case: of.Case}
	f.fits = func(t Target) bool {
		return len(t.Peers) > 0 && of.Fits(t.Peers[0].listen, t.Peers[0].protocol) && (!of.Kept || t.keeps())
	}
	f.set = func(b *protocol.Backend) {
		shows := of.Backend
		shows.Listen, shows.Protocol, shows.Mode = b.Listen, b.Protocol, b.Mode
		*b = shows
	}
	f.met, f.unmet = played, "the stand-in did not show it to anybody"
	if !of.Fault.Accepts() {
		f.met, f.unmet = failedToConnect, "nginx does not say that it could not connect"
	}
	if of.Kept {
		f.arrange = func(_ Target, what *trial.Trial) {
			// A little longer than the backend waits, so that it has closed the connection.
			idle := trial.Step{Do: "wait", Wait: of.Backend.Delay + protocol.Duration(idleMargin)}
			what.Phases = append(what.Phases, trial.Phase{Name: "idle", Rounds: 1, Stage: what.Start, Apply: []trial.Step{idle}})
		}
	}
	return f
}

// None is the healthy upstream.
const None = "none"

// faultNamed finds a fault; none of that name is one that does nothing.
func faultNamed(name string) Fault {
	for _, f := range Faults() {
		if f.Name == name {
			return f
		}
	}
	say := name
	if name == None {
		say = "a healthy upstream"
	}
	return Fault{Case: fault.Case{Name: name, Say: say}}
}

// Say completes "/api with …" for a fault's name.
func Say(name string) string { return faultNamed(name).Say }

// The positions of a fault among the servers of an upstream; "" is all that take turns.
const (
	one     = "one server"
	first   = "first attempt"
	backups = "also the backups"
)

// cellID is one cell of the matrix.
type cellID struct {
	Fault  string
	At     string
	Method string // "": as the target's
}

// cells is the cells of a target's row.
func (t Target) cells() []cellID {
	ids := []cellID{{Fault: None}}
	for _, f := range Faults() {
		if f.Kept || !f.fits(t) {
			continue
		}
		ids = append(ids, cellID{Fault: f.Name})
		if f.Backups && len(t.Backups) > 0 {
			ids = append(ids, cellID{Fault: f.Name, At: backups})
		}
		if len(t.Peers)+len(t.Backups) < 2 || t.First == nil {
			continue
		}
		if f.OneServer {
			ids = append(ids, cellID{Fault: f.Name, At: one})
			if f.Post && t.Probe.Method == "GET" {
				ids = append(ids, cellID{Fault: f.Name, At: one, Method: "POST"})
			}
		}
		if f.FirstAttempt {
			ids = append(ids, cellID{Fault: f.Name, At: first})
		}
	}
	return ids
}

// has reports whether a cell can be had of a target, in the matrix or for advice.
func (t Target) has(id cellID) bool {
	f := faultNamed(id.Fault)
	return slices.Contains(t.cells(), id) || f.Kept && f.fits(t)
}

// keeps reports whether nginx keeps connections to the target's upstream.
func (t Target) keeps() bool {
	if t.Pass == nil || t.Pass.Upstream == nil || t.Pass.Upstream.D == nil || t.Pass.Family.Name != "proxy" || t.Probe.Method != "GET" {
		return false
	}
	return slices.ContainsFunc(t.Pass.Upstream.D.Block, func(d *nginx.Directive) bool { return d.Is("keepalive") })
}

// faulty is the servers that fail in a cell.
func (t Target) faulty(id cellID) []*peer {
	switch id.At {
	case one:
		return []*peer{t.First}
	case backups:
		return slices.Concat(t.Peers, t.Backups)
	}
	return t.Peers
}

// named reports whether the target's first server is known by a name.
func (t Target) named() bool {
	return len(t.Peers) > 0 && !strings.HasPrefix(t.Peers[0].name, t.Peers[0].address)
}
