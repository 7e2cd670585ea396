package nginx

import (
	"fmt"
	"io"
	"slices"
	"strings"

	crossplane "github.com/nginxinc/nginx-go-crossplane"
)

// Directives is a list of directives; blocks have lists of their own.
type Directives = crossplane.Directives

// ParseConfig reads a configuration, or a part of one, without following includes. It
// checks no names, no places and no numbers of arguments: nginx does.
func ParseConfig(text string) (Directives, error) {
	const name = "nginx.conf"
	payload, err := crossplane.Parse(name, &crossplane.ParseOptions{
		Open:       func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
		SingleFile: true, StopParsingOnError: true, SkipDirectiveContextCheck: true, SkipDirectiveArgsCheck: true,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return payload.Config[0].Parsed, nil
}

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
func Diff(before, after Directives) []Change {
	var changes []Change
	mix(before, after, func(c Change) bool { changes = append(changes, c); return true })
	return changes
}

// Mix is the first configuration with those changes of Diff, by their numbers, that
// chosen names.
func Mix(before, after Directives, chosen func(int) bool) (string, error) {
	n := -1
	mixed := mix(before, after, func(Change) bool { n++; return chosen(n) })
	var text strings.Builder
	if err := crossplane.Build(&text, crossplane.Config{Parsed: mixed}, &crossplane.BuildOptions{Indent: 4}); err != nil {
		return "", fmt.Errorf("writing the configuration: %w", err)
	}
	return text.String() + "\n", nil
}

// mix walks two lists side by side; take says whether a change is made.
func mix(before, after Directives, take func(Change) bool) Directives {
	var result Directives
	left := slices.Clone(before)
	for _, b := range after {
		at := slices.IndexFunc(left, func(a *crossplane.Directive) bool { return same(a, b) })
		if at < 0 && !b.IsBlock() {
			at = slices.IndexFunc(left, func(a *crossplane.Directive) bool { return a.Directive == b.Directive && !stands(a, after) })
		}
		if at < 0 {
			if take(Change{b.Directive, "", source(b)}) {
				result = append(result, b)
			}
			continue
		}
		a := left[at]
		left = slices.Delete(left, at, at+1)
		switch {
		case b.IsBlock():
			merged := *a
			merged.Block = mix(a.Block, b.Block, take)
			result = append(result, &merged)
		case same(a, b) || !take(Change{b.Directive, source(a), source(b)}):
			result = append(result, a)
		default:
			result = append(result, b)
		}
	}
	for _, a := range left {
		if !take(Change{a.Directive, source(a), ""}) {
			result = append(result, a)
		}
	}
	return result
}

func same(a, b *crossplane.Directive) bool {
	return a.Directive == b.Directive && slices.Equal(a.Args, b.Args) && a.IsBlock() == b.IsBlock()
}

func stands(d *crossplane.Directive, list Directives) bool {
	return slices.ContainsFunc(list, func(other *crossplane.Directive) bool { return same(d, other) })
}

func source(d *crossplane.Directive) string {
	text := strings.Join(append([]string{d.Directive}, d.Args...), " ")
	if d.IsBlock() {
		return text + " {…}"
	}
	return text
}
