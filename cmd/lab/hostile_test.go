//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatewaylab/lab/scenarios"
)

// attack is a scenario as somebody could write one who wants out of the containers.
type attack struct {
	conf     string   // the scenario's nginx configuration
	backends string   // in YAML
	memory   string   // of the backends
	needs    string   // "network"
	probes   []string // in YAML; GET / if there are none
	starts   bool     // nginx takes the configuration
}

// write makes an attack a scenario. Its probes want what no attack answers: their
// answers are in the report, and the verdict says nothing.
func (a attack) write(t *testing.T, folder, id string) {
	t.Helper()
	if len(a.probes) == 0 {
		a.probes = []string{"get: /"}
	}
	var y strings.Builder
	fmt.Fprintf(&y, "title: %s\ntags: [hostile]\n", id)
	if a.needs != "" {
		fmt.Fprintf(&y, "needs: %s\n", a.needs)
	}
	y.WriteString("healthy:\n  nginx: nginx.conf\n")
	if a.memory != "" {
		fmt.Fprintf(&y, "  memory: %s\n", a.memory)
	}
	if a.backends != "" {
		fmt.Fprintf(&y, "  backends: %s\n", a.backends)
	}
	y.WriteString("  probes:\n")
	for i, p := range a.probes {
		fmt.Fprintf(&y, "    p%d: {%s, timeout: 5s, expect: {status: 418}}\n", i, p)
	}
	y.WriteString("demonstrates:\n  - id: hostile\n    say: nothing gets out\n    apply: [check]\n    show: {probes: {p0: {status: 418}}}\n    planted: {apply: [reload]}\ndebrief: none\n")
	put(t, filepath.Join(folder, id, "scenario.yaml"), y.String())
	put(t, filepath.Join(folder, id, "nginx.conf"), a.conf)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// listener is a service of the host that nothing inside may reach.
type listener struct {
	port  string
	calls atomic.Int64
}

const canary = "the-canary-of-the-host"

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{}
	on, err := net.Listen("tcp", ":0") // every address of the host, loopback and the engine's bridge too
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, canary) }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				l.calls.Add(1)
			}
		},
	}
	go func() { _ = server.Serve(on) }()
	t.Cleanup(func() { _ = server.Close() })
	_, l.port, _ = net.SplitHostPort(on.Addr().String())
	return l
}

// hostAddresses are those that a service of the host is reached at.
func hostAddresses(t *testing.T) (all []string) {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if ip, _, err := net.ParseCIDR(a.String()); err == nil && !ip.IsLinkLocalUnicast() {
			all = append(all, ip.String())
		}
	}
	return all
}

// proxies is a configuration that passes /0, /1, … on to the targets.
func proxies(targets ...string) attack {
	a := attack{starts: true}
	var conf strings.Builder
	conf.WriteString("server {\n listen 80;\n proxy_connect_timeout 500ms;\n proxy_read_timeout 2s;\n resolver 198.51.100.1;\n resolver_timeout 500ms;\n")
	for i, target := range targets {
		fmt.Fprintf(&conf, " location = /%d { set $name%d outside.example; proxy_pass %s; }\n", i, i, strings.ReplaceAll(target, "$name", fmt.Sprint("$name", i)))
		a.probes = append(a.probes, fmt.Sprintf("get: /%d", i))
	}
	a.conf = conf.String() + "}\n"
	return a
}

func at(addresses []string, port string) (urls []string) {
	for _, a := range addresses {
		urls = append(urls, "http://"+net.JoinHostPort(a, port))
	}
	return urls
}

// files is a configuration that serves what it finds, from different starts.
func files(paths ...string) attack {
	a := attack{starts: true, conf: "server {\n listen 80;\n autoindex on;\n location /whole/ { alias /; }\n location /first/ { alias /proc/1/root/; }\n location /self/ { alias /proc/self/root/; }\n location /up/ { alias /lab/trial/../../../../; }\n}\n"}
	for _, from := range []string{"whole", "first", "self", "up"} {
		for _, path := range paths {
			a.probes = append(a.probes, "get: /"+from+path)
		}
	}
	return a
}

