package scenario

import (
	"maps"
	"reflect"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

// With returns the stage after a change. The fields that the delta gives replace those of the
// stage, and for each backend the fields that the delta gives replace the backend's. All other
// fields keep their values.
func (s Stage) With(d Delta) Stage {
	if d.Nginx != "" {
		s.Nginx = d.Nginx
	}
	if d.User != "" {
		s.User = d.User
	}
	if d.Memory != 0 {
		s.Memory = d.Memory
	}
	s.Backends = maps.Clone(s.Backends)
	for name, change := range d.Backends {
		if s.Backends == nil {
			s.Backends = map[string]protocol.Backend{}
		}
		s.Backends[name] = mergeBackend(s.Backends[name], change)
	}
	return s
}

// mergeBackend returns base with the fields that change gives. A change undoes a field by
// giving its neutral value, such as fault: none or running: true. A time cannot be undone,
// because 0s means "not given"; no fix needs that.
func mergeBackend(base, change protocol.Backend) protocol.Backend {
	from, to := reflect.ValueOf(change), reflect.ValueOf(&base).Elem()
	for i := range from.NumField() {
		if !from.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return base
}

// IsZero reports whether the delta changes nothing.
func (d Delta) IsZero() bool {
	return d.Nginx == "" && d.User == "" && d.Memory == 0 && len(d.Backends) == 0 && len(d.Apply) == 0
}

// BrokenStage returns the healthy stage with the fault added.
func (s Scenario) BrokenStage() Stage {
	if s.Broken == nil {
		return s.Healthy
	}
	return s.Healthy.With(*s.Broken)
}
