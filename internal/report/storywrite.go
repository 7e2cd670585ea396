package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/scenario"
)

// Forms are the forms of a story.
func (s Story) Forms() []output.Form {
	return output.Parts{
		Read: s.page, Value: func() any { return s },
		Grid: func() output.Grid { return output.Grid{Rows: [][]string{{s.Scenario.ID}}} },
	}.Forms()
}

// page tells the story to a person.
func (s Story) page() output.Document {
	one := s.Scenario
	page := output.Document{
		output.H(1, oneLine(one.ID)+": "+oneLine(one.Title)), output.P("tags: " + oneLine(strings.Join(one.Tags, ", "))),
		output.Section("Healthy", "nginx's config and what a request sees"),
	}
	page = withCode(page, s.Config)
	page = append(page, s.servers()...)
	page = append(page, signature(scenario.Signature{Probes: expects(one.Healthy)}))
	if s.Broken != nil {
		page = append(page, output.Section("Broken", "what is changed"))
		page = append(page, s.Broken.page()...)
		page = append(page, output.Section("Symptom", "how it shows"), signature(one.Symptom))
	}
	for _, c := range s.Parts {
		page = append(page, output.Section(capital(c.Kind), c.ID), output.P(oneLine(c.Say)))
		page = append(page, c.page()...)
	}
	if len(one.Hints) > 0 {
		page = append(page, output.Section("Hints", ""), s.hints())
	}
	page = append(page, output.Section("Debrief", ""), output.Prose{Text: one.Debrief}, output.Section("Evidence", "of the last run"))
	if s.Evidence == nil {
		return append(page, output.Paragraph{Text: output.Spans(
			output.Plain("none yet: run "), command("lab run "+oneLine(one.ID)), output.Plain(" to capture it"))})
	}
	e := s.Evidence
	page = append(page, output.P(fmt.Sprintf("%s, status %s when broken, on nginx %s (%s), %s",
		e.Verdict, oneLine(e.Status), oneLine(e.Nginx), oneLine(e.OpenSSL), e.When.Format("2006-01-02 15:04 MST"))))
	for _, lines := range [][]string{e.Log, e.Backend} {
		if len(lines) > 0 {
			page = append(page, output.Log{Text: strings.Join(lines, "\n")})
		}
	}
	return page
}

// hints are shown to who asks for them.
func (s Story) hints() output.Block {
	if s.ShowHints {
		var hints []string
		for _, hint := range s.Scenario.Hints {
			hints = append(hints, oneLine(hint))
		}
		list := output.Items(hints...)
		list.Marks = output.Numbers
		return list
	}
	return output.Paragraph{Text: output.Spans(
		output.Plain(output.Plural(len(s.Scenario.Hints), "hint")+": "), command("lab show "+oneLine(s.Scenario.ID)+" --hints"))}
}

// withCode is a page with a file or a difference, unless that is empty.
func withCode(page output.Document, text string) output.Document {
	if text == "" {
		return page
	}
	return append(page, output.Code{Text: text})
}

// servers tells of the healthy stage's real servers: their configuration, their application.
func (s Story) servers() output.Document {
	var page output.Document
	backends := s.Scenario.Healthy.Backends
	for _, name := range slices.Sorted(maps.Keys(backends)) {
		for _, file := range []string{backends[name].Config, backends[name].Application} {
			if file != "" {
				page = append(page, output.P(fmt.Sprintf("%s (%s): %s", oneLine(name), oneLine(s.Scenario.Server), oneLine(file))))
				page = withCode(page, s.Scenario.Files[file])
			}
		}
	}
	return page
}

func (c Change) page() output.Document {
	var lines []string
	for _, line := range c.Backends {
		lines = append(lines, oneLine(line))
	}
	page := withCode(output.Document{output.Items(lines...)}, c.Diff)
	if len(c.Steps) > 0 {
		page = append(page, output.P("applied by: "+oneLine(strings.Join(c.Steps, ", "))))
	}
	return page
}

// expects are what the probes of a stage must see.
func expects(stage scenario.Stage) map[string]scenario.Expect {
	all := map[string]scenario.Expect{}
	for name, probe := range stage.Probes {
		all[name] = probe.Expect
	}
	return all
}

// signature says what is to be seen, a line each.
func signature(s scenario.Signature) output.List {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(s.Probes)) {
		lines = append(lines, fmt.Sprintf("probe %s: %s", oneLine(name), oneLine(expectation(s.Probes[name]))))
	}
	for _, p := range s.Log {
		lines = append(lines, fmt.Sprintf("error log: [%s] %s", oneLine(strings.Join(p.Level, "|")), oneLine(p.Match.String())))
	}
	for _, p := range s.BackendLog {
		lines = append(lines, "server's log: "+oneLine(p.String()))
	}
	if s.OOMKills > 0 {
		lines = append(lines, fmt.Sprintf("killed by the kernel for memory: %d", s.OOMKills))
	}
	for _, o := range s.Output {
		lines = append(lines, oneLine(o.Run)+": "+oneLine(o.Match.String()))
	}
	if s.Check != nil {
		check := fmt.Sprintf("nginx -t: ok %t", s.Check.OK)
		if !s.Check.Match.IsZero() {
			check += ", " + oneLine(s.Check.Match.String())
		}
		lines = append(lines, check)
	}
	return output.Items(lines...)
}

func expectation(e scenario.Expect) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if e.Status != 0 {
		add("status %d", e.Status)
	}
	if len(e.Statuses) > 0 {
		add("statuses %v", e.Statuses)
	}
	if e.Body != "" {
		add("a body with %q", e.Body)
	}
	if e.From != "" {
		add("from %s", e.From)
	}
	if e.Complete != nil {
		add("complete: %t", *e.Complete)
	}
	if e.Bytes != nil {
		add("%d bytes", *e.Bytes)
	}
	if e.AtLeast != 0 {
		add("after %s or more", e.AtLeast)
	}
	if e.AtMost != 0 {
		add("within %s", e.AtMost)
	}
	return strings.Join(parts, ", ")
}
