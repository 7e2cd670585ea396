package regress

import "testing"

func TestDefaultConnectTimeout(t *testing.T) {
	ruleTest{
		text:  "server {\n    location / {\n        fastcgi_pass 10.0.0.1:9000;\n    }\n}",
		wrong: []Cell{waiting("fastcgi_connect_timeout 60s")},
		fixed: []Cell{waiting("fastcgi_connect_timeout 3s")},
		fine:  []Cell{badGateway},
		says: "/: a client waits 60s for nothing where the upstream takes no connection, " +
			"since fastcgi_connect_timeout is nginx's default",
		fix: "+        fastcgi_connect_timeout 3s;",
	}.run(t, defaultConnectTimeout)
}
