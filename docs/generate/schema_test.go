package main

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/guides"
	"github.com/gatewaylab/lab/scenarios"
)

func compiled(t *testing.T, made func() (string, error)) *jsonschema.Schema {
	t.Helper()
	if err := toRoot(); err != nil {
		t.Fatal(err)
	}
	text, err := made()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("scenario.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("scenario.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// An editor must not underline what lab accepts.
func TestSchemasAcceptWhatIsThere(t *testing.T) {
	accepts(t, compiled(t, schemaJSON), scenarios.FS, "*/scenario.yaml")
	accepts(t, compiled(t, claimsSchemaJSON), guides.FS, "*.yaml")
}

func accepts(t *testing.T, schema *jsonschema.Schema, from fs.FS, pattern string) {
	t.Helper()
	files, err := fs.Glob(from, pattern)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(from, file)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := yaml.Unmarshal(text, &value); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// And it must underline what lab refuses.
func TestSchemaRefuses(t *testing.T) {
	schema := compiled(t, schemaJSON)
	text, err := scenarios.FS.ReadFile("wrong-port/scenario.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ old, new string }{
		{"symptom:", "symptoms:"},
		{"title:", "titel:"},
		{"level: error", "level: eror"},
		{"restart-backend", "restart-everything"},
		{"listen:", "listens:"},
		{"title:", "version: 2\ntitle:"},
	} {
		wrong := strings.Replace(string(text), row.old, row.new, 1)
		if wrong == string(text) {
			t.Fatalf("%q is not in the scenario", row.old)
		}
		var value any
		if err := yaml.Unmarshal([]byte(wrong), &value); err != nil {
			t.Fatal(err)
		}
		if schema.Validate(value) == nil {
			t.Errorf("accepted %q", row.new)
		}
	}
}
