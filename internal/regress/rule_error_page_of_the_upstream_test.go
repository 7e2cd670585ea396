package regress

import (
	"testing"

	"github.com/gatewaylab/lab/internal/strict"
)

func TestErrorPageOfTheUpstream(t *testing.T) {
	ruleTest{
		text:  "server {\n    location / {\n        proxy_pass http://app;\n    }\n}",
		wrong: []Cell{{Status: strict.Numbers{500}, From: fromUpstream, Shows: strict.Words{"the upstream's error page"}}},
		fixed: []Cell{{Status: strict.Numbers{503}, From: fromConfig}},
		fine:  []Cell{{Status: strict.Numbers{500}, From: fromConfig}},
		says:  "/: a client gets the upstream's own error page, with whatever it says of the inside",
		fix: "+    location @upstream_failed {\n+        default_type text/plain;\n" +
			"+        return 503 \"The service is not available.\\n\";\n+    }\n" +
			"+        proxy_intercept_errors on;\n+        error_page 500 502 503 504 @upstream_failed;",
	}.run(t, errorPageOfTheUpstream)
}
