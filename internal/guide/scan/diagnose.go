package scan

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
)

// What nginx's refusals are about, the first that fits. Others are about the machine, and
// decide nothing.
var refusals = []struct {
	find func() *regexp.Regexp
	kind Kind
}{
	{lazy.Regexp(`^unknown directive `), Unknown},
	{lazy.Regexp(`directive is not allowed here$`), Misplaced},
	{lazy.Regexp(`directive is duplicate$|^duplicate location |^a duplicate default server|^a duplicate listen `), Duplicate},
	{lazy.Regexp(`^invalid number of arguments in `), Arguments},
	{lazy.Regexp(`^unexpected "[{};]"|^unexpected end of file|is not terminated by ";"|has no opening "\{"`), Syntax},
	{lazy.Regexp(`directive invalid value$|" must be |^it must be "on" or "off"|^unknown parameter `), Value},
	{lazy.Regexp(`^invalid (?:value|parameter|condition|URL prefix|port|address family|rate|zone size) `), Value},
	{lazy.Regexp(`^invalid (?:number of "?\w+|arguments?|method|time|size) `), Value},
	{lazy.Regexp(`^invalid (?:parameters|URL prefix|event type|return code|host in upstream "\w+://)`), Value},
}

// kindOf is what a refusal is about; "": the machine.
func kindOf(said string) Kind {
	for _, r := range refusals {
		if r.find().MatchString(said) {
			return r.kind
		}
	}
	return ""
}

var directiveName = lazy.Regexp(`^[a-z][a-z0-9_]*$`)

var quotedName = lazy.Regexp(`"([^"]*)"`)

// diagnose turns nginx's refusal into a finding, and mends the text for another try;
// false: nothing more can be found out.
func (s *snippet) diagnose(output string, w wrapped, guess func(string) string) bool {
	complaint := nginx.ReadComplaint(output)
	said := complaint.Reason
	if said == "" {
		s.trouble = "nginx -t fails without a reason"
		return false
	}
	if s.mendSemicolons(said) {
		return true
	}
	kind := kindOf(said)
	d, inside, outer := s.culprit(said, w.lineOf(complaint))
	if kind == Unknown && d != nil && elsewhere(d) {
		kind = Misplaced // of the stream or mail modules, without which it is unknown
	}
	undecided := d == nil || kind == "" || kind == Syntax ||
		kind == Misplaced && !inside || // its place is ours
		kind == Unknown && !directiveName().MatchString(d.Name)
	blanks := d != nil && kind != "" && kind != Syntax && placeholder().MatchString(s.source(d))
	switch {
	case blanks:
		s.tried, s.filled = blank(s.tried, d.Start, d.End), true
		return true
	case undecided:
		s.trouble = "nginx -t says: " + said
		return false
	}
	s.findings = append(s.findings, s.found(kind, said, d, outer, guess))
	start, end := d.Start, d.End
	if d.Name == "server" && kind == Value { // without its servers an upstream is no use
		start, end = parameter(d, said)
	}
	s.tried = blank(s.tried, start, end)
	if strings.Contains(said, `" must be `) { // without it the others would not fit either
		s.withoutBuffers()
	}
	return true
}

// lineOf is the line of the snippet, from 0, that a complaint is about; -1: none.
func (w wrapped) lineOf(c nginx.Complaint) int {
	if strings.HasSuffix(c.File, "conf.d/site.conf") && c.Line >= 1 && c.Line <= len(w.lines) {
		return w.lines[c.Line-1]
	}
	return -1
}

// found is what a refusal says of a directive, and what the tables add.
func (s *snippet) found(kind Kind, said string, d *nginx.Directive, outer []*nginx.Directive, guess func(string) string) Finding {
	f := Finding{Line: s.line(d.Start), Kind: kind, Verdict: guide.Refuted, Text: s.source(d), Reason: "nginx -t: " + said}
	switch {
	case kind == Unknown:
		f = unknown(f, d.Name, guess)
	case kind == Misplaced && places(d)&groupConf != 0 && d.In("upstream") != nil:
		f.Kind, f.Verdict, f.Reason = Newer, guide.Conditional, "newer nginx versions have it there; nginx -t: "+said
	case kind == Misplaced:
		f.Reason += placesOf(d)
	case kind == Duplicate && s.alternatives(d, outer):
		f.Verdict, f.Reason = guide.Inconclusive, "it stands there twice, which may mean alternatives"
	}
	if h, ok := historyOf(d); ok && (kind == Value || kind == Unknown) {
		f.Kind, f.Source, f.Correct, f.Reason = Obsolete, h.source(), h.Instead, h.words()+"; nginx -t: "+said
		if h.Until == nil && h.Since != nil {
			f.Kind, f.Verdict = Newer, guide.Conditional
		}
	}
	return f
}

// parameter is where the one stands that a refusal quotes; the whole directive where
// none does.
func parameter(d *nginx.Directive, said string) (start, end int) {
	for i, arg := range d.Args {
		if strings.HasSuffix(said, fmt.Sprintf("%q", arg)) {
			return d.Words[i+1].Start, d.Words[i+1].End
		}
	}
	return d.Start, d.End
}

// culprit is the directive that a refusal is about, whether it stands inside a block of
// the snippet, and its neighbours.
func (s *snippet) culprit(said string, line int) (found *nginx.Directive, inside bool, outer []*nginx.Directive) {
	list, _ := nginx.ReadSnippet(s.tried)
	names := map[string]bool{}
	for _, m := range quotedName().FindAllStringSubmatch(said, -1) {
		names[m[1]] = true
	}
	consider := func(fit func(*nginx.Directive) bool) {
		nginx.Walk(list, func(d *nginx.Directive) {
			if (found == nil || d.Start >= found.Start) && fit(d) {
				found = d
			}
		})
	}
	on := func(d *nginx.Directive) bool {
		begin, end := lineOf(s.tried, d.Start), lineOf(s.tried, max(d.Start, d.End-1))
		if d.IsBlock {
			end = lineOf(s.tried, d.Body)
		}
		return line >= begin && line <= end
	}
	consider(func(d *nginx.Directive) bool { return names[d.Name] && on(d) })
	if found == nil && !strings.HasPrefix(said, "unknown directive") {
		consider(func(d *nginx.Directive) bool { return names[d.Name] && !d.IsBlock })
	}
	if strings.HasPrefix(said, "duplicate location ") {
		consider(func(d *nginx.Directive) bool { return d.Name == "location" && on(d) })
	}
	if found == nil && line >= 0 {
		consider(func(d *nginx.Directive) bool { return on(d) && !d.IsBlock })
		if found == nil {
			consider(on)
		}
	}
	if found == nil {
		return nil, false, nil
	}
	inside, outer = found.Name == "http", list
	if found.Parent != nil {
		inside, outer = true, found.Parent.Block
	}
	return found, inside, outer
}
