package scenario

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decoder fills Go values from YAML nodes. yaml.v3's own decoder stops at the
// first value that an UnmarshalText refuses, and without its line; an author
// wants every mistake of a file at once.
type decoder struct {
	file      string
	maxValues int    // names and values in the file
	empty     string // what is said of an empty file
	mistakes  Mistakes
}

// Line is where a value stands in its file. A struct with a field of this type and
// the tag `yaml:"-"` is told when it is decoded.
type Line int

// Decode reads a YAML file of at most maxValues names and values into a pointer to a
// struct, as strictly as a scenario: unknown fields, wrong kinds and aliases are
// mistakes, and all of them are returned.
func Decode(file, text string, maxValues int, into any) Mistakes {
	d := &decoder{file: file, maxValues: maxValues}
	if root := d.parse(text); root != nil {
		d.decode(root, reflect.ValueOf(into).Elem())
	}
	return d.mistakes
}

// Nobody reads more than this, and a file of a kilobyte can have a thousand mistakes.
const (
	maxMistakes = 50
	maxMistake  = 1000 // bytes of one mistake's text
)

func (d *decoder) mistake(line int, format string, args ...any) {
	switch text := fmt.Sprintf(format, args...); {
	case d.full():
	case len(d.mistakes) == maxMistakes:
		d.mistakes = append(d.mistakes, Mistake{d.file, 1, fmt.Sprintf("more than %d mistakes: mend these first", maxMistakes)})
	case len(text) > maxMistake:
		d.mistakes = append(d.mistakes, Mistake{d.file, line, strings.ToValidUTF8(text[:maxMistake], "") + " …"})
	default:
		d.mistakes = append(d.mistakes, Mistake{d.file, line, text})
	}
}

// full reports whether further mistakes are left out.
func (d *decoder) full() bool { return len(d.mistakes) > maxMistakes }

// nodeDecoder is a value that reads its node by itself.
type nodeDecoder interface {
	decodeNode(d *decoder, n *yaml.Node)
}

func (d *decoder) decode(n *yaml.Node, v reflect.Value) {
	if n.Kind == yaml.AliasNode {
		// Aliases make a small file large ("billion laughs"); a scenario is short enough to spell out.
		d.mistake(n.Line, "aliases (*%s) are not read: write the value out", n.Value)
		return
	}
	if v.CanAddr() {
		switch custom := v.Addr().Interface().(type) {
		case nodeDecoder:
			custom.decodeNode(d, n)
			return
		case encoding.TextUnmarshaler:
			if n.Kind != yaml.ScalarNode {
				d.mistake(n.Line, "one value belongs here, not a %s", kindName(n))
			} else if err := custom.UnmarshalText([]byte(n.Value)); err != nil {
				d.mistake(n.Line, "%v", err)
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.decode(n, v.Elem())
	case reflect.Struct:
		d.decodeStruct(n, v)
	case reflect.Map:
		d.decodeMap(n, v)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.mistake(n.Line, "a list belongs here ([a, b] or lines that begin with -), not a %s", kindName(n))
			return
		}
		for _, item := range n.Content {
			element := reflect.New(v.Type().Elem()).Elem()
			d.decode(item, element)
			v.Set(reflect.Append(v, element))
		}
	default:
		d.decodeScalar(n, v)
	}
}

func (d *decoder) decodeStruct(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.mistake(n.Line, "fields belong here (%s), not a %s", strings.Join(fieldNames(v.Type()), ", "), kindName(n))
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
			d.mistake(key.Line, "unknown field %q%s", key.Value, hint)
			return
		}
		d.decode(value, field)
	})
}

func (d *decoder) decodeMap(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.mistake(n.Line, "names with values belong here ({app: …}), not a %s", kindName(n))
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	d.eachPair(n, func(key, value *yaml.Node) {
		element := reflect.New(v.Type().Elem()).Elem()
		d.decode(value, element)
		v.SetMapIndex(reflect.ValueOf(key.Value), element)
	})
}

