package deployment

import "testing"

func TestWithoutCredentials(t *testing.T) {
	for text, want := range map[string]string{
		`invalid port in upstream "http://user:hunter2@host:8443/"`: `invalid port in upstream "http://…@host:8443/"`,
		`host not found in upstream "http://host/a@b"`:              `host not found in upstream "http://host/a@b"`,
	} {
		if got := WithoutCredentials(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
