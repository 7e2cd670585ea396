package scan

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
)

var reasonMark = lazy.Regexp(`^(sslv3 alert|ssl/tls alert|tlsv1 alert|tlsv13 alert|tlsv1) `)

// judgeOpenSSL judges the OpenSSL error of a log line; false: there is none, or it says
// nothing that a table knows.
func (s *Scan) judgeOpenSSL(one *sample, evidence []Evidence) (Finding, bool) {
	f := Finding{Line: one.line, Kind: OpenSSL, Text: one.text, Evidence: evidence}
	if m := verifyText().FindStringSubmatch(one.message); m != nil {
		return s.judgeVerify(f, m[1], m[2])
	}
	m := opensslError().FindStringSubmatch(one.message)
	if m == nil {
		return f, false
	}
	code, function, reason := strings.ToUpper(m[1]), m[3], m[4]
	number, _ := sslReason(m[0])
	if a := alertNumber().FindStringSubmatch(one.message); a != nil && number >= 1000 && a[1] != strconv.Itoa(number-1000) {
		f.Verdict, f.Reason = guide.Refuted, fmt.Sprintf("the code %s is of alert %d, and the text has alert %s", code, number-1000, a[1])
		return f, true
	}
	if texts, ok := known().Reasons[number]; ok && reason != "" {
		word, right := reasonMark().ReplaceAllString(reason, ""), false
		for _, text := range texts {
			right = right || strings.EqualFold(word, text)
		}
		if other := reasonOf(word); !right && other > 0 {
			f.Verdict, f.Reason = guide.Refuted, fmt.Sprintf("the code %s is %q, and %q is %d", code, texts[0], word, other)
			return f, true
		}
	}
	version := nginx.FindVersion(s.nginx.OpenSSL)
	for _, a := range known().Ages {
		if !a.Code.MatchString(code) || !a.Function.MatchString(function) || !a.Reason.IsZero() && !a.Reason.MatchString(reason) {
			continue
		}
		f.Source = a.Source
		switch {
		case version == nil:
			f.Verdict, f.Reason = guide.Inconclusive, fmt.Sprintf("this text is of %s, and this nginx does not say which it has", a.Name)
		case version.Within(a.From, a.Until):
			f.Verdict, f.Reason = guide.Holds, "this text is of "+a.Name
		default:
			f.Verdict, f.Reason = guide.Conditional, fmt.Sprintf(
				"this text is of %s; OpenSSL %s, which this nginx has, words it differently",
				a.Name,
				version,
			)
		}
		return f, true
	}
	f.Verdict, f.Reason = guide.Inconclusive, "no age of OpenSSL in lab's table words it so"
	return f, true
}

func reasonOf(word string) int {
	for number, texts := range known().Reasons {
		for _, text := range texts {
			if strings.EqualFold(text, word) {
				return number
			}
		}
	}
	return 0
}

// judgeVerify judges the number and the text of a certificate's verification.
func (s *Scan) judgeVerify(f Finding, number, text string) (Finding, bool) {
	n, _ := strconv.Atoi(number)
	words, ok := known().Verify[n]
	if !ok {
		return f, false
	}
	f.Source = "crypto/x509/x509_txt.c of OpenSSL"
	version := nginx.FindVersion(s.nginx.OpenSSL)
	text = strings.TrimSpace(text)
	for _, w := range words {
		if !strings.EqualFold(w.Text, text) {
			continue
		}
		f.Verdict, f.Reason = guide.Holds, ""
		if version != nil && !version.Within(w.From, w.Until) {
			f.Verdict, f.Reason = guide.Conditional, fmt.Sprintf(
				"this text is of OpenSSL %s; OpenSSL %s, which this nginx has, words it differently",
				versions(w.From, w.Until),
				version,
			)
		}
		return f, true
	}
	for other, list := range known().Verify {
		for _, w := range list {
			if strings.EqualFold(w.Text, text) {
				f.Verdict, f.Reason = guide.Refuted, fmt.Sprintf("%d is %q, and %q is %d", n, words[len(words)-1].Text, text, other)
				return f, true
			}
		}
	}
	return f, false
}

// versions is a range of them in words.
func versions(from, until nginx.Version) string {
	switch {
	case from.Compare(nil) == 0:
		return "before " + until.String()
	case until == nil:
		return from.String() + " and newer"
	}
	return from.String() + " to before " + until.String()
}
