package scan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
)

// withoutBuffers leaves out all sizes of buffers, which nginx checks against each other.
func (s *snippet) withoutBuffers() {
	list, _ := nginx.ReadSnippet(s.tried)
	nginx.Walk(list, func(d *nginx.Directive) {
		if strings.Contains(d.Name, "_buffer") && !d.IsBlock {
			s.tried = blank(s.tried, d.Start, d.End)
		}
	})
}

// alternatives reports whether a duplicate may be meant as another way to write it.
func (s *snippet) alternatives(d *nginx.Directive, siblings []*nginx.Directive) bool {
	begin := 0
	for _, o := range siblings {
		if o.Name == d.Name && o.Start < d.Start {
			begin = o.End
		}
	}
	return strings.Contains(s.tried[begin:d.Start], "#")
}

// missing is where semicolons are missing in a directive: in front of a line that begins
// with a directive's name, or in front of a brace.
func missing(text string, d *nginx.Directive) []int {
	var at []int
	if !knownDirective(d.Name) || len(d.Words) < 2 {
		return nil
	}
	for i, w := range d.Words[1:] {
		line := strings.TrimSpace(text[strings.LastIndexByte(text[:w.Start], '\n')+1 : w.Start])
		apart := strings.Contains(text[d.Words[i].End:w.Start], "\n")
		if apart && line == "" && knownDirective(text[w.Start:w.End]) && i+2 < len(d.Words) {
			at = append(at, d.Words[i].End)
		}
	}
	if !d.Ended && !d.IsBlock && (d.End < len(text) || strings.Contains(text, ";")) {
		at = append(at, d.Words[len(d.Words)-1].End)
	}
	return at
}

// mendSemicolons finds semicolons that are missing, which nginx notices where the next
// directive ends, and puts them there.
func (s *snippet) mendSemicolons(said string) bool {
	list, _ := nginx.ReadSnippet(s.tried)
	var at []int
	nginx.Walk(list, func(d *nginx.Directive) {
		if strings.Contains(said, `"`+d.Name+`"`) || strings.HasPrefix(said, "unexpected ") || strings.HasPrefix(said, "invalid ") {
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
	list, stray := nginx.ReadSnippet(s.text)
	var open *nginx.Directive // the innermost
	unclosed := 0
	nginx.Walk(list, func(d *nginx.Directive) {
		if d.IsBlock && !d.Ended {
			open, unclosed = d, unclosed+1
		}
	})
	cut := ellipsis().MatchString(s.text)
	wrong := func(at int, text, format string, args ...any) {
		if !cut {
			reason := fmt.Sprintf(format, args...)
			s.findings = append(s.findings, Finding{Line: s.line(at), Kind: Syntax, Verdict: guide.Refuted, Text: text, Reason: reason})
		}
	}
	if open != nil {
		wrong(open.Start, s.source(open), "the closing brace of %q is missing", open.Name)
		s.tried += strings.Repeat("\n}", unclosed)
	}
	if len(stray) > 0 {
		wrong(stray[0], "}", "this brace closes nothing")
	}
	for _, at := range stray {
		s.tried = blank(s.tried, at, at+1)
	}
	for _, m := range ellipsis().FindAllStringIndex(s.tried, -1) {
		s.tried = blank(s.tried, m[0], m[1])
	}
}

// source is a directive as the guide has it, without its block.
func (s *snippet) source(d *nginx.Directive) string {
	end := d.End
	if d.IsBlock {
		end = d.Body
	}
	return strings.Join(strings.Fields(s.tried[d.Start:min(end, len(s.tried))]), " ")
}

// lineOf is the line of a position, from 0.
func lineOf(text string, at int) int { return strings.Count(text[:min(at, len(text))], "\n") }

// blank replaces a part of a text by blanks, and keeps its lines.
func blank(text string, start, end int) string {
	return text[:start] + strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, text[start:end]) + text[end:]
}
