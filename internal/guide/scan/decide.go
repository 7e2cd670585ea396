package scan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/nginx"
)

// written is a line that nginx wrote in a trial, taken apart as a sample is.
type written struct {
	Evidence
	level  string
	action string
	fields string
}

// linesOf is the lines of a pattern's scenario that have a message's shape.
func linesOf(p pattern, message string, results map[string]experiment.Result) (list []written, trouble string) {
	r, ran := results[p.scenario.ID]
	if !ran {
		return nil, "its scenario was not run"
	}
	m, _, why := r.At("broken")
	if why != "" {
		return nil, why
	}
	for _, entry := range m.Log {
		var one sample
		one.split(entry.Message)
		if alike(shape(one.message), shape(message)) {
			evidence := Evidence{p.scenario.ID, m.Trial.ID, answered(m, entry), entry.Raw}
			list = append(list, written{evidence, entry.Level, one.action, entry.Context})
		}
	}
	return list, ""
}

// answered is the status that the client got of the request that a line is about; of all
// requests where that is not known.
func answered(m experiment.Moment, entry nginx.Entry) string {
	for _, a := range m.Phase.Answers {
		if a.Client.Status == 0 || a.Access == nil || a.Access.PID != entry.PID || a.Access.Connection != entry.Connection {
			continue
		}
		return strconv.Itoa(a.Client.Status)
	}
	return m.Look().Status
}

// alike reports whether a message has a shape; of a fragment, whether it has its number.
func alike(written, wanted string) bool {
	if strings.HasPrefix(wanted, "(") {
		return strings.Contains(written, wanted)
	}
	return written == wanted
}

// decideSample says whether nginx writes this line, and so.
func (s *Scan) decideSample(one *sample, results map[string]experiment.Result) []Finding {
	var lines []written
	trouble := ""
	for _, p := range one.run {
		found, why := linesOf(p, one.message, results)
		lines = append(lines, found...)
		if why != "" {
			trouble = fmt.Sprintf("%s: %s", p.scenario.ID, why)
		}
	}
	// While nginx does something else the same words have another level, or none.
	if one.action != "" && beginsAction(one.action) {
		whole := slices.Contains(known().Actions, one.action) // one may begin as another does
		lines = slices.DeleteFunc(lines, func(w written) bool {
			return w.action != one.action && (whole || !strings.HasPrefix(w.action, one.action))
		})
	}
	evidence := evidenceOf(lines)
	base := Finding{Line: one.line, Text: one.text, Evidence: evidence}
	var list []Finding
	add := func(kind Kind, verdict guide.Verdict, correct, format string, args ...any) {
		f := base
		f.Kind, f.Verdict, f.Correct, f.Reason = kind, verdict, correct, fmt.Sprintf(format, args...)
		list = append(list, f)
	}
	other := false // it is worded as by another OpenSSL
	if f, ok := s.judgeOpenSSL(one, evidence); ok && f.Verdict != guide.Holds {
		f.Correct = first(evidence)
		list, other = append(list, f), true
	}
	if one.contradictory() {
		return list // errnosIn has said it
	}
	said := len(list)
	if one.whole && one.action != "" && !beginsAction(one.action) && len(one.candidates) > 0 {
		add(Action, guide.Refuted, first(evidence), "nginx never says that it was %q", one.action)
	}
	if f := one.fieldsWrong(); f != "" {
		add(Fields, guide.Refuted, first(evidence), "%s", f)
	}
	levels := levelsOf(lines)
	switch {
	case len(lines) > 0 && (one.level == "" || slices.Contains(levels, one.level)):
		if other || len(list) > said {
			break
		}
		add(LogLine, guide.Holds, "", "nginx writes this%s", at(one.level))
	case len(lines) > 0:
		add(Level, guide.Refuted, lines[0].Log, "nginx writes this at [%s], not at [%s]", strings.Join(levels, "] or ["), one.level)
	default:
		list = append(list, one.byTable(base, trouble)...)
	}
	return list
}

// byTable decides a sample that no trial has written.
func (s *sample) byTable(base Finding, trouble string) []Finding {
	text := s.message
	if s.action != "" {
		text += " while " + s.action
	}
	for _, k := range known().Lines {
		if trouble != "" || !k.Match.MatchString(text) { // a trial could say more
			continue
		}
		base.Kind, base.Verdict = LogLine, guide.Holds
		base.Source, base.Reason = "nginx's source, "+k.Source, "nginx writes this at ["+k.Level+"]"
		if s.level != "" && s.level != k.Level {
			base.Kind, base.Verdict = Level, guide.Refuted
			base.Reason += ", not at [" + s.level + "]"
			base.Correct = strings.Replace(s.text, "["+s.level+"]", "["+k.Level+"]", 1)
		}
		return []Finding{base}
	}
	if s.fragment { // errnosIn would have said otherwise
		base.Kind, base.Verdict, base.Reason, base.Source = LogLine, guide.Holds, "this number has this text", errnoSource
		return []Finding{base}
	}
	base.Kind, base.Verdict, base.Reason = LogLine, guide.Inconclusive, "no scenario of the catalogue writes this"
	if len(s.candidates) > 0 {
		base.Reason = "no trial that was run wrote this"
		for _, p := range s.candidates[:min(len(s.candidates), mostRun)] {
			base.Suggests = append(base.Suggests, p.scenario.ID)
		}
	}
	if trouble != "" {
		base.Reason += ": " + trouble
	}
	return []Finding{base}
}

// contradictory reports whether its number and its text do not belong together.
func (s *sample) contradictory() bool {
	for _, f := range errnosIn(guide.Statement{Text: s.message}) {
		if f.Verdict != "" {
			return true
		}
	}
	return false
}

// beginsAction reports whether nginx has an action that begins so: guides cut lines.
func beginsAction(text string) bool {
	return slices.ContainsFunc(known().Actions, func(a string) bool { return strings.HasPrefix(a, text) })
}

// fieldsWrong says what is wrong with the order of the fields behind the message.
func (s *sample) fieldsWrong() string {
	last, lastName := -1, ""
	rest := nginx.Normal(s.fields, nginx.Quoted)
	for part := range strings.SplitSeq(rest, ", ") {
		name, _, found := strings.Cut(part, ": ")
		i := slices.Index(known().Fields, name)
		if !found || i < 0 {
			continue
		}
		if i < last {
			return fmt.Sprintf("nginx writes %q before %q", name, lastName)
		}
		last, lastName = i, name
	}
	return ""
}

func levelsOf(lines []written) []string {
	var list []string
	for _, l := range lines {
		if !slices.Contains(list, l.level) {
			list = append(list, l.level)
		}
	}
	return list
}

// evidenceOf is one line of each scenario.
func evidenceOf(lines []written) []Evidence {
	var list []Evidence
	for _, l := range lines {
		if !slices.ContainsFunc(list, func(e Evidence) bool { return e.Scenario == l.Scenario }) {
			list = append(list, l.Evidence)
		}
	}
	return list
}

func first(list []Evidence) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].Log
}

func at(level string) string {
	if level == "" {
		return ""
	}
	return " at [" + level + "]"
}
