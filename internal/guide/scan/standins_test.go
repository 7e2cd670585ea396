package scan

import (
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/nginx"
)

// What only the guide's machine has is replaced within its line, and nothing else is.
func TestStandInsFor(t *testing.T) {
	for text, want := range map[string]string{
		"include x.conf;":                            "",
		"load_module x.so; gzip on;":                 "gzip on;",
		"ssl_dhparam /etc/dh.pem;":                   "",
		"proxy_ssl_certificate /etc/x.pem;":          "",
		"pid /run/x.pid;":                            "",
		"ssl_certificate /etc/x.pem;":                "ssl_certificate data:$host;",
		`ssl_certificate_key "/etc/x.key" ;`:         "ssl_certificate_key data:$host ;",
		"ssl_certificate $chosen;":                   "ssl_certificate $chosen;",
		"ssl_client_certificate /etc/ca.pem;":        "ssl_client_certificate certs/ca.crt;",
		"grpc_ssl_trusted_certificate ca.pem;":       "grpc_ssl_trusted_certificate certs/ca.crt;",
		"fastcgi_ssl_certificate x;":                 "fastcgi_ssl_certificate x;",
		"auth_basic_user_file /etc/users;":           "auth_basic_user_file /etc/users;",
		"access_log /var/log/x main;":                "access_log /dev/null main;",
		"access_log off;":                            "access_log off;",
		"proxy_cache_path /var/c/z keys_zone=z:1m;":  "proxy_cache_path temp/z keys_zone=z:1m;",
		"scgi_cache_path /var/c/z keys_zone=z:1m;":   "scgi_cache_path temp/z keys_zone=z:1m;",
		"proxy_pass http://app:3000/x;":              "proxy_pass http://127.0.0.1:3000/x;",
		"proxy_pass https://app;":                    "proxy_pass https://127.0.0.1;",
		"proxy_pass http://10.0.0.1;":                "proxy_pass http://10.0.0.1;",
		"proxy_pass http://[::1]:80;":                "proxy_pass http://[::1]:80;",
		"proxy_pass http://$app;":                    "proxy_pass http://$app;",
		"proxy_pass http://unix:/x.sock;":            "proxy_pass http://unix:/x.sock;",
		"grpc_pass grpcs://app;":                     "grpc_pass grpcs://127.0.0.1;",
		"fastcgi_pass app;":                          "fastcgi_pass 127.0.0.1:9;",
		"fastcgi_pass app:9000;":                     "fastcgi_pass 127.0.0.1:9000;",
		"uwsgi_pass suwsgi://app;":                   "uwsgi_pass suwsgi://127.0.0.1:9;",
		"memcached_pass app;":                        "memcached_pass 127.0.0.1:9;",
		"upstream app { server app; } proxy_pass a;": "upstream app { server 127.0.0.1; } proxy_pass 127.0.0.1;",
		"upstream a { server 10.0.0.1:1; } proxy_pass http://a; scgi_pass a;": "upstream a { server 10.0.0.1:1; } " +
			"proxy_pass http://a; scgi_pass a;",
		"server app.internal:3000 backup;":        "server 127.0.0.1:3000 backup;",
		"server unix:/x.sock;":                    "server unix:/x.sock;",
		"server { listen 80; }":                   "server { listen 80; }",
		"resolver dns.internal:5353 valid=5s;":    "resolver 127.0.0.1:5353 valid=5s;",
		"server http://app:80;":                   "server http://app:80;",
		"listen host:80 { }":                      "listen host:80 { }",
		"resolver 10.0.0.2;":                      "resolver 10.0.0.2;",
		"listen 10.1.2.3:80 ssl;":                 "listen 127.0.0.1:80 ssl;",
		"listen *:80; listen 0.0.0.0:1;":          "listen *:80; listen 0.0.0.0:1;",
		"listen [::]:80; listen 127.0.0.2:1;":     "listen [::]:80; listen 127.0.0.2:1;",
		"listen host:80;":                         "listen 127.0.0.1:80;",
		"listen unix:/run/app.sock;":              "listen unix:/lab/run/scan-app.sock;",
		"listen unix:/run/a\\ b;":                 "listen unix:/lab/run/scan-socket;",
		"proxy_pass http://app":                   "proxy_pass http://app",
		"gzip on; # proxy_pass http://app;\nx y;": "gzip on; # proxy_pass http://app;\nx y;",
	} {
		list, _ := nginx.ReadSnippet(text)
		if got := strings.TrimSpace(standInsFor(text, list)); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// What a part of a configuration takes for granted is declared, unless it does so itself.
func TestStandIns(t *testing.T) {
	const certificate = "ssl_certificate data:$host; ssl_certificate_key data:$host;"
	for text, want := range map[string]string{
		"":                    "",
		"ssl_certificate a;":  "",
		"access_log /x main;": "log_format main '$uri';",
		"access_log /x combined; access_log /x buffer=1k;":   "",
		"access_log off main; access_log /x;":                "",
		"log_format main x; access_log /x main;":             "",
		"limit_req zone=z burst=5;":                          "limit_req_zone $binary_remote_addr zone=z:64k rate=10r/s;",
		"limit_req_zone $x zone=z:1m; limit_req zone=z;":     "",
		"limit_conn z 5;":                                    "limit_conn_zone $binary_remote_addr zone=z:64k;",
		"proxy_cache z; uwsgi_cache off;":                    "proxy_cache_path temp/z keys_zone=z:64k;",
		"proxy_cache a b;":                                   "",
		"scgi_cache z;":                                      "scgi_cache_path temp/z keys_zone=z:64k;",
		"proxy_cache_path /x keys_zone=z:1m; proxy_cache z;": "",
		"proxy_cache $zone; limit_conn a/b 1;":               "",
		"add_header x $connection_upgrade;": "map $http_upgrade $connection_upgrade " +
			"{ default upgrade; '' close; }",
		"map $a $connection_upgrade { } add_header x $connection_upgrade;": "",
		"limit_conn b 1; limit_conn a 1;": "limit_conn_zone $binary_remote_addr zone=a:64k;\n" +
			"limit_conn_zone $binary_remote_addr zone=b:64k;",
	} {
		list, _ := nginx.ReadSnippet(text)
		want = strings.TrimSpace(certificate + "\n" + want)
		if got := standIns(text, list); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	const own = "ssl_certificate a; ssl_certificate_key b;"
	list, _ := nginx.ReadSnippet(own)
	if got := standIns(own, list); got != "" {
		t.Errorf("%s\n got %s", own, got)
	}
}
