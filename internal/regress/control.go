package regress

import (
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// A cell has a positive control: something other than the answers must show that the
// fault was there and that the requests of the trial met it. Otherwise what was seen is how
// nginx behaves with a healthy upstream, and looks like an excellent configuration.
//
// The trial's processes are fresh and get the trial's requests only, so that what they
// count was met by these requests.

// unmet says why a fault may not have been met; "" if it was.
func (c *Config) unmet(t Target, id cellID, seen trial.Observation) string {
	f := faultNamed(id.Fault)
	if f.met == nil || f.met(t.faulty(id), seen) || passedNothing(seen) {
		return ""
	}
	return unmetFault + f.unmet
}

// unmetFault begins the reason why a cell without a control is inconclusive.
const unmetFault = "no request met the fault: "

// played reports whether one of these stand-ins says that its fault was met.
func played(faulty []*peer, seen trial.Observation) bool {
	for _, b := range seen.Backends {
		for _, p := range faulty {
			if b.Played[p.id] > 0 {
				return true
			}
		}
	}
	return false
}

// failedToConnect is the control of faults of which no backend knows, because it accepts
// no connection: nginx says that it tried to connect there and could not.
func failedToConnect(faulty []*peer, seen trial.Observation) bool {
	return logs(seen, func(entry string) bool {
		return strings.Contains(entry, "while connecting to upstream") && slices.ContainsFunc(faulty, func(p *peer) bool {
			return strings.Contains(entry, p.address)
		})
	})
}

// unresolved is the control of faults of name servers: nginx says that it has no address,
// because the name does not exist (3) or because nobody answered (110).
func unresolved(code string) func([]*peer, trial.Observation) bool {
	return func(_ []*peer, seen trial.Observation) bool {
		return logs(seen, func(entry string) bool { return strings.Contains(entry, "could not be resolved ("+code+":") })
	}
}

// dead is the control of a fault for which the stand-ins are killed: their process is gone.
func dead(_ []*peer, seen trial.Observation) bool {
	return slices.ContainsFunc(seen.Backends, func(b protocol.BackendStatus) bool {
		return b.Name == protocol.StandIns && !b.Running
	})
}

func logs(seen trial.Observation, says func(string) bool) bool {
	for _, phase := range seen.Phases {
		for _, entry := range phase.Log {
			if says(entry.Raw) {
				return true
			}
		}
	}
	return false
}

// passedNothing reports whether nginx says of each request that it passed it to nobody:
// then that is what the configuration does, whatever is behind it. A POST may be refused,
// for example, and an answer may come from a file. So it is with a healthy upstream, for
// which there is no more to know.
func passedNothing(seen trial.Observation) bool {
	answers := seen.Phases[len(seen.Phases)-1].Answers
	for _, a := range answers {
		if a.Access == nil || len(attempts(a.Access.UpstreamAddr)) > 0 {
			return false
		}
	}
	return len(answers) > 0
}
