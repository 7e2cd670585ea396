package regress

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/wholefile"
)

const fileHead = `# How this nginx configuration behaves when what is behind it fails, as lab recorded it.
# Written by "lab config record", compared by "lab config check". An entry can be turned
# into an expectation, expect: {status: 503, within: 2s, retried: false}, and differences
# that do not count can be listed under ignore:. Both, and probes:, survive a new record.
`

// Bytes is the behaviour as a file: the same behaviour is the same bytes.
func (b Behaviour) Bytes() ([]byte, error) {
	var node yaml.Node
	if err := node.Encode(b); err != nil {
		return nil, err
	}
	flowEntries(&node)
	var out bytes.Buffer
	out.WriteString(fileHead)
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(&node); err != nil {
		return nil, err
	}
	return out.Bytes(), e.Close()
}

// flowEntries puts each entry on a line of its own.
func flowEntries(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i].Value, n.Content[i+1]
			if (key == "faults" || key == "probes" || key == "ignore") && value.Kind == yaml.SequenceNode {
				for _, entry := range value.Content {
					entry.Style = yaml.FlowStyle
				}
				continue
			}
			flowEntries(value)
		}
		return
	}
	for _, child := range n.Content {
		flowEntries(child)
	}
}

// What bounds a behaviour file: bytes, and names and values.
const (
	maxBehaviour = 16 << 20
	maxValues    = 500_000
)

// ReadBehaviour reads a behaviour file. fs.ErrNotExist: there is none.
func ReadBehaviour(name string) (Behaviour, error) {
	var b Behaviour
	file, err := os.Open(name)
	if err != nil {
		return b, fmt.Errorf("reading the behaviour: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxBehaviour+1))
	if err == nil && len(text) > maxBehaviour {
		err = fmt.Errorf("it has more than %d MiB", maxBehaviour>>20)
	}
	if err != nil {
		return b, fmt.Errorf("reading the behaviour of %q: %w", name, err)
	}
	// Strictly: a mistyped expectation would never fail.
	if mistakes := strict.Decode(name, string(text), maxValues, &b); len(mistakes) > 0 {
		return b, mistakes
	}
	if b.Version != version {
		return b, fmt.Errorf("reading the behaviour of %q: version %d is not %d, which this lab writes: record it anew", name, b.Version, version)
	}
	return b, b.check(name)
}

// check finds what a person may have got wrong.
func (b Behaviour) check(name string) error {
	var wrong strict.Mistakes
	known := []string{None}
	for _, f := range Faults() {
		if !f.Kept {
			known = append(known, f.Name)
		}
	}
	for _, rule := range b.Ignore {
		for _, field := range rule.Fields {
			if !slices.Contains(fieldNames(), field) {
				wrong = append(wrong, strict.Mistake{File: name, Line: int(rule.Line), Text: fmt.Sprintf("ignore: no field %q%s; there are %s", field, strict.Suggest(field, fieldNames()), strings.Join(fieldNames(), ", "))})
			}
		}
		if rule.Fault != "" && !slices.ContainsFunc(known, func(f string) bool { return match(rule.Fault, f) }) {
			wrong = append(wrong, strict.Mistake{File: name, Line: int(rule.Line), Text: fmt.Sprintf("ignore: no fault %q%s; there are %s", rule.Fault, strict.Suggest(rule.Fault, known), strings.Join(known, ", "))})
		}
	}
	for _, p := range b.Probes {
		if !strings.HasPrefix(p.Path, "/") {
			wrong = append(wrong, strict.Mistake{File: name, Line: int(p.Line), Text: fmt.Sprintf("probes: the path %q of the location %q does not begin with /", p.Path, p.Location)})
		}
	}
	if wrong != nil {
		return wrong
	}
	return nil
}

func match(pattern, text string) bool {
	ok, err := filepath.Match(pattern, text)
	return pattern == "" || pattern == text || err == nil && ok
}

// Write writes the behaviour file; a reader sees the whole or what was there before.
func (b Behaviour) Write(name string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing the behaviour: %w", err)
		}
	}()
	text, err := b.Bytes()
	if err != nil {
		return err
	}
	return wholefile.WriteText(name, text)
}

// Missing reports whether an error says that there is no behaviour file.
func Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
