package deployment

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/certificate"
)

const withFiles = `user app;
load_module modules/ngx_stream_module.so;
include /etc/nginx/missing.conf;
http {
    proxy_cache_path /var/cache/lost levels=1:2 keys_zone=z:1m;
    auth_basic_user_file /etc/nginx/users;
    ssl_dhparam dh.pem;
    server {
        ssl_certificate /etc/ssl/site.pem;
        ssl_certificate_key /etc/ssl/site.key;
        auth_basic_user_file off;
        location / { proxy_ssl_trusted_certificate ca.pem; grpc_ssl_trusted_certificate $ca; xslt_stylesheet /srv/x.xslt; }
    }
}
`

var ownSet = certificate.Set{
	CA:    []byte("ca"),
	Pairs: map[string]certificate.Pair{"good": {Certificate: []byte("pair"), Key: []byte("key")}},
}

// What nginx says of a configuration, and what makes it take the configuration.
func TestMendComplaints(t *testing.T) {
	const missing = ` failed (2: No such file or directory) in /etc/nginx/nginx.conf:9`
	for complaint, want := range map[string]struct {
		files  map[string]string // that stand in then
		remedy Remedy
		err    string
	}{
		`getpwnam("app") failed in /etc/nginx/nginx.conf:1`: {remedy: Remedy{User: true}},
		`getgrnam("app") failed`:                            {remedy: Remedy{User: true}},
		`mkdir() "/var/cache/lost/x" failed (2: No such file or directory)`: {
			remedy: Remedy{Folder: "/var/cache/lost"},
		},
		`cannot load certificate "/etc/ssl/site.pem": BIO_new_file() failed (SSL: error:80000002)`: {
			files: map[string]string{"/etc/ssl/site.pem": "pair", "/etc/ssl/site.key": "key"},
		},
		`cannot load certificate key "/etc/ssl/site.key": BIO_new_file() failed`: {
			files: map[string]string{"/etc/ssl/site.pem": "pair", "/etc/ssl/site.key": "key"},
		},
		`SSL_CTX_load_verify_locations("/etc/nginx/ca.pem") failed`: {files: map[string]string{"/etc/nginx/ca.pem": "ca"}},
		`open() "/etc/nginx/missing.conf"` + missing:                {files: map[string]string{"/etc/nginx/missing.conf": ""}},
		`open() "/srv/x.xslt"` + missing:                            {files: map[string]string{"/srv/x.xslt": ""}},
		`open() "/srv/x.xslt" failed (13: Permission denied)`:       {files: map[string]string{"/srv/x.xslt": ""}},
		`open() "/srv/x.xslt" failed (21: Is a directory)`:          {err: "nginx refuses the configuration: open()"},
		`open() "/etc/other"` + missing:                             {err: "nginx refuses the configuration: open()"},
		`unknown directive "brotli" in /etc/nginx/nginx.conf:7`:     {err: "this nginx lacks the module; name an image"},
		`dlopen() "/usr/lib/nginx/modules/x.so" failed`:             {err: "this nginx lacks the module"},
		`invalid parameter "quic" in /etc/nginx/nginx.conf:7`:       {err: "if another version of nginx takes it"},
		`invalid value "x" in "aio" directive`:                      {err: "if another version of nginx takes it"},
		`"server" directive is not allowed here`:                    {err: `nginx refuses the configuration: "server"`},
	} {
		s := StandIns{Set: ownSet}
		remedy, err := s.Mend(site(t, withFiles), complaint)
		if (err == nil) != (want.err == "") || err != nil && !strings.Contains(err.Error(), want.err) {
			t.Errorf("%s: %v, want %q", complaint, err, want.err)
		}
		if remedy != want.remedy || !maps.Equal(s.Files, want.files) {
			t.Errorf("%s: %+v, %q; want %+v, %q", complaint, remedy, s.Files, want.remedy, want.files)
		}
	}
	s := StandIns{Set: ownSet}
	const again = `open() "/srv/x.xslt"` + missing
	if _, err := s.Mend(site(t, withFiles), again); err != nil {
		t.Error(err)
	}
	if _, err := s.Mend(site(t, withFiles), again); err == nil || !strings.Contains(err.Error(), `also with a stand-in for "/srv/x.xslt"`) {
		t.Errorf("the same complaint again: %v", err)
	}
}

// Files of which the lab has the counterparts stand in without a complaint.
func TestAlways(t *testing.T) {
	s := StandIns{Set: ownSet}
	s.Always(site(t, withFiles))
	want := map[string]string{"/etc/nginx/users": "lab:{PLAIN}lab\n", "/etc/nginx/ca.pem": "ca"}
	if !maps.Equal(s.Files, want) {
		t.Errorf("%q, want %q", s.Files, want)
	}
	var why []string
	for _, c := range s.Why {
		why = append(why, c.Was+": "+c.Now)
	}
	if !slices.Equal(why, []string{
		"/etc/nginx/users: a file of passwords with the user that the probes have",
		"/etc/nginx/ca.pem: the lab's certificate authority, which signs what the other side presents",
	}) {
		t.Errorf("%q", why)
	}
}

// Every stand-in has something in it.
func TestSubstitutes(t *testing.T) {
	for kind, s := range substitutes {
		if s.what == "" || len(s.make(ownSet)) == 0 {
			t.Errorf("%s: %q stands in, which is empty", kind, s.what)
		}
	}
}
