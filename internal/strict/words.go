package strict

import "go.yaml.in/yaml/v3"

// Words and Numbers are lists that may be written in YAML as a single value if they have only
// one element.
type (
	Words   []string
	Numbers []int
)

// MarshalYAML writes a list of one element as a single value.
func (w Words) MarshalYAML() (any, error) { return single(w), nil }

// MarshalYAML writes a list of one element as a single value.
func (n Numbers) MarshalYAML() (any, error) { return single(n), nil }

func single[T any](list []T) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// DecodeNode reads a single value or a list.
func (w *Words) DecodeNode(d *Decoder, n *yaml.Node) { decodeList(d, n, (*[]string)(w)) }

// DecodeNode reads a single value or a list.
func (n *Numbers) DecodeNode(d *Decoder, node *yaml.Node) { decodeList(d, node, (*[]int)(n)) }

func decodeList[T any](d *Decoder, n *yaml.Node, list *[]T) {
	if n.Kind == yaml.SequenceNode {
		d.Decode(n, list)
		return
	}
	*list = make([]T, 1)
	d.Decode(n, &(*list)[0])
}
