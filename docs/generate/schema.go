package main

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/gatewaylab/lab/fixtures/backends/fault"
	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/trial"
)

const (
	module    = "github.com/gatewaylab/lab"
	spanForm  = `^[0-9.]+(ms|s|m|h)([0-9.]+(ms|s|m))*$`
	bytesForm = `^[0-9]+[kKmMgG]?$`
)

// reflector describes Go types; the descriptions are the fields' comments.
func reflector(dirs ...string) (*jsonschema.Reflector, error) {
	r := &jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, ExpandedStruct: true, Mapper: mapType,
	}
	for _, dir := range dirs {
		if err := r.AddGoComments(module, dir); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// schemaJSON is the schema of scenario.yaml.
func schemaJSON() (string, error) {
	r, err := reflector("internal/scenario", "internal/trial", "fixtures/backends/protocol")
	if err != nil {
		return "", err
	}
	s := r.Reflect(&scenario.Scenario{})
	s.ID = ""
	s.Title = "A scenario of lab"
	s.Required = []string{"title", "tags", "healthy", "debrief"}
	version, _ := s.Properties.Get("version")
	version.Const = scenario.Version
	name, _ := s.Definitions["Backend"].Properties.Get("fault")
	for _, f := range fault.Table {
		name.Enum = append(name.Enum, f.Name)
	}
	servers, _ := s.Properties.Get("server")
	for _, name := range server.Names() {
		servers.Enum = append(servers.Enum, name)
	}
	// What YAML takes for numbers and lab for text: 502, 0660, 1.2.
	tags, _ := s.Properties.Get("tags")
	mode, _ := s.Definitions["Backend"].Properties.Get("mode")
	lowest, _ := s.Definitions["TLS"].Properties.Get("min")
	highest, _ := s.Definitions["TLS"].Properties.Get("max")
	for _, text := range []*jsonschema.Schema{tags.Items, mode, lowest, highest} {
		text.Type = ""
		text.OneOf = []*jsonschema.Schema{{Type: "string"}, {Type: "number"}}
	}
	return encode(s)
}

// claimsSchemaJSON is the schema of a file of claims about a guide.
func claimsSchemaJSON() (string, error) {
	r, err := reflector("internal/guide", "internal/scenario", "internal/trial", "fixtures/backends/protocol")
	if err != nil {
		return "", err
	}
	s := r.Reflect(&guide.Claims{})
	s.ID = ""
	s.Title = "Claims of lab about a guide"
	s.Required = []string{"guide", "claims"}
	s.Definitions["Claim"].Required = []string{"id", "at", "claim"}
	s.Definitions["Case"].Required = []string{"when", "scenario", "expect"}
	return encode(s)
}

func encode(s *jsonschema.Schema) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(s)
	return b.String(), err
}

// mapType gives the types that read themselves their YAML form.
func mapType(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[protocol.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: spanForm, Examples: []any{"300ms", "2s"}}
	case reflect.TypeFor[protocol.Bytes]():
		return &jsonschema.Schema{
			OneOf:    []*jsonschema.Schema{{Type: "integer"}, {Type: "string", Pattern: bytesForm}},
			Examples: []any{"64m"},
		}
	case reflect.TypeFor[strict.Regexp]():
		return &jsonschema.Schema{Type: "string", Format: "regex"}
	case reflect.TypeFor[scenario.Levels]():
		level := &jsonschema.Schema{Type: "string"}
		for _, name := range nginx.Levels {
			level.Enum = append(level.Enum, name)
		}
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{level, {Type: "array", Items: level}}}
	case reflect.TypeFor[trial.Step]():
		return stepSchema()
	}
	return nil
}

// stepSchema is a word, or a word with its object.
func stepSchema() *jsonschema.Schema {
	word := &jsonschema.Schema{Type: "string"}
	with := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
	one := uint64(1)
	with.MinProperties, with.MaxProperties = &one, &one
	for _, kind := range trial.Steps {
		if kind.Object == trial.NoObject || kind.Object == trial.AnyBackend {
			word.Enum = append(word.Enum, kind.Name)
		}
		if kind.Object != trial.NoObject {
			with.Properties.Set(kind.Name, &jsonschema.Schema{Description: kind.Doc})
		}
	}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{word, with}}
}
