package scan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/lazy"
)

// cause is a status that is said to go with a log line or with a failure.
type cause struct {
	line     int
	text     string // the guide's own
	status   int
	message  string    // of the log line that the failure leaves
	patterns []pattern // that have it
}

var (
	statusNumber = lazy.Regexp(
		`(?:^|[^\w.:/#$-])(400|404|408|413|414|431|444|494|495|496|497|499|500|501|502|503|504)(?:$|[^\w.:%/-]|[.:,](?:\s|$))`,
	)
	// Words after which a status is said not to be there, or of something else.
	contrast = lazy.Regexp(
		`(?i)\b(not|never|instead|unlike|rather|no longer|whereas|differ\w*|contrast|versus|vs|except|although|becomes?|turns? into|used to|neither|nor|without|cannot|both|either|also|sometimes|error_page|limit_req_status|limit_conn_status|proxy_intercept_errors|proxy_next_upstream)\b|n't\b`,
	)
	// Failures in words, and the lines that they leave.
	phrases = []struct {
		find    func() *regexp.Regexp
		message string
	}{
		{lazy.Regexp(`(?i)\bconnection refused\b|\(111\b`), "connect() failed (111: Connection refused)"},
		{lazy.Regexp(`(?i)\bupstream timed out\b`), "upstream timed out (110: Connection timed out)"},
		{lazy.Regexp(`(?i)\bconnection reset by peer\b|\(104\b`), "recv() failed (104: Connection reset by peer)"},
		{lazy.Regexp(`(?i)\bprematurely closed( the)? connection\b`), "upstream prematurely closed connection"},
		{lazy.Regexp(`(?i)\bno live upstreams\b`), "no live upstreams"},
		{lazy.Regexp(`(?i)\bupstream sent too big header\b`), "upstream sent too big header"},
		{lazy.Regexp(`(?i)\blimiting requests\b`), `limiting requests, excess: 0.500 by zone "x"`},
		{lazy.Regexp(`(?i)\blimiting connections\b`), `limiting connections by zone "x"`},
		{lazy.Regexp(`\(2: No such file or directory\)`), "connect() to unix:/x failed (2: No such file or directory)"},
		{lazy.Regexp(`\bunix\b.*\(13: Permission denied\)`), "connect() to unix:/x failed (13: Permission denied)"},
	}
)

// statusesIn is the statuses that a text names, each once.
func statusesIn(text string) []int {
	var list []int
	for at := 0; ; {
		m := statusNumber().FindStringSubmatchIndex(text[at:])
		if m == nil {
			return list
		}
		n, _ := strconv.Atoi(text[at+m[2] : at+m[3]])
		if !slices.Contains(list, n) {
			list = append(list, n)
		}
		at += m[3] // what follows one may precede the next
	}
}

// failuresIn is the messages of the failures that a text names, each once.
func failuresIn(text string) []string {
	var list []string
	for _, p := range phrases {
		if p.find().MatchString(text) {
			list = append(list, p.message)
		}
	}
	return list
}

// causesOf finds statements that name one status and one failure, and log lines whose
// introduction or section is about one status.
func causesOf(statements []guide.Statement, samples []*sample, all patterns) []cause {
	var list []cause
	add := func(s guide.Statement, text string, statuses []int, failures []string) {
		if len(statuses) != 1 || len(failures) != 1 {
			return
		}
		c := cause{line: s.Line, text: text, status: statuses[0], message: failures[0]}
		probe := sample{message: failures[0]}
		if one := only(samples, s); one != nil {
			c.line, probe.message, probe.action = one.line, one.message, one.action
			c.message = one.message
			if one.contradictory() {
				return
			}
		}
		if c.patterns = all.fitting(&probe); len(c.patterns) > 0 {
			list = append(list, c)
		}
	}
	heading, others := guide.Statement{}, false // of the section; it names further statuses
	firstHeading := true
	lead := guide.Statement{} // the last sentence that is not of a list
	for i, s := range statements {
		switch s.Kind {
		case guide.Heading:
			heading, others = s, firstHeading // the guide's title speaks for all of it
			firstHeading, lead = false, guide.Statement{}
			continue
		case guide.Code:
			list = append(list, commented(s, all)...)
			continue
		case guide.Log:
			failures := failuresIn(s.Text)
			if i > 0 && introduces(statements[i-1], s) {
				before := statements[i-1]
				add(s, before.Text+" "+s.Text, statusesIn(before.Text), failures)
			} else if !others && !contrast().MatchString(heading.Text) {
				add(s, heading.Text+" | "+s.Text, statusesIn(heading.Text), failures)
			}
			continue
		}
		if s.Kind != guide.Item {
			lead = s
		}
		statuses := statusesIn(s.Text)
		// A list of log lines below a sentence about one status.
		if s.Kind == guide.Item && len(statuses) == 0 && lead.Line > 0 && listed(lead) && !contrast().MatchString(s.Text) {
			if one := only(samples, s); one != nil && strings.HasPrefix(s.Text, one.text) {
				add(s, lead.Text+" "+s.Text, statusesIn(lead.Text), failuresIn(s.Text))
				continue
			}
		}
		of := statusesIn(heading.Text)
		others = others || slices.ContainsFunc(statuses, func(n int) bool { return !slices.Contains(of, n) }) ||
			contrast().MatchString(s.Text) && len(statuses) > 0
		if !contrast().MatchString(s.Text) {
			add(s, s.Text, statuses, failuresIn(s.Text))
		}
	}
	return list
}

