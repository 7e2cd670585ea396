package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// SchemaVersion is the version of the JSON and YAML forms. Adding a field does not
// change it. In version 2 an image has an "origin", which was its "road", and the counts
// of a run have "hearings", which replace "retried".
const SchemaVersion = 2

// WriteJSON writes a value as indented JSON.
func WriteJSON(w io.Writer, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, SpellOut(string(text))+"\n")
	return err
}

// SpellOut writes as \uXXXX what is obeyed and encoders leave as it is. It stands in
// strings only, and means the same in JSON as in YAML's double quotes.
func SpellOut(text string) string {
	if !strings.ContainsFunc(text, obeyed) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if obeyed(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// WriteYAML writes a value's JSON form as YAML, fields in the same order: one
// definition of names for both.
func WriteYAML(w io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	// Through JSON's tokens and not as YAML, which JSON almost is: a name of more than
	// 1024 characters, as a hostile header's, is not read there.
	tokens := json.NewDecoder(bytes.NewReader(text))
	tokens.UseNumber()
	node, err := yamlOf(tokens)
	if err != nil {
		return fmt.Errorf("turning JSON into YAML: %w", err)
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return err
	}
	_, err = io.WriteString(w, SpellOut(b.String()))
	return err
}

// yamlOf turns the next value into YAML, in the order of its fields.
func yamlOf(tokens *json.Decoder) (*yaml.Node, error) {
	token, err := tokens.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if t == '{' {
			n.Kind = yaml.MappingNode
		}
		for tokens.More() { // names and values come in turn
			child, err := yamlOf(tokens)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		_, err = tokens.Token() // the closing one
		return n, err
	case string:
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: t}
		if strings.ContainsFunc(t, obeyed) {
			n.Style = yaml.DoubleQuotedStyle
		}
		return n, nil
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(token)}, nil // a number, or true or false
}

// AppendText appends a string of JSON. Quotes are frequent in logs, and all else that
// is not plain is left to encoding/json.
func AppendText(out []byte, s string) []byte {
	begin := len(out)
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			out = append(out, '\\', '"')
		case c < ' ' || c >= 0x7f || c == '\\' || c == '<' || c == '>' || c == '&':
			quoted, err := json.Marshal(s)
			if err != nil {
				return append(out[:begin], `""`...) // a string; there is nothing to fail
			}
			return append(out[:begin], SpellOut(string(quoted))...)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
