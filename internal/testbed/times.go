package testbed

import (
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

// timeOrder counts a step's order.
func (r *live) timeOrder(o *request) {
	took := protocol.Duration(o.took)
	switch o.method {
	case protocol.MethodReload:
		r.times.Waits += min(took, protocol.ReloadLasts)
		r.times.Nginx += max(0, took-protocol.ReloadLasts)
	case protocol.MethodAwait:
		r.times.Waits += took
	case protocol.MethodRun:
		r.times.Servers += took
	case protocol.MethodBackend, protocol.MethodSignal, protocol.MethodFile:
		if r.real(o) {
			r.times.Servers += took
		} else {
			r.times.Backends += took
		}
		r.timeServerStart(o)
	default:
		r.times.Nginx += took
	}
}

// real reports whether an order is about a real server.
func (r *live) real(o *request) bool {
	switch p := o.params.(type) {
	case protocol.Launch:
		return p.Real()
	case protocol.Signal:
		return r.stage.Backends[p.Name].Real()
	}
	return false
}

// timeServerStart counts a real server's start that was waited for.
func (r *live) timeServerStart(o *request) {
	if l, ok := o.params.(protocol.Launch); ok && l.Real() && l.Boot == 0 {
		r.times.Started(protocol.Duration(o.took))
	}
}

// timeStart counts the start of a stage: nginx's, and of the backends', which start
// beside it, what took longer.
func (r *live) timeStart(nginx time.Duration, backends []*request) {
	r.times.Nginx += protocol.Duration(nginx)
	beside := nginx
	for _, o := range backends {
		hidden := min(beside, o.took)
		beside -= hidden
		if rest := protocol.Duration(o.took - hidden); r.real(o) {
			r.times.Servers += rest
		} else {
			r.times.Backends += rest
		}
		r.timeServerStart(o)
	}
}

// atOnce is how long an answer takes that waits for nothing; the shortest timer of
// nginx's or of a fault that waits is 200 ms.
const atOnce = protocol.Duration(50 * time.Millisecond)

// timeLook counts the slowest lane of each wave, which is what a wave takes.
func (r *live) timeLook(waves []protocol.Wave, answers [][]protocol.ProbeResult) {
	for i, wave := range waves {
		rest := answers[i]
		var waits, probes protocol.Duration
		for _, lane := range wave {
			var w, p protocol.Duration
			for _, answer := range rest[:len(lane)] {
				if answer.Took >= atOnce {
					w += answer.Took
				} else {
					p += answer.Took
				}
			}
			rest = rest[len(lane):]
			if w+p > waits+probes {
				waits, probes = w, p
			}
		}
		r.times.Waits += waits
		r.times.Probes += probes
	}
}