// introduces reports whether a statement leads to the log line below it.
func introduces(s, line guide.Statement) bool {
	return (s.Kind == guide.Sentence || s.Kind == guide.Item) && line.Line-s.End <= 3 &&
		strings.HasSuffix(strings.TrimSpace(s.Text), ":") &&
		len(statusesIn(s.Text)) == 1 &&
		!contrast().MatchString(s.Text)
}

// listed reports whether a list of log lines that go with one status follows a sentence.
func listed(s guide.Statement) bool {
	return strings.HasSuffix(strings.TrimSpace(s.Text), ":") && len(statusesIn(s.Text)) == 1 && !contrast().MatchString(s.Text) &&
		logWords().MatchString(s.Text)
}

var logWords = lazy.Regexp(`(?i)\b(log|logs|logged|messages?|lines?|entry|entries)\b`)

// commented finds, in a block, comments with a status above a log line.
func commented(s guide.Statement, all patterns) []cause {
	var list []cause
	comment, at := "", 0
	for line := range strings.SplitSeq(s.Text, "\n") {
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(text, "#") || strings.HasPrefix(text, "//"):
			comment = text
		case text == "":
			comment = ""
		case comment != "":
			statuses, failures := statusesIn(comment), failuresIn(text)
			if len(statuses) == 1 && len(failures) == 1 && !contrast().MatchString(comment) && message().MatchString(text) {
				c := cause{line: s.LineAt(at), text: comment + " " + text, status: statuses[0], message: failures[0]}
				if c.patterns = all.fitting(&sample{message: c.message}); len(c.patterns) > 0 {
					list = append(list, c)
				}
			}
			comment = ""
		}
		at += len(line) + 1
	}
	return list
}

// only is the one sample of a statement.
func only(samples []*sample, s guide.Statement) *sample {
	var found *sample
	for _, one := range samples {
		if !one.fragment && one.statement.Line == s.Line && one.statement.Text == s.Text {
			if found != nil {
				return nil
			}
			found = one
		}
	}
	return found
}

// decideCause compares the status with what the client got where nginx wrote the line.
func (s *Scan) decideCause(c cause, results map[string]experiment.Result) []Finding {
	var lines []written
	for _, p := range picked(c.patterns) {
		found, _ := linesOf(p, c.message, results)
		lines = append(lines, found...)
	}
	if len(lines) == 0 {
		return nil
	}
	want := strconv.Itoa(c.status)
	f := Finding{Line: c.line, Kind: Status, Text: c.text}
	for _, e := range evidenceOf(lines) {
		if strings.Contains(e.Status, want) {
			f.Evidence = append(f.Evidence, e)
		}
	}
	if len(f.Evidence) > 0 {
		f.Verdict, f.Reason = guide.Holds, fmt.Sprintf("nginx answers %s where it writes this", want)
		return []Finding{f}
	}
	for _, p := range c.patterns {
		if slices.Contains(p.statuses, c.status) {
			f.Verdict, f.Reason, f.Suggests = guide.Inconclusive, "only a scenario that was not run shows this status", []string{
				p.scenario.ID,
			}
			return []Finding{f}
		}
	}
	f.Evidence = evidenceOf(lines)
	f.Verdict, f.Correct = guide.Refuted, f.Evidence[0].Status
	f.Reason = fmt.Sprintf(
		"nginx answers %s where it writes %q, and %s in no scenario of the catalogue",
		f.Evidence[0].Status,
		c.message,
		want,
	)
	return []Finding{f}
}
