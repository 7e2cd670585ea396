package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
		Image: r.Image, Nginx: r.Nginx, Verdict: r.Verdict, ExitCode: r.ExitCode, Counts: r.Counts, Timings: r.Timings,
		Scenarios: append([]experiment.Result{}, r.Results...),
	}
}

// WriteJSON writes the complete evidence.
func (r Report) WriteJSON(w io.Writer) error { return WriteJSON(w, r.document()) }

// WriteYAML writes what WriteJSON writes.
func (r Report) WriteYAML(w io.Writer) error { return WriteYAML(w, r.document()) }

// WriteJSON writes a value as indented JSON.
func WriteJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// WriteYAML writes a value's JSON form as YAML, fields in the same order: one
// definition of names for both.
func WriteYAML(w io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var node yaml.Node
	// JSON is YAML; reading it as such keeps the order that a map would lose.
	if err := yaml.Unmarshal(text, &node); err != nil {
		return fmt.Errorf("turning JSON into YAML: %w", err)
	}
	block(&node)
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(&node); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// block takes JSON's brackets and quotes away; what needs quotes gets them back.
func block(n *yaml.Node) {
	n.Style = 0
	for _, child := range n.Content {
		block(child)
	}
}
