package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/scenario"
)

// Write tells the story to a person.
func (s Story) Write(w io.Writer, hints bool, screen output.Screen) error {
	var b strings.Builder
	one := s.Scenario
	fmt.Fprintf(&b, "%s: %s\ntags: %s\n", oneLine(one.ID), oneLine(one.Title), oneLine(strings.Join(one.Tags, ", ")))
	heading(&b, "HEALTHY", "nginx's config and what a request sees")
	configuration(&b, s.Config, screen)
	s.server(&b, screen)
	b.WriteString(signature(scenario.Signature{Probes: expects(one.Healthy)}))
	if s.Broken != nil {
		heading(&b, "BROKEN", "what is changed")
		s.Broken.write(&b, screen)
		heading(&b, "SYMPTOM", "how it shows")
		b.WriteString(signature(one.Symptom))
	}
	for _, c := range s.Parts {
		heading(&b, strings.ToUpper(c.Kind), c.ID)
		fmt.Fprintf(&b, "  %s\n", oneLine(c.Say))
		c.write(&b, screen)
	}
	if len(one.Hints) > 0 {
		heading(&b, "HINTS", "")
		if hints {
			for i, hint := range one.Hints {
				fmt.Fprintf(&b, "  %d. %s\n", i+1, oneLine(hint))
			}
		} else {
			fmt.Fprintf(&b, "  %s: `lab show %s --hints`\n", plural(len(one.Hints), "hint"), oneLine(one.ID))
		}
	}
	heading(&b, "DEBRIEF", "")
	b.WriteString(indent("  ", clean(one.Debrief)) + "\n")
	heading(&b, "EVIDENCE", "of the last run")
	if s.Evidence == nil {
		fmt.Fprintf(&b, "  none yet: run `lab run %s` to capture it\n", oneLine(one.ID))
	} else {
		e := s.Evidence
		fmt.Fprintf(&b, "  %s, status %s when broken, on nginx %s (%s), %s\n", oneLine(string(e.Verdict)), oneLine(e.Status), oneLine(e.Nginx), oneLine(e.OpenSSL), e.When.Format("2006-01-02 15:04 MST"))
		for _, lines := range [][]string{e.Log, e.Backend} {
			if len(lines) > 0 {
				b.WriteString(indent("  ", clean(strings.Join(lines, "\n"))) + "\n")
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// server tells of the healthy stage's real servers: their configuration, their application.
func (s Story) server(b *strings.Builder, screen output.Screen) {
	backends := s.Scenario.Healthy.Backends
	for _, name := range slices.Sorted(maps.Keys(backends)) {
		for _, file := range []string{backends[name].Config, backends[name].Application} {
			if file != "" {
				fmt.Fprintf(b, "  %s (%s): %s\n", oneLine(name), oneLine(s.Scenario.Server), oneLine(file))
				configuration(b, s.Scenario.Files[file], screen)
			}
		}
	}
}

func heading(b *strings.Builder, name, about string) {
	fmt.Fprintf(b, "\n%s\n", strings.TrimSpace(name+"  "+oneLine(about)))
}

func (c Change) write(b *strings.Builder, screen output.Screen) {
	for _, line := range c.Backends {
		fmt.Fprintf(b, "  %s\n", oneLine(line))
	}
	configuration(b, c.Diff, screen)
	if len(c.Steps) > 0 {
		fmt.Fprintf(b, "  applied by: %s\n", oneLine(strings.Join(c.Steps, ", ")))
	}
}

// configuration writes a config or a difference, indented, additions and removals coloured.
func configuration(b *strings.Builder, text string, screen output.Screen) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(strings.TrimRight(clean(text), "\n"), "\n") {
		switch {
		case screen.Color && strings.HasPrefix(line, "+"):
			line = "\x1b[32m" + line + "\x1b[0m"
		case screen.Color && strings.HasPrefix(line, "-"):
			line = "\x1b[31m" + line + "\x1b[0m"
		}
		fmt.Fprintf(b, "    %s\n", line)
	}
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
func signature(s scenario.Signature) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.Probes)) {
		fmt.Fprintf(&b, "  probe %s: %s\n", oneLine(name), oneLine(expectation(s.Probes[name])))
	}
	for _, p := range s.Log {
		fmt.Fprintf(&b, "  error log: [%s] %s\n", oneLine(strings.Join(p.Level, "|")), oneLine(p.Match.String()))
	}
	for _, p := range s.BackendLog {
		fmt.Fprintf(&b, "  server's log: %s\n", oneLine(p.String()))
	}
	if s.OOMKills > 0 {
		fmt.Fprintf(&b, "  killed by the kernel for memory: %d\n", s.OOMKills)
	}
	for _, o := range s.Output {
		fmt.Fprintf(&b, "  %s: %s\n", oneLine(o.Run), oneLine(o.Match.String()))
	}
	if s.Check != nil {
		fmt.Fprintf(&b, "  nginx -t: ok %t", s.Check.OK)
		if !s.Check.Match.IsZero() {
			fmt.Fprintf(&b, ", %s", oneLine(s.Check.Match.String()))
		}
		b.WriteString("\n")
	}
	return b.String()
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
