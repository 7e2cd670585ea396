package guide

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// normal removes what changes when a guide is saved in another format: upper and lower case,
// white space, quotes and marks of emphasis. It keeps numbers, words and signs. It also keeps
// the case of a command's options, because -t and -T are different.
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

// Fingerprint identifies the text of a statement. It is the beginning of the SHA-256 of the
// normal form.
func Fingerprint(text string) string {
	sum := sha256.Sum256([]byte(normal(text)))
	return hex.EncodeToString(sum[:6])
}

// keys are the forms in which a statement is looked up. They are made only once for a text,
// because every claim is compared with every statement.
type keys struct{ text, normal, fingerprint string }

func (s *Statement) key() keys {
	if s.keys.fingerprint == "" || s.keys.text != s.Text {
		s.keys = keys{s.Text, normal(s.Text), Fingerprint(s.Text)}
	}
	return s.keys
}
