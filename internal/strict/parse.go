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

// Parse reads the document of a file. It returns nil, and records a mistake, if the file
// cannot be decoded any further.
func (d *Decoder) Parse(text string) *yaml.Node {
	if line, what := NotText(text); what != "" {
		d.Mistake(line, "%s", what)
		return nil
	}
	documents := yaml.NewDecoder(strings.NewReader(text))
	var document, second yaml.Node
	err := documents.Decode(&document)
	if errors.Is(err, io.EOF) {
		d.Mistake(1, "the file is empty%s", d.empty)
		return nil
	}
	if err == nil {
		if err = documents.Decode(&second); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			d.Mistake(second.Line, "a second YAML document begins here, but only the first one is read: remove the ---")
		}
	}
	if err != nil {
		line, what := yamlError(err)
		// The library counts the end of the file as a line of its own.
		d.Mistake(min(line, 1+strings.Count(text, "\n")), "this is not valid YAML: %s", what)
		return nil
	}
	if extra := d.surplus(&document, new(int)); extra != nil {
		d.Mistake(extra.Line, "the file has more than %d names and values: split it into several files", d.maxValues)
		return nil
	}
	return document.Content[0]
}

// surplus returns the first node that exceeds maxValues, or nil.
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

// NotText finds the first character that does not belong in a text file, and describes it. The
// YAML library gives no line for such characters, and a terminal would act on some of them.
func NotText(text string) (line int, what string) {
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			what = fmt.Sprintf("the byte 0x%02x is not UTF-8: save the file as UTF-8", text[i])
		case r == '\n' || r == '\t' || r == '\r' || r == '\uFEFF' && i == 0:
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF', r == '\uFFFE', r == '\uFFFF':
			what = fmt.Sprintf("the character %U is invisible and does not belong here: remove it", r)
		}
		if what != "" {
			return 1 + strings.Count(text[:i], "\n"), what
		}
	}
	return 0, ""
}

var yamlLine = lazy.Regexp(`^yaml: (?:line (\d+): )?(.*)$`)

// yamlError splits the library's message into a line number and a text. The library's parser
// counts lines from 0 and its scanner counts them from 1; the wording shows which of the two
// wrote the message. Neither gives a line number when the mistake is on the first line.
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
