package deployment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/strict"
)

// template fills in environment variables.
type template struct {
	env     map[string]string
	missing strict.Mistakes
}

// fill replaces the variables that have a value, as envsubst with a list of them does:
// nginx's own look the same.
func (t *template) fill(shown, text string) string {
	var b strings.Builder
	line := 1
	for i := 0; i < len(text); {
		if text[i] == '\n' {
			line++
		}
		name, length := variable(text[i:])
		value, ok := t.env[name]
		switch {
		case name == "":
			b.WriteByte(text[i])
			i++
			continue
		case ok:
			b.WriteString(value)
		default:
			if strings.ToUpper(name) == name {
				t.missing = append(t.missing, strict.Mistake{
					File: shown, Line: line, Text: fmt.Sprintf("the variable %q has no value: give it with --env %s=VALUE", name, name),
				})
			}
			b.WriteString(text[i : i+length])
		}
		i += length
	}
	return b.String()
}

func (t *template) mistakes() error {
	if len(t.missing) == 0 {
		return nil
	}
	slices.SortStableFunc(t.missing, func(a, b strict.Mistake) int { return strings.Compare(a.File, b.File) })
	return t.missing
}

// variable reads $NAME or ${NAME} at the beginning of a text.
func variable(text string) (name string, length int) {
	if len(text) < 2 || text[0] != '$' {
		return "", 0
	}
	rest := text[1:]
	braces := rest[0] == '{'
	if braces {
		rest = rest[1:]
	}
	n := 0
	for n < len(rest) {
		letter := rest[n] == '_' || rest[n] >= 'a' && rest[n] <= 'z' || rest[n] >= 'A' && rest[n] <= 'Z'
		if !letter && (n == 0 || rest[n] < '0' || rest[n] > '9') {
			break
		}
		n++
	}
	if n == 0 || braces && (n == len(rest) || rest[n] != '}') {
		return "", 0
	}
	if braces {
		return rest[:n], n + 3
	}
	return rest[:n], n + 1
}
