package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/aymanbagabas/go-udiff"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/scenario"
)

// Story is a scenario told: what is changed to break it, and what each fix changes.
type Story struct {
	SchemaVersion int               `json:"schemaVersion"`
	Scenario      scenario.Scenario `json:"scenario"`
	Config        string            `json:"config"`           // of the healthy stage
	Broken        *Change           `json:"broken,omitempty"` // against healthy
	Parts         []Change          `json:"parts"`            // fixes and wrong fixes against broken, demonstrations against healthy
	Evidence      *Evidence         `json:"evidence"`         // of the last run; null if there was none
	ShowHints     bool              `json:"-"`                // to a person
}

// Change is what a delta changes.
type Change struct {
	Kind     string   `json:"kind"` // "broken", "fix", "wrong fix", "demonstration"
	ID       string   `json:"id,omitempty"`
	Say      string   `json:"say,omitempty"`
	Diff     string   `json:"diff,omitempty"`     // of nginx's config and of a server's files, unified
	Backends []string `json:"backends,omitempty"` // "app: listen tcp://… -> tcp://…"
	Steps    []string `json:"steps,omitempty"`
}

// NewStory tells a scenario.
func NewStory(s scenario.Scenario, e *Evidence) Story {
	story := Story{SchemaVersion: output.SchemaVersion, Scenario: s, Config: s.Files[s.Healthy.Nginx], Parts: []Change{}, Evidence: e}
	if s.Broken != nil {
		broken := change(s, s.Healthy, *s.Broken, "broken", "", "")
		story.Broken = &broken
	}
	for _, f := range s.Fixes {
		story.Parts = append(story.Parts, change(s, s.BrokenStage(), f.Delta, "fix", f.ID, f.Say))
	}
	for _, f := range s.WrongFixes {
		story.Parts = append(story.Parts, change(s, s.BrokenStage(), f.Delta, "wrong fix", f.ID, f.Say))
	}
	for _, d := range s.Demonstrates {
		story.Parts = append(story.Parts, change(s, s.Healthy, d.Delta, "demonstration", d.ID, d.Say))
	}
	return story
}

func change(s scenario.Scenario, from scenario.Stage, d scenario.Delta, kind, id, say string) Change {
	to := from.With(d)
	c := Change{Kind: kind, ID: id, Say: say, Backends: backendChanges(from, to)}
	if from.Nginx != to.Nginx {
		c.Diff = udiff.Unified(from.Nginx, to.Nginx, s.Files[from.Nginx], s.Files[to.Nginx])
	}
	for _, name := range slices.Sorted(maps.Keys(to.Backends)) {
		before, after := from.Backends[name], to.Backends[name]
		for _, files := range [][2]string{{before.Config, after.Config}, {before.Application, after.Application}} {
			if files[0] != files[1] {
				c.Diff += udiff.Unified(files[0], files[1], s.Files[files[0]], s.Files[files[1]])
			}
		}
	}
	if from.User != to.User {
		c.Backends = append(c.Backends, fmt.Sprintf("user of nginx's workers: %s -> %s", given(from.User), given(to.User)))
	}
	if from.Memory != to.Memory {
		c.Backends = append(c.Backends, fmt.Sprintf("memory of the container: %s -> %s", amount(from.Memory), amount(to.Memory)))
	}
	for _, step := range d.Apply {
		c.Steps = append(c.Steps, step.String())
	}
	return c
}

func amount(b protocol.Bytes) string {
	if b == 0 {
		return "256m"
	}
	return b.String()
}

// backendChanges lists the fields that differ.
func backendChanges(from, to scenario.Stage) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(to.Backends)) {
		before, after := fields(from.Backends[name]), fields(to.Backends[name])
		names := maps.Clone(before)
		maps.Copy(names, after)
		for _, field := range slices.Sorted(maps.Keys(names)) {
			if before[field] != after[field] {
				list = append(list, fmt.Sprintf("%s: %s %s -> %s", name, field, given(before[field]), given(after[field])))
			}
		}
	}
	return list
}

// fields are a backend's given fields by their names in YAML, which JSON shares.
func fields(b protocol.Backend) map[string]string {
	text, err := json.Marshal(b)
	if err != nil {
		return nil // a backend is plain data; there is nothing to fail
	}
	values := map[string]any{}
	_ = json.Unmarshal(text, &values)
	result := map[string]string{}
	for name, value := range values {
		if nested, ok := value.(map[string]any); ok {
			for inner, v := range nested {
				result[name+"."+inner] = fmt.Sprint(v)
			}
			continue
		}
		result[name] = fmt.Sprint(value)
	}
	return result
}

func given(value string) string {
	if value == "" {
		return "(default)"
	}
	return value
}
