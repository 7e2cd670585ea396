package strict

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Decoder fills Go values from the YAML nodes of one file and collects the mistakes it finds.
// yaml.v3 has a decoder of its own, but it stops at the first value that an UnmarshalText
// refuses, and does not give the line of that value. An author wants to see every mistake of a
// file at once.
type Decoder struct {
	file      string
	maxValues int    // the most names and values that the file may have
	empty     string // is appended to the message about an empty file
	mistakes  Mistakes
}

// NewDecoder returns a decoder for a file that may have at most maxValues names and values.
// The text empty is appended to the message about an empty file and says what to do about it;
// it may be "".
func NewDecoder(file string, maxValues int, empty string) *Decoder {
	return &Decoder{file: file, maxValues: maxValues, empty: empty}
}

// Decode reads a YAML file into the struct that into points to. The file may have at most
// maxValues names and values. Decode returns every mistake; unknown fields, values of the
// wrong kind and aliases count as mistakes.
func Decode(file, text string, maxValues int, into any) Mistakes {
	d := NewDecoder(file, maxValues, "")
	if root := d.Parse(text); root != nil {
		d.Decode(root, into)
	}
	return d.mistakes
}

// Line is the line of the file on which a value begins. Decode sets every struct field that
// has this type and the tag `yaml:"-"`.
type Line int

// These limits exist because nobody reads more than this, and a file of one kilobyte can have
// a thousand mistakes.
const (
	MaxMistakes = 50   // per file
	MaxText     = 1000 // bytes in the text of one mistake
)

// Mistake records a mistake at a line of the file. Line 0 means the file as a whole.
func (d *Decoder) Mistake(line int, format string, args ...any) {
	switch text := fmt.Sprintf(format, args...); {
	case d.Full():
	case len(d.mistakes) == MaxMistakes:
		d.mistakes = append(
			d.mistakes,
			Mistake{d.file, 1, fmt.Sprintf("more than %d mistakes; the rest are not shown: correct these first", MaxMistakes)},
		)
	case len(text) > MaxText:
		d.mistakes = append(d.mistakes, Mistake{d.file, line, strings.ToValidUTF8(text[:MaxText], "") + " …"})
	default:
		d.mistakes = append(d.mistakes, Mistake{d.file, line, text})
	}
}

// Add records a mistake that was found in another file.
func (d *Decoder) Add(m Mistake) { d.mistakes = append(d.mistakes, m) }

// Mistakes returns the mistakes found so far.
func (d *Decoder) Mistakes() Mistakes { return d.mistakes }

// Full reports whether the limit is reached, so that further mistakes are dropped.
func (d *Decoder) Full() bool { return len(d.mistakes) > MaxMistakes }

// NodeDecoder is a value that decodes itself from a YAML node.
type NodeDecoder interface {
	DecodeNode(d *Decoder, n *yaml.Node)
}

// Decode fills the value that into points to from a YAML node.
func (d *Decoder) Decode(n *yaml.Node, into any) { d.value(n, reflect.ValueOf(into).Elem()) }

