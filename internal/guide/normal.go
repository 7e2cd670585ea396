package guide

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// normal is a text without what changes when a guide is saved in another format: case,
// blanks, quotes and marks of emphasis. Numbers, words and signs stay, and so does the case
// of a command's options: -t and -T are two.
func normal(text string) string {
	before, option := ' ', false
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r == '-':
			option = !unicode.IsLetter(before) && !unicode.IsDigit(before) && before != '-'
		case !unicode.IsLetter(r):
			option = false
		}
		before = r
		switch {
		case option:
			return r
		case unicode.IsSpace(r), strings.ContainsRune("\"'`*“”‘’«»\u200b", r):
			return -1
		case strings.ContainsRune("–—‑−", r):
			return '-'
		}
		return unicode.ToLower(r)
	}, text), ".:;,!?")
}

// Fingerprint tells whether a statement is still the same: the beginning of the SHA-256
// of its normalised text.
func Fingerprint(text string) string {
	sum := sha256.Sum256([]byte(normal(text)))
	return hex.EncodeToString(sum[:6])
}

// keys are what a statement is found by. Every claim looks at every statement, so they
// are made once for a text.
type keys struct{ text, normal, fingerprint string }

func (s *Statement) key() keys {
	if s.keys.fingerprint == "" || s.keys.text != s.Text {
		s.keys = keys{s.Text, normal(s.Text), Fingerprint(s.Text)}
	}
	return s.keys
}
