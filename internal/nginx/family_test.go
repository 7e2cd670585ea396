package nginx

import "testing"

func TestFamilyOf(t *testing.T) {
	for name, want := range map[string][2]string{
		"proxy_pass": {"proxy", "pass"}, "fastcgi_read_timeout": {"fastcgi", "read_timeout"}, "grpc_ssl_name": {"grpc", "ssl_name"},
		"uwsgi_pass": {"uwsgi", "pass"}, "scgi_cache": {"scgi", "cache"},
		"memcached_pass": {}, "proxy": {}, "proxy_": {}, "ssl_proxy_pass": {}, "proxyx_pass": {}, "": {},
	} {
		f, rest, ok := FamilyOf(name)
		if f.Name != want[0] || rest != want[1] || ok != (want[0] != "") {
			t.Errorf("%q is %q of %q, %t; want %q", name, rest, f.Name, ok, want)
		}
	}
}

func TestFamilyOfScheme(t *testing.T) {
	for _, c := range []struct {
		scheme, name string
		tls          bool
		port         string
	}{
		{"http", "proxy", false, "80"}, {"https", "proxy", true, "443"}, {"grpc", "grpc", false, "80"}, {"grpcs", "grpc", true, "443"},
		{"fastcgi", "fastcgi", false, ""}, {"uwsgi", "uwsgi", false, ""}, {"suwsgi", "uwsgi", true, ""}, {"scgi", "scgi", false, ""},
		{"memcached", "", false, ""}, {"", "", false, ""},
	} {
		f, tls, ok := FamilyOfScheme(c.scheme)
		if f.Name != c.name || tls != c.tls || ok != (c.name != "") || f.DefaultPort(tls) != c.port {
			t.Errorf("%q is of %q, %t, with port %q; want %q, %t, %q", c.scheme, f.Name, tls, f.DefaultPort(tls), c.name, c.tls, c.port)
		}
	}
}

func TestDefault(t *testing.T) {
	for name, want := range map[string]string{
		"proxy_read_timeout": "60s", "grpc_next_upstream": "error timeout", "fastcgi_next_upstream_tries": "0", "uwsgi_ssl_verify": "off",
		"resolver_timeout": "30s", "read_timeout": "", "proxy_buffer_size": "", "proxy_resolver_timeout": "", "": "",
	} {
		if got := Default(name); got != want {
			t.Errorf("the default of %q is %q, want %q", name, got, want)
		}
	}
	// What is a time in the table is one for nginx.
	for _, rest := range []string{"connect_timeout", "send_timeout", "read_timeout", "next_upstream_timeout"} {
		if _, ok := ParseTime(familyDefaults[rest]); !ok {
			t.Errorf("the default of %s is no time: %q", rest, familyDefaults[rest])
		}
	}
}