func (d *Decoder) value(n *yaml.Node, v reflect.Value) {
	if n.Kind == yaml.AliasNode {
		// A small file can expand to a huge one through aliases ("billion laughs"). The files
		// that this package reads are short, so authors can write the values out.
		d.Mistake(n.Line, "aliases (*%s) are not supported: write the value out", n.Value)
		return
	}
	if v.CanAddr() {
		switch custom := v.Addr().Interface().(type) {
		case NodeDecoder:
			custom.DecodeNode(d, n)
			return
		case encoding.TextUnmarshaler:
			if n.Kind != yaml.ScalarNode {
				d.Mistake(n.Line, "expected a single value here, not a %s", KindName(n))
			} else if err := custom.UnmarshalText([]byte(n.Value)); err != nil {
				d.Mistake(n.Line, "%v", err)
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.value(n, v.Elem())
	case reflect.Struct:
		d.decodeStruct(n, v)
	case reflect.Map:
		d.decodeMap(n, v)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.Mistake(n.Line, "expected a list here ([a, b], or lines that begin with -), not a %s", KindName(n))
			return
		}
		for _, item := range n.Content {
			element := reflect.New(v.Type().Elem()).Elem()
			d.value(item, element)
			v.Set(reflect.Append(v, element))
		}
	default:
		d.decodeScalar(n, v)
	}
}

func (d *Decoder) decodeStruct(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.Mistake(n.Line, "expected fields here (%s), not a %s", strings.Join(fieldNames(v.Type()), ", "), KindName(n))
		return
	}
	for i := range v.NumField() {
		if v.Field(i).Type() == reflect.TypeFor[Line]() {
			v.Field(i).SetInt(int64(n.Line))
		}
	}
	fields := fieldsOf(v)
	d.eachPair(n, func(key, value *yaml.Node) {
		field, ok := fields[key.Value]
		if !ok {
			names := fieldNames(v.Type())
			hint := Suggest(key.Value, names)
			if hint == "" {
				hint = "; the fields allowed here are " + strings.Join(names, ", ")
			}
			d.Mistake(key.Line, "unknown field %q%s", key.Value, hint)
			return
		}
		d.value(value, field)
	})
}

func (d *Decoder) decodeMap(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.Mistake(n.Line, "expected names with values here ({app: …}), not a %s", KindName(n))
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	d.eachPair(n, func(key, value *yaml.Node) {
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(value, element)
		v.SetMapIndex(reflect.ValueOf(key.Value), element)
	})
}

func (d *Decoder) eachPair(n *yaml.Node, visit func(key, value *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.Mistake(key.Line, "expected a name here, not a %s", KindName(key))
			continue
		}
		if first, again := seen[key.Value]; again {
			d.Mistake(key.Line, "%q appears twice; the first one is on line %d", key.Value, first)
			continue
		}
		seen[key.Value] = key.Line
		if value.Kind == yaml.ScalarNode && value.Tag == "!!null" {
			d.Mistake(key.Line, "%q has no value", key.Value)
			continue
		}
		visit(key, value)
	}
}

func (d *Decoder) decodeScalar(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.Mistake(n.Line, "expected a single value here, not a %s", KindName(n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Bool:
		b, err := strconv.ParseBool(n.Value)
		if err != nil {
			d.Mistake(n.Line, "%q is neither true nor false", n.Value)
			return
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil || i < 0 {
			d.Mistake(n.Line, "%q is not a whole number of 0 or more", n.Value)
			return
		}
		v.SetInt(i)
	default:
		panic("strict: no YAML form for " + v.Type().String())
	}
}

// KindName describes a node's kind in messages.
func KindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	case yaml.AliasNode:
		return fmt.Sprintf("value (*%s)", n.Value)
	}
	return fmt.Sprintf("value (%q)", n.Value)
}

// fieldsOf maps YAML names to the fields of a struct. It includes the fields of inlined
// structs.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		name, inline := FieldName(v.Type().Field(i))
		switch {
		case inline:
			for n, f := range fieldsOf(v.Field(i)) {
				fields[n] = f
			}
		case name != "":
			fields[name] = v.Field(i)
		}
	}
	return fields
}

// fieldNames lists a struct's YAML names in the order of the struct's definition.
func fieldNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		name, inline := FieldName(t.Field(i))
		switch {
		case inline:
			names = append(names, fieldNames(t.Field(i).Type)...)
		case name != "":
			names = append(names, name)
		}
	}
	return names
}

// FieldName returns the name that a struct field has in YAML. If inline is true, the field is
// a struct whose fields appear among those of the outer struct. The name is "" for a field
// that does not appear in YAML.
func FieldName(f reflect.StructField) (name string, inline bool) {
	name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if strings.Contains(options, "inline") {
		return "", true
	}
	if name == "-" {
		return "", false
	}
	return name, false
}
