package scan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/lazy"
)

var (
	numberText = lazy.Regexp(`\b(\d{1,3}): ([A-Z][A-Za-z/' -]{6,60})`)
	textNumber = lazy.Regexp(
		`(?i)\b(connection refused|connection reset by peer|connection timed out|permission denied|no such file or directory|no route to host|address already in use|broken pipe|network is unreachable|too many open files)["'` + "`" + `’”*]{0,4} ?\((\d{1,3})\)`,
	)
	verifyText = lazy.Regexp(`verify error: ?\((\d{1,3}):([^)]+)\)`)
)

// leastNumber is the smallest number that needs no brackets to be taken for an error's:
// smaller ones may be a footnote's, or a list's.
const leastNumber = 98

// errnosIn judges the pairs of an error number and its text. Those that are right are
// not mentioned: they are part of something else.
func errnosIn(s guide.Statement) []Finding {
	if s.Kind == guide.Code && shellOrOther(s.Lang) {
		return nil
	}
	var list []Finding
	add := func(at int, pair string, number int, text string) {
		if f, wrong := judgeErrno(number, text); wrong {
			f.Line, f.Text = s.LineAt(at), pair
			list = append(list, f)
		}
	}
	for _, m := range numberText().FindAllStringSubmatchIndex(s.Text, -1) {
		// "verify error: (20:…" has numbers of its own.
		if strings.HasSuffix(strings.TrimRight(s.Text[:m[0]], "( "), "verify error:") {
			continue
		}
		number, _ := strconv.Atoi(s.Text[m[2]:m[3]])
		text := s.Text[m[4]:m[5]]
		// "Step 2: Permission denied" is a heading.
		if number < leastNumber && (m[0] == 0 || s.Text[m[0]-1] != '(') {
			continue
		}
		add(m[0], s.Text[m[0]:m[4]]+knownPrefix(text), number, text)
	}
	for _, m := range textNumber().FindAllStringSubmatchIndex(s.Text, -1) {
		if number, _ := strconv.Atoi(s.Text[m[4]:m[5]]); number >= leastNumber && number < 200 {
			add(m[0], s.Text[m[0]:m[1]], number, s.Text[m[2]:m[3]])
		}
	}
	return list
}

const errnoSource = "errno.h of Linux; glibc's and musl's texts"

// judgeErrno reports a pair that no Linux has.
func judgeErrno(number int, text string) (Finding, bool) {
	t := known()
	right, ok := t.Linux[number]
	is := func(candidate string) bool { return begins(text, candidate) }
	if ok && slices.ContainsFunc(right, is) {
		return Finding{}, false
	}
	f := Finding{Kind: Errno, Source: errnoSource}
	if slices.ContainsFunc(t.BSD[number], is) {
		f.Verdict, f.Reason = guide.Conditional, "these are the numbers of FreeBSD and macOS"
		if n := numberOf(text); n > 0 {
			f.Correct = fmt.Sprintf("(%d: %s)", n, t.Linux[n][0])
			f.Reason += fmt.Sprintf("; on Linux %q is %d", t.Linux[n][0], n)
		}
		return f, true
	}
	belongs := numberOf(text)
	if belongs == 0 {
		return f, false // a text that is in no table decides nothing
	}
	f.Verdict = guide.Refuted
	f.Correct = fmt.Sprintf("(%d: %s)", belongs, knownPrefix(text))
	if ok {
		f.Reason = fmt.Sprintf("%d is %q, and %q is %d", number, right[0], knownPrefix(text), belongs)
	} else {
		f.Reason = fmt.Sprintf("%q is %d", knownPrefix(text), belongs)
	}
	return f, true
}

// begins reports whether a text begins with a known one, whatever its case.
func begins(text, with string) bool {
	return len(text) >= len(with) && strings.EqualFold(text[:len(with)], with)
}

// numberOf is the number whose text it is; 0: nobody's.
func numberOf(text string) int {
	best, length := 0, 0
	for number, texts := range known().Linux {
		for _, one := range texts {
			if begins(text, one) && len(one) > length {
				best, length = number, len(one)
			}
		}
	}
	return best
}

// knownPrefix is the known text that a text begins with.
func knownPrefix(text string) string {
	best := ""
	for _, texts := range known().Linux {
		for _, one := range texts {
			if begins(text, one) && len(one) > len(best) {
				best = text[:len(one)]
			}
		}
	}
	return best
}
