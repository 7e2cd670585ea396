//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/scenarios"
)

// What is in the containers is untrusted: nothing of it gets at the host, and
// neither its trials nor the others' are without a verdict.
func TestHostileScenarioStaysInside(t *testing.T) {
	t.Parallel()
	cache, folder, host := cacheWithAgent(t), t.TempDir(), t.TempDir()
	outside, throughNetwork := listen(t), listen(t)
	addresses := hostAddresses(t)
	for _, l := range []*listener{outside, throughNetwork} { // a canary that nobody can reach proves nothing
		if answer, err := http.Get("http://127.0.0.1:" + l.port); err != nil || answer.Body.Close() != nil || l.calls.Swap(0) != 1 {
			t.Fatalf("the host's own listener: %v", err)
		}
	}
	secret := filepath.Join(host, "secret.conf")
	put(t, secret, "# "+canary+"\n")
	socket := "/var/run/docker.sock"
	if path, ok := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://"); ok {
		socket = path
	}

	var many []string
	for i := range 50 {
		many = append(many, fmt.Sprintf("b%d: {listen: 'tcp://127.0.0.1:%d', fault: worker-killed}", i, 4000+i))
	}
	far := []string{"http://169.254.169.254/latest/meta-data/", "http://198.51.100.1", "http://$name/"}
	attacks := map[string]attack{
		"host-listeners": proxies(at(addresses, outside.port)...),
		"engine-socket": proxies(
			"http://unix:"+socket+":/version",
			"http://unix:/run/docker.sock:/version",
			"http://unix:/run/containerd/containerd.sock:/",
		),
		"far-addresses":          proxies(far...),
		"far-name":               {conf: "server {\n listen 80;\n location / { proxy_pass http://outside.example; }\n}\n"},
		"network-host-listeners": proxies(at(addresses, throughNetwork.port)...),
		"network-far-addresses":  proxies(far...),
		"host-files": files(
			secret,
			"/etc/shadow",
			"/etc/ssh/ssh_host_ed25519_key",
			host+"/",
			"/lab/trial/agent.sock",
			"/proc/1/environ",
		),
		"include-of-the-host":  {conf: serverBlock("include " + secret + ";")},
		"include-up":           {conf: serverBlock("include ../../../../../.." + secret + ";")},
		"logs-on-the-host":     {conf: serverBlock("error_log " + host + "/written;\naccess_log " + host + "/written;")},
		"bodies-on-the-host":   {conf: "server {\n listen 80;\n client_body_temp_path " + host + "/bodies;\n}\n"},
		"logs-over-the-kernel": {conf: serverBlock("error_log /proc/sys/kernel/core_pattern;")},
		"logs-over-the-agent":  {conf: serverBlock("error_log /lab/lab-agent;")},
		"logs-over-certificates": {
			starts: true,
			conf:   serverBlock("error_log /lab/trial/certs/ca.crt debug;\naccess_log /lab/trial/certs/good.crt;"),
		},
		"a-module":         {conf: serverBlock("load_module modules/x.so;")},
		"environment":      {conf: serverBlock("env PATH=/tmp;")},
		"as-root":          {conf: serverBlock("user root;")},
		"another-pid-file": {conf: serverBlock("pid /lab/lab-agent;")},
		"out-of-the-block": {conf: "}\nuser root;\nhttp {\n"},
		"full-disk": {
			starts: true,
			conf: "server {\n listen 80;\n client_body_temp_path /lab/trial/fill;\n client_body_in_file_only on;\n" +
				" location / { proxy_pass http://127.0.0.1:3000; }\n}\n",
			backends: "{app: {listen: 'tcp://127.0.0.1:3000'}}",
			probes:   []string{"post: /, size: 40m, count: 3, parallel: true"},
		},
		"memory-of-a-backend": {
			starts:   true,
			memory:   "64m",
			conf:     "server {\n listen 80;\n location / { proxy_pass http://127.0.0.1:3000; }\n}\n",
			backends: "{app: {listen: 'tcp://127.0.0.1:3000', fault: out-of-memory, size: 16g}}",
		},
		"memory-of-nginx": {
			starts:   true,
			conf:     "server {\n listen 80;\n client_body_buffer_size 64m;\n location / { proxy_pass http://127.0.0.1:3000; }\n}\n",
			backends: "{app: {listen: 'tcp://127.0.0.1:3000'}}",
			probes:   []string{"post: /, size: 64m, count: 5, parallel: true"},
		},
		"shared-memory": {conf: serverBlock("limit_req_zone $request_uri zone=a:100000m rate=1r/s;")},
		"processes":     {conf: serverBlock(""), backends: "{" + strings.Join(many, ", ") + "}"},
	}
	for id, a := range attacks {
		if strings.HasPrefix(id, "network-") {
			a.needs = "network"
		}
		a.write(t, folder, id)
	}
	// Honest ones follow on the same testbeds: trials run in the order of their names.
	var honest []string
	for _, id := range []string{"unknown-ca", "wrong-port"} {
		from, err := fs.Sub(scenarios.FS, id)
		if err != nil {
			t.Fatal(err)
		}
		honest = append(honest, "zz-"+id)
		if err := os.CopyFS(filepath.Join(folder, "zz-"+id), from); err != nil {
			t.Fatal(err)
		}
	}
	before := kernelState(t)

	began := time.Now()
	stdout, stderr := runHostile(t, cache, folder, "--parallel", "4")
	t.Logf("%d attacks: %s", len(attacks), time.Since(began).Round(time.Millisecond))

	var report struct {
		Scenarios []struct {
			ID, Verdict, Cause, Reason, Took string

			Trials []struct {
				Phases []struct {
					Answers []struct {
						Client struct {
							Status int
							Body   string
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal(stdout, &report); err != nil {
		t.Fatalf("no report: %v: %s", err, stderr)
	}
	seen := map[string]int{}
	for _, s := range report.Scenarios {
		seen[s.ID]++
		bodies := ""
		for _, trial := range s.Trials {
			for _, phase := range trial.Phases {
				for _, a := range phase.Answers {
					bodies += a.Client.Body
					// Whatever is far away is told apart from an error page of nginx's.
					if strings.Contains(s.ID, "far-") && a.Client.Status != 502 && a.Client.Status != 504 {
						t.Errorf("%s: status %d: %.300q", s.ID, a.Client.Status, a.Client.Body)
					}
				}
			}
		}
		if s.ID != "network-host-listeners" && strings.Contains(bodies, canary) || strings.Contains(bodies, "ApiVersion") {
			t.Errorf("%s: got at the host: %.1000q", s.ID, bodies)
		}
		a, hostile := attacks[s.ID]
		switch {
		case !hostile && s.Verdict != "verified":
			t.Errorf("%s beside attacks: %s (%s): %s", s.ID, s.Verdict, s.Cause, s.Reason)
		case hostile && s.Verdict != "inconclusive":
			t.Errorf("%s: %s (%s): %s", s.ID, s.Verdict, s.Cause, s.Reason)
		case hostile && a.starts && s.Cause == "scenario":
			t.Errorf("%s was not tried: %s", s.ID, s.Reason)
		}
		if hostile {
			t.Logf("%s (%s): %s: %.160s", s.ID, s.Took, s.Cause, s.Reason)
		}
	}
	for _, id := range append(slices.Collect(maps.Keys(attacks)), honest...) {
		if seen[id] != 1 {
			t.Errorf("%s is %d times in the report", id, seen[id])
		}
	}
	if n := outside.calls.Load(); n > 0 {
		t.Errorf("%d connections to a listener of the host from containers without a network", n)
	}
	// An internal network reaches the host's own listeners, and the documentation says so.
	t.Logf("%d connections to a listener of the host from a network", throughNetwork.calls.Load())
	if entries, err := os.ReadDir(host); err != nil || len(entries) != 1 {
		t.Errorf("the host's folder: %v %v", entries, err)
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "# "+canary+"\n" {
		t.Errorf("the host's file: %q %v", text, err)
	}
	if after := kernelState(t); after != before {
		t.Errorf("the host's kernel: %q, was %q", after, before)
	}
	next := exec.Command("lab", "run", "wrong-port")
	next.Env = append(os.Environ(), "LAB_CACHE="+cache)
	if output, err := next.CombinedOutput(); err != nil {
		t.Errorf("the next run: %v: %s", err, output)
	}
}

// kernelState is what an attack would change in the host's kernel, where there is one.
func kernelState(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err != nil {
		t.Logf("NOT TESTED that the host's kernel stays as it is: %v", err)
	}
	return string(text)
}

// What leads out of the scenario's own folders is refused before anything is started.
func TestHostilePathsAreRefused(t *testing.T) {
	lab, err := exec.LookPath("lab")
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]attack{
		"socket-elsewhere": {conf: serverBlock(""), backends: "{app: {listen: 'unix:///etc/x.sock'}}"},
		"socket-up":        {conf: serverBlock(""), backends: "{app: {listen: 'unix:///lab/run/../../x'}}"},
		"socket-is-agent":  {conf: serverBlock(""), backends: "{app: {listen: 'unix:///lab/lab-agent'}}"},
		"body-too-long":    {conf: serverBlock(""), probes: []string{"post: /, size: 65m"}},
	} {
		folder := t.TempDir()
		a.write(t, folder, name)
		run := exec.Command(lab, "run", "--scenarios", folder)
		run.Env = append(os.Environ(), "DOCKER_HOST=unix:///nonexistent/engine.sock", "LAB_CACHE="+t.TempDir())
		output, _ := run.CombinedOutput()
		if run.ProcessState.ExitCode() != 2 || !strings.Contains(string(output), "scenario.yaml:") {
			t.Errorf("%s: %v: %s", name, run.ProcessState, output)
		}
	}
}
