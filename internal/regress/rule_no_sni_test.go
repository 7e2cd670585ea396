package regress

import "testing"

func TestNoSNI(t *testing.T) {
	ruleTest{
		text:  "server {\n    location / {\n        proxy_pass https://app.internal;\n    }\n}",
		wrong: []Cell{badGateway, fromApp},
		fixed: []Cell{fromApp, fromApp},
		fine:  []Cell{badGateway, badGateway},
		says: "/: nginx does not tell the upstream its name (SNI): a server with several certificates refuses " +
			"or presents the wrong one",
		fix: "+        proxy_ssl_server_name on;",
	}.run(t, noSNI)
	c, targets := surveyed(t, "server {\n location / {\n  proxy_pass https://10.0.0.1;\n  proxy_ssl_server_name off;\n }\n}")
	const want = "-  proxy_ssl_server_name off;\n+  proxy_ssl_server_name on; proxy_ssl_name the-name-in-the-certificate.example;"
	if got := fixOf(t, c, targetAt(t, targets, "/"), noSNI); got != want {
		t.Errorf("the fix is\n%s\nwant\n%s", got, want)
	}
}
