package nginx

import (
	"slices"
	"strings"
)

// Change is one directive in which two configurations differ.
type Change struct {
	Name     string
	Old, New string // with their arguments; "" where it is not there
}

// String is the change as a person would name it.
func (c Change) String() string {
	if c.New == "" {
		return "no " + c.Old
	}
	return c.New
}

// Diff lists the directives in which two configurations differ. A block that stands in
// only one of them is one change.
func Diff(before, after []*Directive) []Change {
	var changes []Change
	mix(before, after, func(c Change) bool { changes = append(changes, c); return true })
	return changes
}

// Mix is the text of the first configuration with those changes of Diff, by their
// numbers, that are chosen.
func Mix(before, after []*Directive, chosen func(int) bool) string {
	n := -1
	mixed := mix(before, after, func(Change) bool { n++; return chosen(n) })
	var text strings.Builder
	write(&text, mixed, "")
	return text.String()
}

// mix walks two lists side by side; take says whether a change is made.
func mix(before, after []*Directive, take func(Change) bool) []*Directive {
	var result []*Directive
	left := slices.Clone(before)
	for _, b := range after {
		at := slices.IndexFunc(left, func(a *Directive) bool { return same(a, b) })
		if at < 0 && !b.IsBlock {
			at = slices.IndexFunc(left, func(a *Directive) bool { return a.Name == b.Name && !stands(a, after) })
		}
		if at < 0 {
			if take(Change{b.Name, "", inWords(b)}) {
				result = append(result, b)
			}
			continue
		}
		a := left[at]
		left = slices.Delete(left, at, at+1)
		switch {
		case b.IsBlock:
			merged := *a
			merged.Block = mix(a.Block, b.Block, take)
			result = append(result, &merged)
		case same(a, b) || !take(Change{b.Name, inWords(a), inWords(b)}):
			result = append(result, a)
		default:
			result = append(result, b)
		}
	}
	for _, a := range left {
		if !take(Change{a.Name, inWords(a), ""}) {
			result = append(result, a)
		}
	}
	return result
}

func same(a, b *Directive) bool {
	return a.Name == b.Name && slices.Equal(a.Args, b.Args) && a.IsBlock == b.IsBlock && a.foreign() == b.foreign()
}

func stands(d *Directive, list []*Directive) bool {
	return slices.ContainsFunc(list, func(other *Directive) bool { return same(d, other) })
}

// inWords is a directive on one line, without its semicolon or what is in its braces.
func inWords(d *Directive) string {
	var words []string
	for line := range strings.Lines(d.text[d.Start:d.Words[len(d.Words)-1].End]) {
		words = append(words, strings.TrimSpace(line))
	}
	if d.IsBlock {
		words = append(words, "{…}")
	}
	return strings.Join(words, " ")
}

// foreign is the inside of a block in another language.
func (d *Directive) foreign() string {
	if d.IsBlock && isLua(d.Name) {
		return strings.TrimSuffix(d.text[d.Body:d.End], "}")
	}
	return ""
}

// write writes directives as they stand in their texts, without comments between them.
func write(b *strings.Builder, list []*Directive, indent string) {
	for _, d := range list {
		b.WriteString(indent + d.Head())
		if d.IsBlock {
			b.WriteString(d.foreign())
			if len(d.Block) > 0 {
				b.WriteString("\n")
				write(b, d.Block, indent+"    ")
				b.WriteString(indent)
			}
			b.WriteString("}")
		}
		b.WriteString("\n")
	}
}
