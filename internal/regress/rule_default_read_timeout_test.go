package regress

import (
	"testing"

	"github.com/gatewaylab/lab/internal/strict"
)

func TestDefaultReadTimeout(t *testing.T) {
	ruleTest{
		text:  "server {\n    location / {\n        proxy_pass http://app;\n    }\n}",
		wrong: []Cell{waiting("proxy_read_timeout 60s")},
		fixed: []Cell{waiting("proxy_read_timeout 10s")},
		fine:  []Cell{waiting("proxy_read_timeout 5s")},
		says:  "/: a client waits 60s for nothing where the upstream stalls, since proxy_read_timeout is nginx's default",
		fix:   "+        proxy_read_timeout 10s;",
	}.run(t, defaultReadTimeout)
}

// Who has written 60 s has decided it.
func TestDefaultReadTimeoutThatIsWritten(t *testing.T) {
	t.Parallel()
	_, targets := surveyed(t, "proxy_read_timeout 1m;\nserver { location / { proxy_pass http://app; } }")
	if defaultReadTimeout.wrong(targetAt(t, targets, "/"), []Cell{waiting("proxy_read_timeout 60s")}) {
		t.Error("the rule complains about a timeout that somebody has set")
	}
	endless := Cell{After: strict.Words{noTimeout}}
	if defaultReadTimeout.right(nil, []Cell{endless}) || defaultReadTimeout.right(nil, []Cell{fromApp}) {
		t.Error("a fix with which no timeout ends the request is taken for proven")
	}
}