func (d *decoder) eachPair(n *yaml.Node, visit func(key, value *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.mistake(key.Line, "a name belongs here, not a %s", kindName(key))
			continue
		}
		if first, again := seen[key.Value]; again {
			d.mistake(key.Line, "%q stands here a second time, first on line %d", key.Value, first)
			continue
		}
		seen[key.Value] = key.Line
		if value.Kind == yaml.ScalarNode && value.Tag == "!!null" {
			d.mistake(key.Line, "%q has no value", key.Value)
			continue
		}
		visit(key, value)
	}
}

func (d *decoder) decodeScalar(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.mistake(n.Line, "one value belongs here, not a %s", kindName(n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Bool:
		b, err := strconv.ParseBool(n.Value)
		if err != nil {
			d.mistake(n.Line, "%q is neither true nor false", n.Value)
			return
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil || i < 0 {
			d.mistake(n.Line, "%q is not a whole number", n.Value)
			return
		}
		v.SetInt(i)
	default:
		panic("scenario: no YAML form for " + v.Type().String())
	}
}

func kindName(n *yaml.Node) string {
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
		name, inline := yamlName(v.Type().Field(i))
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
		name, inline := yamlName(t.Field(i))
		switch {
		case inline:
			names = append(names, fieldNames(t.Field(i).Type)...)
		case name != "":
			names = append(names, name)
		}
	}
	return names
}

func yamlName(f reflect.StructField) (name string, inline bool) {
	name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if strings.Contains(options, "inline") {
		return "", true
	}
	if name == "-" {
		return "", false
	}
	return name, false
}

// decodeNode reads one level or a list of them.
func (l *Levels) decodeNode(d *decoder, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		*l = Levels{n.Value}
		return
	}
	var list []string
	d.decode(n, reflect.ValueOf(&list).Elem())
	*l = list
}

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

func (w *Words) decodeNode(d *decoder, n *yaml.Node)   { decodeList(d, n, (*[]string)(w)) }
func (l *Numbers) decodeNode(d *decoder, n *yaml.Node) { decodeList(d, n, (*[]int)(l)) }

// decodeList reads one value or a list of them.
func decodeList[T any](d *decoder, n *yaml.Node, list *[]T) {
	if n.Kind == yaml.SequenceNode {
		d.decode(n, reflect.ValueOf(list).Elem())
		return
	}
	*list = make([]T, 1)
	d.decode(n, reflect.ValueOf(list).Elem().Index(0))
}

// decodeNode reads a step: "reload", or "restart-backend: app".
func (s *Step) decodeNode(d *decoder, n *yaml.Node) {
	object := (*yaml.Node)(nil)
	switch {
	case n.Kind == yaml.ScalarNode:
		s.Do = n.Value
	case n.Kind == yaml.MappingNode && len(n.Content) == 2:
		s.Do, object = n.Content[0].Value, n.Content[1]
	default:
		d.mistake(n.Line, "a step is one word (reload) or one word with its object (restart-backend: app), not a %s", kindName(n))
		return
	}
	kind, known := FindStep(s.Do)
	if !known {
		var names []string
		for _, k := range Steps {
			names = append(names, k.Name)
		}
		d.mistake(n.Line, "unknown step %q%s", s.Do, Suggest(s.Do, names))
		return
	}
	if object == nil {
		if kind.Object != NoObject && kind.Object != AnyBackend {
			d.mistake(n.Line, "the step %q needs its object: %s: …", s.Do, s.Do)
		}
		return
	}
	s.decodeObject(d, kind, object)
}

func (s *Step) decodeObject(d *decoder, kind StepKind, object *yaml.Node) {
	switch kind.Object {
	case NoObject:
		d.mistake(object.Line, "the step %q takes no object", s.Do)
	case Time:
		d.decode(object, reflect.ValueOf(&s.Wait).Elem())
	case FileMode:
		var o struct {
			Path string `yaml:"path"`
			Mode string `yaml:"mode"`
		}
		d.decode(object, reflect.ValueOf(&o).Elem())
		s.Target, s.Mode = o.Path, o.Mode
	case FileOwner:
		var o struct {
			Path  string `yaml:"path"`
			Owner string `yaml:"owner"`
		}
		d.decode(object, reflect.ValueOf(&o).Elem())
		s.Target, s.Owner = o.Path, o.Owner
	case Command:
		d.decode(object, reflect.ValueOf(&s.Run).Elem())
	default:
		d.decode(object, reflect.ValueOf(&s.Target).Elem())
	}
}
