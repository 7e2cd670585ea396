package strict

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/internal/lazy"
)

// Parse reads the one document of the file; nil if there is none to go on with.
func (d *Decoder) Parse(text string) *yaml.Node {
	if line, what := NotText(text); what != "" {
		d.Mistake(line, "%s", what)
		return nil
	}
	documents := yaml.NewDecoder(strings.NewReader(text))
	var document, second yaml.Node
	err := documents.Decode(&document)
	if errors.Is(err, io.EOF) {
		d.Mistake(1, "empty%s", d.empty)
		return nil
	}
	if err == nil {
		if err = documents.Decode(&second); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			d.Mistake(second.Line, "a second document begins here, and only the first is read: take the --- away")
		}
	}
	if err != nil {
		line, what := yamlError(err)
		// The end of the file counts as a line of its own there.
		d.Mistake(min(line, 1+strings.Count(text, "\n")), "not readable as YAML: %s", what)
		return nil
	}
	if extra := d.surplus(&document, new(int)); extra != nil {
		d.Mistake(extra.Line, "more than %d names and values: make several files of it", d.maxValues)
		return nil
	}
	return document.Content[0]
}

// surplus returns the first node beyond maxValues.
func (d *Decoder) surplus(n *yaml.Node, seen *int) *yaml.Node {
	if *seen++; *seen > d.maxValues {
		return n
	}
	for _, child := range n.Content {
		if extra := d.surplus(child, seen); extra != nil {
			return extra
		}
	}
	return nil
}

// NotText finds the first character that no text file has: YAML's library names no
// line for them, and a terminal would obey some.
func NotText(text string) (line int, what string) {
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			what = fmt.Sprintf("the byte 0x%02x is not UTF-8: save the file as UTF-8", text[i])
		case r == '\n' || r == '\t' || r == '\r' || r == '\uFEFF' && i == 0:
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF', r == '\uFFFE', r == '\uFFFF':
			what = fmt.Sprintf("the character %U cannot be seen and does not belong here: take it out", r)
		}
		if what != "" {
			return 1 + strings.Count(text[:i], "\n"), what
		}
	}
	return 0, ""
}

var yamlLine = lazy.Regexp(`^yaml: (?:line (\d+): )?(.*)$`)

// yamlError takes the library's message apart. Its parser counts lines from 0,
// its scanner from 1; the words tell which of them spoke. Of the first line neither
// gives the number.
func yamlError(err error) (line int, what string) {
	m := yamlLine().FindStringSubmatch(err.Error())
	if m == nil {
		return 1, err.Error()
	}
	line, _ = strconv.Atoi(m[1])
	if line > 0 && strings.HasPrefix(m[2], "did not find expected") {
		line++
	}
	return max(line, 1), m[2]
}
