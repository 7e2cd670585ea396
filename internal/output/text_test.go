package output

import "testing"

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\nof two lines":           "plain\ttext\nof two lines",
		"\x1b[1;31mred\x1b[0m":                "red",
		"\x1b]0;title\x07after":               "after",
		"\x1b]8;;http://x\x1b\\link":          "link",
		"\x1bPdevice\x1b\\x":                  "x",
		"cut \x1b[3":                          "cut 3",
		"a\x1b":                               "a",
		"bell\x07 back\x08 null\x00 del\x7f.": "bell back null del.",
		"line\r\nend\rover":                   "line\nendover",
		"\u009b31mC1":                         "31mC1",
		"bidi \u202eabc\u2066":                "bidi abc",
		"bad \xff\xfe utf-8":                  "bad \uFFFD utf-8",
		"ümlaut 日本":                           "ümlaut 日本",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	for word, want := range map[string]string{
		"trial": "2 trials", "entry": "2 entries", "day": "2 days", "key": "2 keys", "box": "2 boxes", "other line": "2 other lines",
	} {
		if got, one := Plural(int64(2), word), Plural(1, word); got != want || one != "1 "+word {
			t.Errorf("%q and %q, want %q", one, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add(hostile)
	f.Fuzz(func(t *testing.T, s string) {
		once := Clean(s)
		for _, r := range once {
			if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
				t.Errorf("Clean(%q) = %q", s, once)
			}
		}
		if again := Clean(once); again != once {
			t.Errorf("Clean(%q) = %q, and once more %q", s, once, again)
		}
	})
}

// hostile is text that a terminal, a page or a table would obey.
const hostile = "\x1b[31mred\x1b[0m \x1b]0;title\x07<script>alert(1)</script> | `code` ]]> \x00\u202Eabc\r\nnext"
