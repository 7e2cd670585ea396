package nginx

import "testing"

func TestReadComplaint(t *testing.T) {
	const refused = `unknown directive "proxy_pas" in /etc/nginx/conf.d/a.conf:7`
	for said, want := range map[string]struct {
		reason, file string
		line         int
		text         string
	}{
		"nginx: [emerg] " + refused + "\nnginx: configuration file /etc/nginx/nginx.conf test failed\n": {
			`unknown directive "proxy_pas"`, "/etc/nginx/conf.d/a.conf", 7, refused,
		},
		"2026/11/22 20:00:00 [emerg] 12#34: " + refused: {
			`unknown directive "proxy_pas"`, "/etc/nginx/conf.d/a.conf", 7, refused,
		},
		"nginx: [warn] a thing in /x:1\nnginx: [emerg] open() \"/a b\" failed (2: No such file or directory)\r\n": {
			`open() "/a b" failed (2: No such file or directory)`, "", 0, `open() "/a b" failed (2: No such file or directory)`,
		},
		"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\nnginx: [emerg] still could not bind()\n": {
			"bind() to 0.0.0.0:80 failed (98: Address already in use)", "", 0, "bind() to 0.0.0.0:80 failed (98: Address already in use)",
		},
		`nginx does not start: nginx: [emerg] host not found in upstream "app in x" in /x y:3 in /etc/n.conf:4`: {
			`host not found in upstream "app in x" in /x y:3`, "/etc/n.conf", 4,
			`host not found in upstream "app in x" in /x y:3 in /etc/n.conf:4`,
		},
		" killed by a signal\n": {"", "", 0, "killed by a signal"},
		"":                      {"", "", 0, ""},
	} {
		c := ReadComplaint(said)
		if c.Reason != want.reason || c.File != want.file || c.Line != want.line {
			t.Errorf("%q is read as %+v, want %+v", said, c, want)
		}
		if c.String() != want.text {
			t.Errorf("%q is shown as %q, want %q", said, c, want.text)
		}
	}
}
