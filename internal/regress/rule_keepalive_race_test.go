package regress

import "testing"

func TestKeepaliveRace(t *testing.T) {
	ruleTest{
		text:  "upstream app {\n    server 10.0.0.1:80;\n    keepalive 8;\n}\nserver { location / { proxy_pass http://app; } }",
		wrong: []Cell{badGateway},
		fixed: []Cell{fromApp},
		fine:  []Cell{fromApp},
		says: "/: nginx keeps connections to app for 60s: a POST on one that the application is just closing fails, " +
			"since nginx may not send it again",
		fix: "+    keepalive_timeout 4s;",
	}.run(t, keepaliveRace)
	c, targets := surveyed(t, "upstream app {\n server 10.0.0.1:80;\n keepalive 8;\n keepalive_timeout 30s;\n}\n"+
		"server { location / { proxy_pass http://app; } }")
	const want = "- keepalive_timeout …;\n+ keepalive_timeout 4s;"
	if got := fixOf(t, c, targetAt(t, targets, "/"), keepaliveRace); got != want {
		t.Errorf("the fix is\n%s\nwant\n%s", got, want)
	}
}
