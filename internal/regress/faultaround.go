package regress

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/fault"
	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/trial"
)

// The faults that no backend shows by itself.

var nameUnknown = Fault{
	Case: fault.Case{Name: "name-unknown", Say: "an upstream whose name does not exist", Stage: fault.Resolving},
	fits: looksUp, met: unresolved("3"), unmet: "nginx does not say that the name does not exist",
	arrange: func(t Target, what *trial.Trial) {
		what.Deployment.Names.Unknown = []string{hostOf(t.Peers[0])}
	},
}

var nameSilent = Fault{
	Case: fault.Case{Name: "name-silent", Say: "a name server that says nothing", Stage: fault.Resolving, Waits: true},
	fits: looksUp, met: unresolved("110"), unmet: "nginx does not say that the name server is silent",
	arrange: func(t Target, what *trial.Trial) {
		what.Deployment.Names.Silent = []string{hostOf(t.Peers[0])}
	},
}

// looksUp reports whether nginx asks for the name of a target's server as requests come.
func looksUp(t Target) bool { return t.Runtime && t.named() }

func hostOf(p *peer) string {
	host, _, _ := strings.Cut(p.name, ":")
	return host
}

// How long a cached answer is good, in seconds, and how long it takes until it is too old:
// nginx counts whole seconds.
const (
	staleAfter = "1"
	untilStale = 2200 * time.Millisecond
)

var refuseStale = Fault{
	Case: fault.Case{
		Name: "refuse-stale", Say: "an upstream that refuses connections when the cached answer is too old",
		Stage: fault.Answering, Waits: true,
	},
	decides: []string{"*_cache_use_stale", "*_cache"},
	met:     dead, unmet: "the stand-ins were still running",
	fits: func(t Target) bool { return len(t.Peers) > 0 && t.cached() },
	arrange: func(_ Target, what *trial.Trial) {
		what.Deployment.Headers = maps.Clone(what.Deployment.Headers)
		what.Deployment.Headers["X-Accel-Expires"] = staleAfter
		what.Phases = append(what.Phases, trial.Phase{
			Name: "stale", Rounds: 1, Stage: what.Start,
			Apply: []trial.Step{{Do: "kill-backend", Target: protocol.StandIns}, {Do: "wait", Wait: protocol.Duration(untilStale)}},
		})
	},
}

// cached reports whether the location's answers go into a cache.
func (t Target) cached() bool {
	if t.Pass == nil || t.Probe.Method != http.MethodGet {
		return false
	}
	d := deployment.Effective(t.Pass.Parent, t.Pass.Family.Name+"_cache")
	return d != nil && d.Arg(0) != "off"
}

// idleMargin is how much longer than a backend keeps an idle connection a trial waits.
const idleMargin = 200 * time.Millisecond
