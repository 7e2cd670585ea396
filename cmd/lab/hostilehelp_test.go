//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
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
	y.WriteString(
		"demonstrates:\n  - id: hostile\n    say: nothing gets out\n    apply: [check]\n    show: {probes: {p0: {status: 418}}}\n" +
			"    planted: {apply: [reload]}\ndebrief: none\n",
	)
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
	conf.WriteString(
		"server {\n listen 80;\n proxy_connect_timeout 500ms;\n proxy_read_timeout 2s;\n resolver 198.51.100.1;\n" +
			" resolver_timeout 500ms;\n",
	)
	for i, target := range targets {
		fmt.Fprintf(
			&conf,
			" location = /%d { set $name%d outside.example; proxy_pass %s; }\n",
			i,
			i,
			strings.ReplaceAll(target, "$name", fmt.Sprint("$name", i)),
		)
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
	a := attack{
		starts: true,
		conf: "server {\n listen 80;\n autoindex on;\n location /whole/ { alias /; }\n location /first/ { alias /proc/1/root/; }\n" +
			" location /self/ { alias /proc/self/root/; }\n location /up/ { alias /lab/trial/../../../../; }\n}\n",
	}
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
	// What gets out is looked for, and no verdict: each attack is made once.
	all := append([]string{"run", "--scenarios", folder, "-o", "json", "-v", "--no-second-hearing"}, flags...)
	run := exec.CommandContext(ctx, "lab", all...)
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
