package strict

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Decoder fills Go values from the YAML nodes of one file and collects the mistakes.
// yaml.v3's own decoder stops at the first value that an UnmarshalText refuses, and
// does not give its line. An author wants every mistake of a file at once.
type Decoder struct {
	file      string
	maxValues int    // names and values in the file
	empty     string // follows the word "empty" in the mistake about an empty file
	mistakes  Mistakes
}

// NewDecoder returns a decoder for a file of at most maxValues names and values. The
// text empty says what to do about an empty file; it may be "".
func NewDecoder(file string, maxValues int, empty string) *Decoder {
	return &Decoder{file: file, maxValues: maxValues, empty: empty}
}

// Decode reads a YAML file of at most maxValues names and values into a pointer to a
// struct. Unknown fields, wrong kinds and aliases are mistakes, and all of them are
// returned.
func Decode(file, text string, maxValues int, into any) Mistakes {
	d := NewDecoder(file, maxValues, "")
	if root := d.Parse(text); root != nil {
		d.Decode(root, into)
	}
	return d.mistakes
}

// Line is the line of its file on which a value stands. A struct that has a field of
// this type with the tag `yaml:"-"` gets it set when the struct is decoded.
type Line int

// Nobody reads more than this, and a file of a kilobyte can have a thousand mistakes.
const (
	MaxMistakes = 50   // of one file
	MaxText     = 1000 // bytes of one mistake's text
)

// Mistake adds a mistake at a line of the file; line 0 means the file as a whole.
func (d *Decoder) Mistake(line int, format string, args ...any) {
	switch text := fmt.Sprintf(format, args...); {
	case d.Full():
	case len(d.mistakes) == MaxMistakes:
		d.mistakes = append(d.mistakes, Mistake{d.file, 1, fmt.Sprintf("more than %d mistakes: mend these first", MaxMistakes)})
	case len(text) > MaxText:
		d.mistakes = append(d.mistakes, Mistake{d.file, line, strings.ToValidUTF8(text[:MaxText], "") + " …"})
	default:
		d.mistakes = append(d.mistakes, Mistake{d.file, line, text})
	}
}

// Add adds a mistake that was found in another file.
func (d *Decoder) Add(m Mistake) { d.mistakes = append(d.mistakes, m) }

// Mistakes returns what was wrong so far.
func (d *Decoder) Mistakes() Mistakes { return d.mistakes }

// Full reports whether further mistakes are left out.
func (d *Decoder) Full() bool { return len(d.mistakes) > MaxMistakes }

// NodeDecoder is a value that reads its node by itself.
type NodeDecoder interface {
	DecodeNode(d *Decoder, n *yaml.Node)
}

// Decode fills the value that into points to from a node.
func (d *Decoder) Decode(n *yaml.Node, into any) { d.value(n, reflect.ValueOf(into).Elem()) }

func (d *Decoder) value(n *yaml.Node, v reflect.Value) {
	if n.Kind == yaml.AliasNode {
		// Aliases make a small file large ("billion laughs"); these files are short enough to spell values out.
		d.Mistake(n.Line, "aliases (*%s) are not read: write the value out", n.Value)
		return
	}
	if v.CanAddr() {
		switch custom := v.Addr().Interface().(type) {
		case NodeDecoder:
			custom.DecodeNode(d, n)
			return
		case encoding.TextUnmarshaler:
			if n.Kind != yaml.ScalarNode {
				d.Mistake(n.Line, "one value belongs here, not a %s", KindName(n))
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
			d.Mistake(n.Line, "a list belongs here ([a, b] or lines that begin with -), not a %s", KindName(n))
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
		d.Mistake(n.Line, "fields belong here (%s), not a %s", strings.Join(fieldNames(v.Type()), ", "), KindName(n))
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
				hint = "; the fields here are " + strings.Join(names, ", ")
			}
			d.Mistake(key.Line, "unknown field %q%s", key.Value, hint)
			return
		}
		d.value(value, field)
	})
}

func (d *Decoder) decodeMap(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.Mistake(n.Line, "names with values belong here ({app: …}), not a %s", KindName(n))
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
			d.Mistake(key.Line, "a name belongs here, not a %s", KindName(key))
			continue
		}
		if first, again := seen[key.Value]; again {
			d.Mistake(key.Line, "%q stands here a second time, first on line %d", key.Value, first)
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
		d.Mistake(n.Line, "one value belongs here, not a %s", KindName(n))
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
			d.Mistake(n.Line, "%q is not a whole number", n.Value)
			return
		}
		v.SetInt(i)
	default:
		panic("strict: no YAML form for " + v.Type().String())
	}
}

// KindName names what a node is, for a message.
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

// fieldsOf maps the YAML names of a struct to its fields, those of inlined structs too.
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

// fieldNames lists the YAML names of a struct in the order of its definition.
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

// FieldName returns the name that a struct's field has in YAML, or that its fields
// stand among those of the outer struct. A field that YAML does not have is named "".
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
