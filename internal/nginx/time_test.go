package nginx

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"0": 0, "60": time.Minute, "60s": time.Minute, "1m30s": 90 * time.Second, "1m30": 90 * time.Second,
		"500ms": 500 * time.Millisecond, "1s500ms": 1500 * time.Millisecond,
		"1h 30m": 90 * time.Minute, "2d": 2 * day, "1w": 7 * day, "1M": 30 * day, "1y": 365 * day, " 5 ": 5 * time.Second,
	} {
		if got, ok := ParseTime(text); !ok || got != want {
			t.Errorf("%q is read as %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{
		"", " ", "s", "-1", "5x", "$x", "1.5s", "5 x", "60k", "on",
		"30s1m", "5s 5s", "1 1", "5ms 5", "9999999999999999999", "99999999999", "2000000000y", "200y 200y", "1m\t5s",
	} {
		if got, ok := ParseTime(text); ok {
			t.Errorf("%q is read as %s, but nginx refuses it", text, got)
		}
	}
}

func TestFormatTime(t *testing.T) {
	for want, d := range map[string]time.Duration{"0s": 0, "60s": time.Minute, "1500ms": 1500 * time.Millisecond} {
		if got := FormatTime(d); got != want {
			t.Errorf("%s is written as %q, want %q", d, got, want)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, text := range []string{"", "60", "1m30s", "500ms", "1h 30m", "9999999999999999999y", "1y1M1w1d1h1m1s1ms"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := ParseTime(text)
		if d < 0 || !ok && d != 0 {
			t.Fatalf("%q is read as %s, %t", text, d, ok)
		}
		if again, ok2 := ParseTime(FormatTime(d)); ok && (!ok2 || again != d) {
			t.Errorf("%q is read as %s, and %q as %s", text, d, FormatTime(d), again)
		}
	})
}
