package strict

import "testing"

func TestSuggest(t *testing.T) {
	for word, want := range map[string]string{
		"wrong-prot": `, did you mean "wrong-port"?`,
		"port":       `, did you mean "wrong-port"?`,
		"zzz":        "",
		"x":          "",
	} {
		if got := Suggest(word, []string{"service-dead", "wrong-port"}); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", word, got, want)
		}
	}
}
