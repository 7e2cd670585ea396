package strict

import "go.yaml.in/yaml/v3"

// Words and Numbers are lists that are written as one value where they have one.
type (
	Words   []string
	Numbers []int
)

// MarshalYAML writes one value as itself.
func (w Words) MarshalYAML() (any, error) { return single(w), nil }

// MarshalYAML writes one value as itself.
func (n Numbers) MarshalYAML() (any, error) { return single(n), nil }

func single[T any](list []T) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// DecodeNode reads one value or a list of them.
func (w *Words) DecodeNode(d *Decoder, n *yaml.Node) { decodeList(d, n, (*[]string)(w)) }

// DecodeNode reads one value or a list of them.
func (n *Numbers) DecodeNode(d *Decoder, node *yaml.Node) { decodeList(d, node, (*[]int)(n)) }

// decodeList reads one value or a list of them.
func decodeList[T any](d *Decoder, n *yaml.Node, list *[]T) {
	if n.Kind == yaml.SequenceNode {
		d.Decode(n, list)
		return
	}
	*list = make([]T, 1)
	d.Decode(n, &(*list)[0])
}
