package regress

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/labtest"
)

// Advice is given where something is wrong, its fix is proven, and of the fixed
// configuration the same is not said again.
func TestAdvise(t *testing.T) {
	pool := labtest.Pool(t)
	c, all, err := Advise(t.Context(), pool, open(t, "testdata/advice"), options, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"default-read-timeout": "/hangs", "default-connect-timeout": "/hangs", "sent-twice": "/twice", "never-avoided": "/never", "unverified": "/tls", "no-sni": "/tls", "keepalive-race": "/kept",
		"error-page-of-the-upstream": "/hangs", "error-page-behind-the-upstream": "/",
	}
	for _, r := range rules {
		i := slices.IndexFunc(all, func(a Advice) bool { return a.Rule == r.name && a.Location == want[r.name] })
		if i < 0 {
			t.Errorf("no advice %s about %s", r.name, want[r.name])
			continue
		}
		a := all[i]
		if !a.Proven || a.Fix == "" || len(a.Shown) != len(r.cells) || len(a.After) != len(r.cells) || a.File != "testdata/advice/nginx.conf" || a.Line == 0 || a.Severity != r.severity {
			t.Errorf("%+v", a)
		}
	}
	for _, a := range all {
		if a.Location == "/fine" {
			t.Errorf("advice about what is right: %s", a.Says)
		}
		if strings.Contains(a.Fix, "hunter2") {
			t.Errorf("a secret in %s", a.Fix)
		}
	}
	if t.Failed() {
		for _, a := range all {
			t.Logf("%s:%d %s %v: %s", a.File, a.Line, a.Rule, a.Proven, a.Says)
		}
		t.Log(c.Notes)
	}
}
