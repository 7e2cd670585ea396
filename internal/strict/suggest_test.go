package strict

import (
	"strings"
	"testing"
)

func TestSuggest(t *testing.T) {
	t.Parallel()
	const (
		forms  = "table plain json yaml markdown html sarif github junit name"
		ids    = "service-dead wrong-port"
		fields = "status statuses body from complete bytes recorded at_least at_most"
		steps  = "check reload restart-nginx stop-nginx run wait chmod chown remove restart-backend"
		levels = "debug info notice warn error crit alert emerg"
		tags   = "500 502 504 tcp tls unix"
	)
	for _, row := range []struct{ word, candidates, want string }{
		{"wrong-prot", ids, "wrong-port"},
		{"port", ids, "wrong-port"}, // a part of the candidate
		{"zzz", ids, ""},
		{"x", ids, ""},
		{"", ids, ""},
		// Three letters.
		{"rnu", steps, "run"},
		{"rn", steps, ""},
		{"cmd", steps, ""},
		{"tls", "tcp unix", ""},
		{"tlss", "tcp tls", "tls"},
		{"yml", forms, "yaml"},
		{"xml", forms, ""},
		{"csv", forms, ""},
		// Four letters.
		{"yaml", "table json markdown html junit", ""},
		{"htm", forms, "html"},
		{"jsno", forms, "json"},
		{"josn", forms, "json"},
		{"YAML", forms, "yaml"},
		{"text", forms, ""},
		{"list", forms, ""},
		{"eror", levels, "error"},
		{"fail", levels, ""},
		{"wran", levels, "warn"},
		// Longer words.
		{"juint", forms, "junit"},
		{"tabel", forms, "table"},
		{"staus", fields, "status"},
		{"statsu", fields, "status"},
		{"stauts_", fields, "status"},
		{"markdonw", forms, "markdown"},
		{"restart-backned", steps, "restart-backend"},
		{"restart", steps, "restart-nginx"},
		{"delete", steps, ""},
		{"title", fields, ""},
		// Numbers.
		{"501", tags, ""},
		{"50", tags, ""},
		// Words that are too long to be compared.
		{strings.Repeat("a", maxWord+1), strings.Repeat("a", maxWord), ""},
		{strings.Repeat("a", maxWord-1), strings.Repeat("a", maxWord), strings.Repeat("a", maxWord)},
	} {
		want := row.want
		if want != "" {
			want = `, did you mean "` + want + `"?`
		}
		if got := Suggest(row.word, strings.Fields(row.candidates)); got != want {
			t.Errorf("Suggest(%q) of %s = %q, want %q", row.word, row.candidates, got, want)
		}
	}
}
