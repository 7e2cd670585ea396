package regress

import "testing"

func TestUnverified(t *testing.T) {
	ruleTest{
		text:  "server {\n    location / {\n        proxy_pass https://app.internal;\n    }\n}",
		wrong: []Cell{fromApp, badGateway, badGateway, fromApp},
		fixed: []Cell{badGateway, badGateway, badGateway, fromApp},
		fine:  []Cell{fromApp, fromApp, fromApp, badGateway}, // nothing works, so nothing is shown
		says:  "/: the upstream's certificate is not verified: a wrong one is accepted",
		fix: "+        proxy_ssl_verify on;\n+        proxy_ssl_verify_depth 3;\n" +
			"+        proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;",
	}.run(t, unverified)
}

// What is written is changed and not repeated, and a name that lab cannot know is left to
// the owner.
func TestUnverifiedFixes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"upstream u { server app.internal:443; }\nserver {\n location / {\n  proxy_pass https://u;\n  proxy_ssl_verify off;\n" +
			"  proxy_ssl_trusted_certificate /ca.pem;\n }\n}": "+  proxy_ssl_name app.internal;\n" +
			"-  proxy_ssl_verify off;\n+  proxy_ssl_verify on;",
		"server {\n location / {\n  proxy_pass https://10.0.0.1;\n  proxy_ssl_trusted_certificate /ca.pem;\n }\n}": "" +
			"+  proxy_ssl_verify on;\n" +
			"+  proxy_ssl_verify_depth 3;\n+  proxy_ssl_name the-name-in-the-certificate.example;",
	} {
		c, targets := surveyed(t, text)
		if got := fixOf(t, c, targetAt(t, targets, "/"), unverified); got != want {
			t.Errorf("the fix of\n%s\nis\n%s\nwant\n%s", text, got, want)
		}
	}
}
