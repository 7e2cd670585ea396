//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/labtest"
)

// hostileApp tries from inside of a real server what its scenario's commands try, too.
const hostileApp = `const http = require('http'), fs = require('fs'), net = require('net');
const tried = (what) => { try { return String(what()); } catch (error) { return error.code; } };
http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  const said = [
    tried(() => fs.readFileSync('SECRET')), tried(() => fs.readdirSync('/proc/1/root/HOST')),
    tried(() => fs.writeFileSync('/proc/sys/kernel/core_pattern', 'x')), tried(() => fs.writeFileSync('/sys/fs/cgroup/memory/memory.limit_in_bytes', '-1')),
  ];
  const socket = net.connect({ path: '/var/run/docker.sock' });
  socket.on('error', (error) => response.end(said.concat(error.code).join('\n')));
  socket.on('connect', () => response.end('CONNECTED'));
}).listen(3000, '127.0.0.1');
`

// A stranger's scenario may run programs of its own, as root in there: they get at the
// host no more than a configuration does. Under a service manager neither.
func TestHostileServerStaysInside(t *testing.T) {
	t.Parallel()
	cache, folder, host := cacheWithAgent(t), t.TempDir(), t.TempDir()
	labtest.Servers(t, labtest.Engine(t))
	outside := listen(t)
	secret := filepath.Join(host, "secret.conf")
	put(t, secret, "# "+canary+"\n")
	commands := []string{
		"cat " + secret, "ls /proc/1/root" + host, "chroot /proc/1/root ls " + host,
		"mount -t tmpfs none /mnt", "mount -t proc none /mnt", "nsenter -t 1 -m ls /", "mknod /tmp/disk b 8 0",
		"dd if=/dev/sda of=/dev/null count=1",
		"dd if=/etc/passwd of=/proc/sys/kernel/core_pattern", "dd if=/etc/passwd of=/sys/fs/cgroup/memory/memory.limit_in_bytes",
		"hostname other",
	}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil { // cgroup v2; with v1 there may be any file of that name
		commands = append(commands, "dd if=/etc/passwd of=/sys/fs/cgroup/memory.max")
	}
	for _, address := range hostAddresses(t) {
		commands = append(commands, "wget -T 1 -q -O - http://"+strings.Join([]string{address, outside.port}, ":"))
	}
	var steps strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&steps, "      - run: %q\n", c)
	}
	scenario := func(id, server, backend string) {
		put(t, filepath.Join(folder, id, "nginx.conf"), "server {\n listen 80;\n location / { proxy_pass http://127.0.0.1:3000; }\n}\n")
		put(
			t,
			filepath.Join(folder, id, "scenario.yaml"),
			"title: hostile\ntags: [hostile]\n"+server+"healthy:\n  nginx: nginx.conf\n"+
				"  backends: {app: {listen: 'tcp://127.0.0.1:3000', "+backend+
				"}}\n  probes: {home: {get: /, expect: {status: 200, from: backend}}}\ndemonstrates:\n  - id: hostile\n"+
				"    say: hostile\n    apply:\n"+steps.String()+
				"    show: {probes: {home: {status: 200}}}\n    planted: {apply: [stop-nginx]}\ndebrief: hostile\n",
		)
	}
	scenario("a-server", "server: node\n", "application: app.js")
	put(t, filepath.Join(folder, "a-server", "app.js"), strings.NewReplacer("SECRET", secret, "HOST", host).Replace(hostileApp))
	scenario("a-service", "server: systemd\nprivileges: [SYS_ADMIN]\n", "config: app.service")
	put(t, filepath.Join(folder, "a-service", "app.service"), "[Service]\nExecStart=/srv/app/run\n")
	before := kernelState(t)

	stdout, stderr := runHostile(t, cache, folder, "--privileges", "SYS_ADMIN")
	var report struct {
		Scenarios []struct {
			ID, Verdict, Reason string

			Trials []struct {
				Phases []struct {
					Answers []struct{ Client struct{ Body string } }
					Steps   []struct {
						Ran []struct{ Command, Output, Exit string }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(stdout, &report); err != nil {
		t.Fatalf("no report: %v: %s", err, stderr)
	}
	for _, s := range report.Scenarios {
		if s.Verdict != "verified" {
			t.Errorf("%s: %s: %s", s.ID, s.Verdict, s.Reason)
		}
		ran := 0
		for _, trial := range s.Trials {
			for _, p := range trial.Phases {
				for _, a := range p.Answers {
					if strings.Contains(a.Client.Body, canary) || strings.Contains(a.Client.Body, "CONNECTED") {
						t.Errorf("%s: the app says %q", s.ID, a.Client.Body)
					}
				}
				for _, step := range p.Steps {
					for _, r := range step.Ran {
						ran++
						if r.Exit == "" || strings.Contains(r.Output, canary) {
							t.Errorf("%s: %q succeeds: %q", s.ID, r.Command, r.Output)
						}
					}
				}
			}
		}
		if ran != len(commands) {
			t.Errorf("%s: %d of %d commands were run", s.ID, ran, len(commands))
		}
	}
	if len(report.Scenarios) != 2 || outside.calls.Load() != 0 {
		t.Errorf("%d scenarios; the host's listener was called %d times", len(report.Scenarios), outside.calls.Load())
	}
	if after := kernelState(t); after != before {
		t.Errorf("the kernel's settings are %q, and were %q", after, before)
	}
}
