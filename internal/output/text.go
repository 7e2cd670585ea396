package output

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gatewaylab/lab/internal/lazy"
)

// escapes are terminal sequences: colours and cursor moves (CSI), titles and links
// (OSC, DCS, …), and the two-byte ones.
var escapes = lazy.Regexp(`\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?`)

// Clean takes out of untrusted text what a terminal would obey: escape sequences,
// control characters but newline and tab, and characters that turn the direction of
// writing.
func Clean(s string) string {
	if plainText(s) {
		return s
	}
	s = escapes().ReplaceAllString(strings.ToValidUTF8(s, "\uFFFD"), "")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ', obeyed(r):
			return -1
		}
		return r
	}, s)
}

// plainText is for the text that most is, which needs no looking into.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// obeyed is what a terminal or an editor may obey, or YAML does not read, besides the
// first 32 characters.
func obeyed(r rune) bool {
	return r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Bidi_Control, r) || strings.ContainsRune("\u2028\u2029\uFEFF\uFFFE\uFFFF", r)
}

// OneLine is clean text for a cell.
func OneLine(s string) string {
	s = Clean(s)
	if !strings.ContainsAny(s, "\n\t") && !strings.Contains(s, "  ") && strings.Trim(s, " ") == s && isASCII(s) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// isASCII keeps the short way from the blanks of other scripts.
func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf || r == '\v' || r == '\f' || r == '\r' })
}

// Cut shortens text to n characters.
func Cut(s string, n int) string {
	if n <= 0 || utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// Indent puts prefix in front of every line.
func Indent(prefix, text string) string {
	return prefix + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+prefix)
}

// Seconds is a time span for people: tenths of a second.
func Seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

// Size is an amount of data for people.
func Size(bytes int64) string {
	switch {
	case bytes >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
	case bytes >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
}

// Plural is a number of things: "1 entry", "2 entries".
func Plural[N int | int64](n N, word string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, word)
	}
	switch stem, isY := strings.CutSuffix(word, "y"); {
	case isY && !strings.HasSuffix(stem, "a") && !strings.HasSuffix(stem, "e") && !strings.HasSuffix(stem, "o"):
		word = stem + "ie"
	case strings.HasSuffix(word, "x"):
		word += "e"
	}
	return fmt.Sprintf("%d %ss", n, word)
}
