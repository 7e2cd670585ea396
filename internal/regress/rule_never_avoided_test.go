package regress

import "testing"

func TestNeverAvoided(t *testing.T) {
	ruleTest{
		text: "upstream app {\n    server 10.0.0.1:80 max_fails=0 weight=2;\n    server 10.0.0.2:80;\n}\n" +
			"server { location / { proxy_pass http://app; } }",
		wrong: []Cell{trying("a, b", "b", "a, b", "b", "b", "a, b")},
		fixed: []Cell{trying("a, b", "b", "b", "b", "b", "b")},
		fine:  []Cell{trying("b")},
		says:  "/: a server of app that is dead is tried again and again, since max_fails=0 forgets its failures",
		fix:   "-    server …;\n+    server 10.0.0.1:80 weight=2;",
	}.run(t, neverAvoided)
	hasNoFix(t, neverAvoided, "upstream app { server 10.0.0.1:80; server 10.0.0.2:80; }\nserver { location / { proxy_pass http://app; } }")
}
