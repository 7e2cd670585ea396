package scan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/lazy"
)

// withoutBuffers leaves out all sizes of buffers, which nginx checks against each other.
func (s *snippet) withoutBuffers() {
	list, _ := readConfig(s.tried)
	each(list, func(d directive, _ []directive) {
		if strings.Contains(d.name, "_buffer") && !d.isBlock {
			s.tried = blank(s.tried, d.start, d.end)
		}
	})
}

// alternatives reports whether a duplicate may be meant as another way to write it.
func (s *snippet) alternatives(d directive, siblings []directive) bool {
	begin := 0
	for _, o := range siblings {
		if o.name == d.name && o.start < d.start {
			begin = o.end
		}
	}
	return strings.Contains(s.tried[begin:d.start], "#")
}

// missing is where semicolons are missing in a directive: in front of a line that begins
// with a directive's name, or in front of a brace.
func missing(text string, d directive) []int {
	var at []int
	if raw(d.name) || !knownDirective(d.name) || len(d.words) < 2 {
		return nil
	}
	for i, w := range d.words[1:] {
		line := strings.TrimSpace(text[strings.LastIndexByte(text[:w.start], '\n')+1 : w.start])
		apart := strings.Contains(text[d.words[i].end:w.start], "\n")
		if apart && line == "" && knownDirective(text[w.start:w.end]) && i+2 < len(d.words) {
			at = append(at, d.words[i].end)
		}
	}
	if !d.ended && !d.isBlock && (d.end < len(text) || strings.Contains(text, ";")) {
		at = append(at, d.words[len(d.words)-1].end)
	}
	return at
}

// mendSemicolons finds semicolons that are missing, which nginx notices where the next
// directive ends, and puts them there.
func (s *snippet) mendSemicolons(said string) bool {
	list, _ := readConfig(s.tried)
	var at []int
	each(list, func(d directive, _ []directive) {
		if strings.Contains(said, `"`+d.name+`"`) || strings.HasPrefix(said, "unexpected ") || strings.HasPrefix(said, "invalid ") {
			at = append(at, missing(s.tried, d)...)
		}
	})
	slices.Sort(at)
	for _, position := range slices.Backward(at) {
		line := s.tried[strings.LastIndexByte(s.tried[:position], '\n')+1 : position]
		s.findings = append(s.findings, Finding{
			Line: s.line(position - 1), Kind: Syntax, Verdict: guide.Refuted, Text: strings.TrimSpace(line),
			Correct: strings.TrimSpace(line) + ";", Reason: "the semicolon is missing; nginx -t: " + said,
		})
		s.tried = s.tried[:position] + ";" + s.tried[position:]
	}
	return len(at) > 0
}

// ellipsis is where a snippet leaves something out.
var ellipsis = lazy.Regexp(`(?:\.\.\.|…)`)

// template is what Jinja, Helm and the like fill in: it has braces of its own.
var template = lazy.Regexp(`\{\{|\{%`)

// begin prepares a snippet: braces are counted without nginx, since what is put around
// it would hide them.
func (s *snippet) begin() {
	s.tried = s.text
	if template().MatchString(s.text) {
		s.trouble = "it is a template, whose blanks are to be filled in"
		return
	}
	list, stray := readConfig(s.text)
	var open *directive // the innermost
	unclosed := 0
	each(list, func(d directive, _ []directive) {
		if d.isBlock && !d.ended {
			one := d
			open, unclosed = &one, unclosed+1
		}
	})
	cut := ellipsis().MatchString(s.text)
	wrong := func(at int, text, format string, args ...any) {
		if !cut {
			s.findings = append(s.findings, Finding{Line: s.line(at), Kind: Syntax, Verdict: guide.Refuted, Text: text, Reason: fmt.Sprintf(format, args...)})
		}
	}
	if open != nil {
		wrong(open.start, s.source(*open), "the closing brace of %q is missing", open.name)
		s.tried += strings.Repeat("\n}", unclosed)
	}
	if stray >= 0 {
		wrong(stray, "}", "this brace closes nothing")
		for stray >= 0 {
			s.tried = blank(s.tried, stray, stray+1)
			_, stray = readConfig(s.tried)
		}
	}
	for _, m := range ellipsis().FindAllStringIndex(s.tried, -1) {
		s.tried = blank(s.tried, m[0], m[1])
	}
}

// source is a directive as the guide has it, without its block.
func (s *snippet) source(d directive) string {
	end := d.end
	if d.isBlock {
		end = d.body
	}
	return strings.Join(strings.Fields(s.tried[d.start:min(end, len(s.tried))]), " ")
}
