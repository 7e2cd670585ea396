package nginx

import (
	"encoding/json"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for _, text := range []string{"1.31.0", "3", "1.25.3.1", "0"} {
		if v, ok := ParseVersion(text); !ok || v.String() != text {
			t.Errorf("%q is read as %q, %t", text, v, ok)
		}
	}
	for _, text := range []string{"", "1.", ".1", "1.x", "-1", "+1", "1.1.1w", "1.99999999999"} {
		if v, ok := ParseVersion(text); ok || v != nil {
			t.Errorf("%q is read as %q", text, v)
		}
	}
}

func TestFindVersion(t *testing.T) {
	for text, want := range map[string]string{
		"OpenSSL 1.1.1w  11 Sep 2023": "1.1.1", "nginx/1.27.3 (Ubuntu)": "1.27.3", "BoringSSL": "", "": "", "99999999999.1": "",
	} {
		if got := FindVersion(text).String(); got != want {
			t.Errorf("%q names the version %q, want %q", text, got, want)
		}
	}
}

func TestVersionCompare(t *testing.T) {
	version := func(text string) Version { v, _ := ParseVersion(text); return v }
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1.9.5", "1.25.1", -1}, {"1.25.1", "1.9.5", 1}, {"1.25.1", "1.25.1", 0}, {"1.31", "1.31.0", 0},
		{"1.31", "1.31.1", -1}, {"3.0.0", "1.1.1", 1}, {"", "1.0", -1}, {"", "", 0},
	} {
		if got := version(c.a).Compare(version(c.b)); got != c.want {
			t.Errorf("%q compared with %q is %d, want %d", c.a, c.b, got, c.want)
		}
	}
	for _, c := range []struct {
		v, since, before string
		want             bool
	}{
		{"1.25.1", "1.25.1", "", true}, {"1.25.0", "1.25.1", "", false}, {"1.25.1", "", "1.25.1", false},
		{"1.25.0", "", "1.25.1", true}, {"1.20", "1.19", "1.21", true}, {"1.20", "", "", true},
	} {
		if got := version(c.v).Within(version(c.since), version(c.before)); got != c.want {
			t.Errorf("%q is within %q and %q: %t, want %t", c.v, c.since, c.before, got, c.want)
		}
	}
}

func TestVersionAsText(t *testing.T) {
	var v struct {
		Since Version `json:"since,omitempty"`
		None  Version `json:"none,omitempty"`
	}
	const text = `{"since":"1.31.0"}`
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(v); err != nil || string(again) != text {
		t.Errorf("%s, %v; want %s", again, err, text)
	}
	const want = `"new" is not a version, such as 1.31.0`
	if err := json.Unmarshal([]byte(`{"since":"new"}`), &v); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
