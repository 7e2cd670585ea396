package regress

import (
	"reflect"
	"slices"
	"strings"
)

// field is one field of a cell.
type field struct {
	name string
	of   func(Cell) any
	say  func(Cell) string
}

var fields = []field{
	{"status", func(c Cell) any { return c.Status }, func(c Cell) string { return c.String() }},
	{"from", func(c Cell) any { return c.From }, func(c Cell) string { return c.String() }},
	{"via", func(c Cell) any { return c.Via }, func(c Cell) string { return "goes via " + list(c.Via) }},
	{"after", func(c Cell) any { return c.After }, func(c Cell) string { return "ends after " + list(c.After) }},
	{"tried", func(c Cell) any { return c.Tried }, func(c Cell) string { return "tries " + strings.Join(c.Tried, " | ") }},
	{"twice", func(c Cell) any { return c.Twice }, func(c Cell) string { return map[bool]string{true: "sent twice", false: "sent once"}[c.Twice] }},
	{"cut", func(c Cell) any { return c.Cut }, func(c Cell) string { return map[bool]string{true: "cut", false: "complete"}[c.Cut] }},
	{"shows", func(c Cell) any { return c.Shows }, func(c Cell) string { return "shows " + list(c.Shows) }},
	{"log", func(c Cell) any { return c.Log }, func(c Cell) string { return "logs " + list(c.Log) }},
}

func list(words []string) string {
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, " and ")
}

func fieldNames() []string {
	names := []string{"upstream", "listen"}
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names
}

// Differing is the fields in which two cells differ.
func differing(a, b Cell) []string {
	var names []string
	for _, f := range fields {
		x, y := reflect.ValueOf(f.of(a)), reflect.ValueOf(f.of(b))
		if x.Kind() == reflect.Slice && x.Len() == 0 && y.Len() == 0 {
			continue
		}
		if !reflect.DeepEqual(x.Interface(), y.Interface()) {
			names = append(names, f.name)
		}
	}
	return names
}

// common is the names that are in both lists.
func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(name string) bool { return !slices.Contains(b, name) })
}

// unlike is the fields in which an entry differs from every way that it was recorded, and
// the way that is nearest.
func unlike(recorded, now Entry) (names []string, nearest Cell) {
	nearest = recorded.Cell
	names = differing(recorded.Cell, now.Cell)
	for _, other := range recorded.Or {
		if d := differing(other, now.Cell); len(d) < len(names) {
			names, nearest = d, other
		}
	}
	return names, nearest
}

// words is what a cell says in these fields; the first of them that say anything do.
func words(names []string, c Cell) string {
	var all []string
	if slices.Contains(names, "twice") {
		all = append(all, map[bool]string{true: "sent twice", false: "sent once"}[c.Twice])
	}
	for _, f := range fields {
		if slices.Contains(names, f.name) {
			all = append(all, f.say(c))
			if f.name == "status" || f.name == "from" || len(all) == 2 {
				break
			}
		}
	}
	return strings.Join(all, ", ")
}