func serverBlock(directives string) string {
	return directives + "\nserver {\n listen 80;\n return 204;\n}\n"
}

// runHostile runs the scenarios of a folder, which come to an end, and leave nothing on the
// engine, whatever is in them.
func runHostile(t *testing.T, cache, folder string, flags ...string) (stdout []byte, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, "lab", append([]string{"run", "--scenarios", folder, "-o", "json", "-v"}, flags...)...)
	run.Env = append(os.Environ(), "LAB_CACHE="+cache)
	var out, errors bytes.Buffer
	run.Stdout, run.Stderr = &out, &errors
	_ = run.Run()
	if ctx.Err() != nil {
		t.Fatalf("lab does not come to an end: %s", errors.String())
	}
	for line := range strings.Lines(errors.String()) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "run: "); ok {
			nothingLeft(t, id, "a hostile run")
		}
	}
	return out.Bytes(), errors.String()
}

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
		"host-listeners":         proxies(at(addresses, outside.port)...),
		"engine-socket":          proxies("http://unix:"+socket+":/version", "http://unix:/run/docker.sock:/version", "http://unix:/run/containerd/containerd.sock:/"),
		"far-addresses":          proxies(far...),
		"far-name":               {conf: "server {\n listen 80;\n location / { proxy_pass http://outside.example; }\n}\n"},
		"network-host-listeners": proxies(at(addresses, throughNetwork.port)...),
		"network-far-addresses":  proxies(far...),
		"host-files":             files(secret, "/etc/shadow", "/etc/ssh/ssh_host_ed25519_key", host+"/", "/lab/trial/agent.sock", "/proc/1/environ"),
		"include-of-the-host":    {conf: serverBlock("include " + secret + ";")},
		"include-up":             {conf: serverBlock("include ../../../../../.." + secret + ";")},
		"logs-on-the-host":       {conf: serverBlock("error_log " + host + "/written;\naccess_log " + host + "/written;")},
		"bodies-on-the-host":     {conf: "server {\n listen 80;\n client_body_temp_path " + host + "/bodies;\n}\n"},
		"logs-over-the-kernel":   {conf: serverBlock("error_log /proc/sys/kernel/core_pattern;")},
		"logs-over-the-agent":    {conf: serverBlock("error_log /lab/lab-agent;")},
		"logs-over-certificates": {starts: true, conf: serverBlock("error_log /lab/trial/certs/ca.crt debug;\naccess_log /lab/trial/certs/good.crt;")},
		"a-module":               {conf: serverBlock("load_module modules/x.so;")},
		"environment":            {conf: serverBlock("env PATH=/tmp;")},
		"as-root":                {conf: serverBlock("user root;")},
		"another-pid-file":       {conf: serverBlock("pid /lab/lab-agent;")},
		"out-of-the-block":       {conf: "}\nuser root;\nhttp {\n"},
		"full-disk": {starts: true, conf: "server {\n listen 80;\n client_body_temp_path /lab/trial/fill;\n client_body_in_file_only on;\n location / { proxy_pass http://127.0.0.1:3000; }\n}\n",
			backends: "{app: {listen: 'tcp://127.0.0.1:3000'}}", probes: []string{"post: /, size: 40m, count: 3, parallel: true"}},
		"memory-of-a-backend": {starts: true, memory: "64m", conf: "server {\n listen 80;\n location / { proxy_pass http://127.0.0.1:3000; }\n}\n",
			backends: "{app: {listen: 'tcp://127.0.0.1:3000', fault: out-of-memory, size: 16g}}"},
		"memory-of-nginx": {starts: true, conf: "server {\n listen 80;\n client_body_buffer_size 64m;\n location / { proxy_pass http://127.0.0.1:3000; }\n}\n",
			backends: "{app: {listen: 'tcp://127.0.0.1:3000'}}", probes: []string{"post: /, size: 64m, count: 5, parallel: true"}},
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
