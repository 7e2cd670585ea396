package scan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/nginx"
)

// unknown says more of a directive that nginx does not know.
func unknown(f Finding, name string, guess func(string) string) Finding {
	_, module, ok := masksOf(name)
	if !ok {
		module = ofOthers(name)
	}
	switch {
	case module != "":
		f.Verdict, f.Reason = guide.Conditional, fmt.Sprintf("%q is a directive of %s, which this nginx does not have", name, module)
	case ok:
		const elsewhere = "%q is known to newer nginx versions, or to modules that this one was built without"
		f.Verdict, f.Reason = guide.Conditional, fmt.Sprintf(elsewhere, name)
	default:
		if better := guess(name); better != "" {
			f.Correct = better
			f.Reason += fmt.Sprintf(", did you mean %q?", better)
		}
	}
	return f
}

// ofOthers is the module of somebody else that has such directives.
func ofOthers(name string) string {
	if near(name) != "" {
		return ""
	}
	for prefix, module := range known().Modules {
		if strings.HasPrefix(name, prefix) {
			return module
		}
	}
	return ""
}

// placesOf is where a directive may stand, in words.
func placesOf(d *nginx.Directive) string {
	var list []string
	bits := places(d)
	if d.Name == "location" {
		bits |= placeConf
	}
	for _, c := range slices.Backward(contexts) {
		if bits&c.bit != 0 {
			list = append(list, c.name)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "; it may stand in " + strings.Join(list, ", ")
}

// historyOf is what the tables say of a directive with its arguments.
func historyOf(d *nginx.Directive) (history, bool) {
	for _, h := range known().History {
		if h.Name == d.Name && (h.Args.IsZero() || h.Args.MatchString(strings.Join(d.Args, " "))) {
			return h, true
		}
	}
	return history{}, false
}

func (h history) source() string {
	if h.Source == "" {
		return "nginx.org/en/CHANGES"
	}
	return h.Source
}

// words says which versions know it.
func (h history) words() string {
	var parts []string
	if h.Since != nil {
		parts = append(parts, "there since nginx "+h.Since.String())
	}
	if h.Deprecated != nil && !slices.Equal(h.Deprecated, h.Until) {
		parts = append(parts, "deprecated since "+h.Deprecated.String())
	}
	if h.Until != nil {
		parts = append(parts, "gone since "+h.Until.String())
	}
	return strings.Join(parts, ", ")
}

// decideSnippet says what nginx and the tables say of a snippet.
func (s *Scan) decideSnippet(one *snippet) []Finding {
	var list []Finding
	refused := false
	for _, f := range one.findings {
		f.Evidence = []Evidence{{Scenario: ConfigTest, Trial: one.trial}}
		if one.name {
			f.Text = strings.TrimSuffix(f.Text, standInArgument)
		}
		refused = refused || f.Verdict == guide.Refuted
		if one.excused && f.Verdict == guide.Refuted {
			f.Verdict, f.Reason = guide.Inconclusive, "the guide itself may say that this is wrong: "+f.Reason
		}
		list = append(list, f)
	}
	if one.name {
		return list // it is in a sentence, and nothing is wrong with it
	}
	var dated []Finding
	if !one.excused {
		dated = s.dated(one)
		list = append(list, dated...)
	}
	whole := Finding{Line: one.statement.LineAt(one.offset), Kind: Snippet, Text: one.text}
	if one.shown { // a comment may stand first
		if d, _ := nginx.ReadSnippet(one.text); len(d) > 0 {
			whole.Line = one.line(d[0].Start)
		}
	}
	switch {
	case one.trouble != "":
		whole.Verdict, whole.Reason = guide.Inconclusive, one.trouble
	case one.passed && len(one.findings) == 0:
		whole.Verdict, whole.Reason, whole.Evidence = guide.Holds, "nginx -t takes it", []Evidence{{Scenario: ConfigTest, Trial: one.trial}}
		if one.filled {
			whole.Verdict, whole.Reason = guide.Inconclusive, "it has blanks to be filled in"
		}
	case one.trial == "" && len(one.findings) == 0:
		whole.Verdict, whole.Reason = guide.Inconclusive, "it was not tried"
	default:
		return list
	}
	if refused && one.trouble != "" || len(dated) > 0 && !one.shown {
		return list
	}
	return append(list, whole)
}

// dated is the directives that this nginx takes and others do not, and values that do
// not do what they say.
func (s *Scan) dated(one *snippet) []Finding {
	var list []Finding
	directives, _ := nginx.ReadSnippet(one.tried)
	version := nginx.FindVersion(s.nginx.Version)
	nginx.Walk(directives, func(d *nginx.Directive) {
		f := Finding{Line: one.line(min(d.Start, len(one.text)-1)), Text: one.source(d), Verdict: guide.Conditional}
		if h, ok := historyOf(d); ok && h.Deprecated != nil && one.passed && (version == nil || version.Within(nil, h.Until)) {
			f.Kind, f.Reason, f.Correct, f.Source = Obsolete, h.words(), h.Instead, h.source()
			list = append(list, f)
		}
		for _, l := range known().Limits {
			if l.Name == d.Name && len(d.Args) == 1 && longer(d.Args[0], l.Over) {
				f.Kind, f.Reason, f.Source = Value, l.Say, l.Source
				list = append(list, f)
			}
		}
	})
	return list
}

// longer reports whether a time is longer than another one.
func longer(text, than string) bool {
	t, ok := nginx.ParseTime(text)
	most, known := nginx.ParseTime(than)
	return ok && known && t > most
}
