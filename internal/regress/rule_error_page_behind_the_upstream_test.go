package regress

import (
	"testing"

	"github.com/gatewaylab/lab/internal/strict"
)

func TestErrorPageBehindTheUpstream(t *testing.T) {
	again := Cell{Status: strict.Numbers{502}, From: fromNginx, Tried: strict.Words{"app, app"}, Via: strict.Words{"/sorry"}}
	retried := again
	retried.Via = nil // a second attempt of the first request
	ruleTest{
		text:  "server {\n    error_page 502 /sorry.html;\n    location / {\n        proxy_pass http://app;\n    }\n}",
		wrong: []Cell{again},
		fixed: []Cell{badGateway},
		fine:  []Cell{retried},
		says:  "/: when the upstream fails, nginx asks the same upstream for the error page, and a client waits twice",
		fix:   "+    location = /sorry.html {\n+        internal;\n+    }",
	}.run(t, errorPageBehindTheUpstream)
	hasNoFix(t, errorPageBehindTheUpstream, "server { error_page 502 @sorry; location / { proxy_pass http://app; } }")
	hasNoFix(t, errorPageBehindTheUpstream, "server { location / { proxy_pass http://app; } }")
}
