package testbed_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/testbed"
	"github.com/gatewaylab/lab/internal/trial"
)

const deployedConf = `daemon off; worker_processes 1; pid /lab/trial/log/nginx.pid; error_log /lab/trial/log/error.log info; user www-data;
events {}
http {
    log_format lab_record escape=json '{"probe":"$http_x_lab_probe","pid":$pid,"connection":$connection,"status":"$status","request":"$request","http_host":"$http_host","upstream_addr":"$upstream_addr"}';
    access_log /lab/trial/log/access.log lab_record;
    resolver 10.1.1.1;
    include /etc/nginx/conf.d/*.conf;
    server {
        listen 80;
        location /four { proxy_pass http://10.20.30.40:8080; }
        location /six { proxy_pass http://[2001:db8::7]:8080; }
        location /name { proxy_pass http://app.internal:8080; }
        location /late { set $name late.internal; proxy_pass http://$name:8080; }
        location /socket { proxy_pass http://unix:/var/run/deep/er/app.sock; }
        location /self { proxy_set_header Host inner; proxy_pass http://127.0.0.1:80/name; }
        location /gone { set $gone gone.internal; proxy_pass http://$gone:8080; }
    }
}
`

func deployment(files map[string][]byte, paths ...string) trial.Trial {
	files["/etc/nginx/nginx.conf"] = []byte(deployedConf)
	t := trial.Trial{
		Scenario: "test", Name: "deployed", Needs: trial.NeedsAddresses,
		Deployment: &trial.Deployment{Deployment: protocol.Deployment{
			Main: "/etc/nginx/nginx.conf", Files: files, Hidden: []string{"/etc/nginx/sites-available"},
			Links: map[string]string{"/var/run/deep/er/app.sock": protocol.SocketDir + "/s.sock"},
			Names: protocol.Names{At: []string{"10.1.1.1"}, Unknown: []string{"gone.internal"}},
		}},
		Start:  trial.Stage{Backends: map[string]protocol.Backend{}},
		Phases: []trial.Phase{{Name: "deployed", Rounds: 1}}, Probes: map[string]trial.Probe{},
	}
	for id, listen := range map[string]string{
		"four": "tcp://10.20.30.40:8080", "six": "tcp://[2001:db8::7]:8080", "socket": "unix://" + protocol.SocketDir + "/s.sock",
		"name": "tcp://" + protocol.Addresses{}.Of("app.internal").String() + ":8080",
		"late": "tcp://" + protocol.Addresses{}.Of("late.internal").String() + ":8080",
	} {
		b := protocol.Backend{Listen: listen, Body: id + "\n"}
		if id == "socket" {
			b.Mode = "0666"
		}
		t.Start.Backends[id] = b
	}
	for _, path := range paths {
		t.Probes[strings.TrimPrefix(path, "/")] = trial.Probe{Exactly: &protocol.Probe{
			Address: "127.0.0.1:80", Method: "GET", Path: path, ToEnd: true, Timeout: protocol.Duration(5 * time.Second),
			Headers: map[string]string{"Host": "outer"},
		}}
	}
	return t
}

// A whole configuration stands at its own paths, what is behind it at its own addresses,
// and afterwards everything is as before.
func TestDeployment(t *testing.T) {
	t.Parallel()
	b := start(t, trial.NeedsAddresses)
	const look = `find /etc/nginx /etc/resolv.conf /var/run/deep /run/deep -type f 2>/dev/null | sort | xargs md5sum | ` +
		`md5sum; find /etc/nginx | wc -l`
	before := b.sh(t, inNginx, look)
	for _, path := range []string{"/etc/nginx/conf.d/a/../x.conf", "/lab/run/x", "/proc/x", "x"} {
		seen, err := b.Run(t.Context(), nextID(), deployment(map[string][]byte{path: nil}, "/four"))
		if err != nil || !strings.Contains(seen.Refused, "a configuration file cannot be placed there") {
			t.Errorf("%s: %v, refused: %q", path, err, seen.Refused)
		}
	}
	seen := b.run(
		t,
		deployment(
			map[string][]byte{"/etc/nginx/conf.d/x.conf": []byte("map $uri $b { }\n")},
			"/four",
			"/six",
			"/name",
			"/late",
			"/socket",
			"/self",
			"/gone",
		),
	)
	want := map[string]string{"four": "four\n", "six": "six\n", "name": "name\n", "late": "late\n", "socket": "socket\n", "self": "name\n"}
	for _, a := range seen.Phases[0].Answers {
		if body, ok := want[a.Probe]; ok && (a.Client.Status != 200 || a.Client.Body != body) || a.Access == nil ||
			a.Probe == "gone" && a.Client.Status != 502 {
			t.Errorf("%s: %+v %+v", a.Probe, a.Client, a.Log)
		}
		if a.Probe == "self" && (len(a.Passed) != 1 || a.Access.UpstreamAddr != "127.0.0.1:80" || a.Passed[0].Host != "inner") {
			t.Errorf("nginx behind nginx: %+v, %+v", a.Access, a.Passed)
		}
	}
	if got := strings.Join(seen.Phases[0].Names, " "); got != "app.internal gone.internal late.internal" {
		t.Errorf("names that were asked for: %s", got)
	}
	if after := b.sh(t, inNginx, look); after != before {
		t.Errorf("the container is not as before: %s, was %s", after, before)
	}
	if got := b.sh(t, inNginx, inside); got != nothing {
		t.Errorf("left in nginx's container: %q", got)
	}
}

// The one capability that makes addresses local is nobody's any more when nginx starts.
func TestNginxCannotChangeItsNetwork(t *testing.T) {
	t.Parallel()
	b := start(t, trial.NeedsAddresses)
	var rights string
	_, err := testbed.During(t.Context(), b.Opener(nextID()), deployment(map[string][]byte{}), func() {
		rights = b.sh(
			t,
			inNginx,
			`for p in /proc/[0-9]*; do case "$(tr '\0' ' ' < $p/cmdline)" in *nginx:*|agent*) echo $(tr '\0' ' ' < `+
				`$p/cmdline) $(grep -h -E 'CapEff|CapPrm' $p/status);; esac; done`,
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(rights, "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "/bin/sh") }) // the visitor
	for _, line := range lines {
		for _, word := range strings.Fields(line) {
			if bits, err := strconv.ParseUint(word, 16, 64); err == nil && len(word) == 16 && bits&(1<<12) != 0 {
				t.Errorf("NET_ADMIN is in %s", line)
			}
		}
	}
	if len(lines) < 3 { // the agent, nginx's master, its worker
		t.Errorf("no rights seen: %q", rights)
	}
}
