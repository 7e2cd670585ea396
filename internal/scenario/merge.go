package scenario

import (
	"maps"
	"reflect"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

// With returns the stage after the change: fields that the delta gives replace
// the stage's, backend by backend; the rest stays.
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

// mergeBackend overlays the fields that change gives. A field is taken back by
// giving its neutral value: fault: none, running: true. A time cannot be taken
// back, since 0s reads as "not given"; no fix needs it.
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

// BrokenStage is the stage after the fault.
func (s Scenario) BrokenStage() Stage {
	if s.Broken == nil {
		return s.Healthy
	}
	return s.Healthy.With(*s.Broken)
}
