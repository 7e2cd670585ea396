package regress

import "testing"

func TestSentTwice(t *testing.T) {
	const pair = "upstream app { server 10.0.0.1:80; server 10.0.0.2:80; }\n"
	ruleTest{
		text: pair + "server {\n    location / {\n        proxy_pass http://app;\n" +
			"        proxy_next_upstream error timeout non_idempotent;\n    }\n}",
		wrong: []Cell{badGateway, sentTwiceTo, badGateway},
		fixed: []Cell{badGateway, badGateway, badGateway},
		fine:  []Cell{badGateway, fromApp, badGateway},
		says:  "/: a POST is sent to a second server after the first one had it",
		fix:   "-        proxy_next_upstream error timeout non_idempotent;\n+        proxy_next_upstream error timeout;",
	}.run(t, sentTwice)
	hasNoFix(t, sentTwice, pair+"server { location / { proxy_pass http://app; proxy_next_upstream non_idempotent; } }")
	hasNoFix(t, sentTwice, pair+"server { location / { proxy_pass http://app; } }")
}
