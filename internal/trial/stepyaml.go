package trial

import (
	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/internal/strict"
)

// DecodeNode reads a step: a word ("reload") or a word with its object ("restart-backend:
// app").
func (s *Step) DecodeNode(d *strict.Decoder, n *yaml.Node) {
	object := (*yaml.Node)(nil)
	switch {
	case n.Kind == yaml.ScalarNode:
		s.Do = n.Value
	case n.Kind == yaml.MappingNode && len(n.Content) == 2:
		s.Do, object = n.Content[0].Value, n.Content[1]
	default:
		d.Mistake(n.Line, "a step is one word (reload) or one word with its object (restart-backend: app), not a %s", strict.KindName(n))
		return
	}
	kind, known := FindStep(s.Do)
	if !known {
		var names []string
		for _, k := range Steps {
			names = append(names, k.Name)
		}
		d.Mistake(n.Line, "unknown step %q%s", s.Do, strict.Suggest(s.Do, names))
		return
	}
	if object == nil {
		if kind.Object != NoObject && kind.Object != AnyBackend {
			d.Mistake(n.Line, "the step %q needs an object: write it as %s: …", s.Do, s.Do)
		}
		return
	}
	s.decodeObject(d, kind, object)
}

func (s *Step) decodeObject(d *strict.Decoder, kind StepKind, object *yaml.Node) {
	switch kind.Object {
	case NoObject:
		d.Mistake(object.Line, "the step %q takes no object", s.Do)
	case Time:
		d.Decode(object, &s.Wait)
	case FileMode:
		var o struct {
			Path string `yaml:"path"`
			Mode string `yaml:"mode"`
		}
		d.Decode(object, &o)
		s.Target, s.Mode = o.Path, o.Mode
	case FileOwner:
		var o struct {
			Path  string `yaml:"path"`
			Owner string `yaml:"owner"`
		}
		d.Decode(object, &o)
		s.Target, s.Owner = o.Path, o.Owner
	case Command:
		d.Decode(object, &s.Run)
	default:
		d.Decode(object, &s.Target)
	}
}
