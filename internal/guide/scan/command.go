package scan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/strict"
)

var (
	shell = []string{"bash", "sh", "shell", "console", "zsh", "terminal", "shell-session", "shellsession",
		"", "text", "plaintext", "none"}
	commandLine = lazy.Regexp(`^\s*(?:[$#>]\s+)?(?:sudo\s+)?(nginx|ss|tail|netstat|systemctl)\s+(\S.*)$`)
	pipe        = lazy.Regexp(`\||&&|;|>`)
)

// commandsIn judges the options of commands that stand on lines of their own.
func commandsIn(s guide.Statement) []Finding {
	if s.Kind == guide.Log || s.Kind == guide.Heading || s.Kind == guide.Row || s.Kind == guide.Code && !slices.Contains(shell, s.Lang) {
		return nil
	}
	var list []Finding
	at := 0
	for _, part := range s.Parts() {
		line := strings.TrimSpace(part)
		m := commandLine().FindStringSubmatch(line)
		if m != nil && (s.Kind == guide.Code || plainCommand(m[1], m[2])) {
			if f, ok := judgeCommand(m[1], m[2]); ok {
				f.Line, f.Text = s.LineAt(at), strings.TrimSpace(line)
				list = append(list, f)
			}
		}
		at += len(part)
	}
	return list
}

// plainCommand reports whether a line of prose is a command and nothing else: options or
// a verb come first, and no sentence follows.
func plainCommand(name, rest string) bool {
	fields := strings.Fields(rest)
	if name == "systemctl" {
		return len(fields) == 2 && unit().MatchString(fields[0]) && unit().MatchString(fields[1])
	}
	return len(fields) <= 8 && strings.HasPrefix(fields[0], "-") && (!strings.ContainsAny(rest, ".!?,") || strings.Contains(rest, "/"))
}

var unit = lazy.Regexp(`^[a-z][\w@.-]*[\w]$`)

// judgeCommand looks its options up; false: nothing can be said.
func judgeCommand(name, rest string) (Finding, bool) {
	p := known().Tools[name]
	f := Finding{Kind: Command, Verdict: guide.Holds, Reason: name + " has these options", Source: p.Source}
	if at := pipe().FindStringIndex(rest); at != nil {
		rest = rest[:at[0]]
	}
	rest, _, _ = strings.Cut(rest, " #")
	words := strings.Fields(rest)
	wrong := func(format string, args ...any) (Finding, bool) {
		f.Verdict, f.Reason = guide.Refuted, fmt.Sprintf(format, args...)
		return f, true
	}
	if p.Words != nil {
		for _, w := range words {
			if strings.HasPrefix(w, "-") {
				continue
			}
			if slices.Contains(p.Words, w) {
				f.Reason = name + " has the command " + w
				return f, true
			}
			if hint := strict.Suggest(w, p.Words); hint != "" && strings.ToLower(w) == w && editNear(w, p.Words) {
				return wrong("%s has no command %q%s", name, w, hint)
			}
			return f, false
		}
		return f, false
	}
	for i := 0; i < len(words); i++ {
		w := words[i]
		if !strings.HasPrefix(w, "-") || w == "-" || w == "--" {
			continue
		}
		if long, ok := strings.CutPrefix(w, "--"); ok {
			long, _, _ = strings.Cut(long, "=")
			if p.Long == nil {
				return f, false
			}
			if !slices.ContainsFunc(p.Long, func(l string) bool { return strings.HasPrefix(l, long) }) {
				return wrong("%s has no option %q%s", name, w, strict.Suggest(long, p.Long))
			}
			continue
		}
		for j := 1; j < len(w); j++ {
			c := string(w[j])
			if !strings.Contains(p.Letters, c) {
				return wrong("%s has no option -%s", name, c)
			}
			if !strings.Contains(p.With, c) {
				continue
			}
			value := w[j+1:]
			if value == "" && i+1 < len(words) {
				i++
				value = words[i]
			}
			if list := p.Values[c]; list != nil && !slices.Contains(list, value) && value != "" && !strings.ContainsAny(value, "<[{$") {
				return wrong("%s -%s takes %s, and not %q", name, c, strings.Join(list, ", "), value)
			}
			break
		}
	}
	return f, true
}

// editNear reports whether a word is one slip away from one of a list.
func editNear(word string, list []string) bool {
	return slices.ContainsFunc(slips(word), func(s string) bool { return slices.Contains(list, s) })
}
