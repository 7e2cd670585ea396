package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/experiment"
)

// document is the JSON form of a report: the complete evidence.
type document struct {
	SchemaVersion int                 `json:"schemaVersion"`
	Lab           string              `json:"lab"`
	Started       time.Time           `json:"started"`
	Took          protocol.Duration   `json:"took"`
	Engine        documentEngine      `json:"engine"`
	Image         Image               `json:"image"`
	Servers       map[string]Image    `json:"servers,omitempty"`
	Nginx         protocol.NginxInfo  `json:"nginx"`
	Verdict       experiment.Verdict  `json:"verdict"`
	ExitCode      int                 `json:"exitCode"`
	Counts        Counts              `json:"counts"`
	Timings       *Timings            `json:"timings,omitempty"`
	Scenarios     []experiment.Result `json:"scenarios"`
}

type documentEngine struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	APIVersion  string `json:"apiVersion"`
	OS          string `json:"os"`
	Arch        string `json:"arch"`
	Cores       int    `json:"cores"`
	MemoryBytes int64  `json:"memoryBytes"`
	Cgroup      string `json:"cgroup"`
	Address     string `json:"address"`
}

func (r Report) document() document {
	return document{
		SchemaVersion: SchemaVersion, Lab: r.Lab, Started: r.Started.UTC(), Took: protocol.Duration(r.Took),
		Engine: documentEngine{r.Engine.Name, r.Engine.Version, r.Engine.APIVersion, r.Engine.OS, r.Engine.Arch,
			r.Engine.Cores, r.Engine.MemoryBytes, r.Engine.CgroupVersion, r.Engine.Address},
		Image: r.Image, Servers: r.Servers, Nginx: r.Nginx, Verdict: r.Verdict, ExitCode: r.ExitCode, Counts: r.Counts, Timings: r.Timings,
		Scenarios: append([]experiment.Result{}, r.Results...),
	}
}

// WriteJSON writes the complete evidence.
func (r Report) WriteJSON(w io.Writer) error { return WriteJSON(w, r.document()) }

// WriteYAML writes what WriteJSON writes.
func (r Report) WriteYAML(w io.Writer) error { return WriteYAML(w, r.document()) }

// WriteJSON writes a value as indented JSON.
func WriteJSON(w io.Writer, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, spellOut(string(text))+"\n")
	return err
}

// spellOut writes as \uXXXX what is obeyed and encoders leave as it is. It stands in
// strings only, and means the same in JSON as in YAML's double quotes.
func spellOut(text string) string {
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
	_, err = io.WriteString(w, spellOut(b.String()))
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
