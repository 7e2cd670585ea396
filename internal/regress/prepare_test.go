package regress

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/labtest"
)

var templateEnv = map[string]string{"APP_HOST": "app.internal", "APP_PORT": "8000", "NGINX_PORT": "8080", "SERVER_NAME": "t.example.com", "READ_TIMEOUT": "7s"}

func shapes(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != "advice" {
			all = append(all, e.Name())
		}
	}
	return all
}

// Every shape runs, and what stands in for its upstreams is found.
func TestPrepare(t *testing.T) {
	pool := labtest.Pool(t)
	peers := map[string]string{
		"app": "127.0.0.1:3000", "names": "blog.internal:2368 10.20.0.11:8080 10.20.0.12:8080", "php": "unix:/run/php/php8.2-fpm.sock", "uwsgi": "unix:///run/uwsgi/app.sock",
		"grpc": "greeter-1.internal:50051 greeter-2.internal:50051 vault.internal:443", "mtls": "backend.internal:443 10.9.8.7:8443",
		"balanced":  "api-1.internal:8080 api-2.internal:8080 api-3.internal:8080 192.168.7.1:9000 192.168.7.2:9000",
		"variables": "canary.internal:8000 pool-1.internal:80 pool-2.internal:80 search.internal:9200 stable.internal:8000 tenants.internal:8080 v1.internal:7000 web.internal:80", "maintenance": "app:8080 spa:8080 standby:8080", "cache": "origin.example.com:80",
		"websocket": "172.16.4.10:9001 172.16.4.11:9001", "template": "app.internal:8000",
	}
	for _, shape := range shapes(t) {
		t.Run(shape, func(t *testing.T) {
			c, err := Prepare(t.Context(), pool, open(t, "testdata/"+shape), options)
			if err != nil {
				t.Fatal(err)
			}
			targets, err := c.Survey(t.Context(), pool, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(targets) == 0 {
				t.Error("no request gets anywhere")
			}
			for _, target := range targets {
				if host := target.Location.String(); host == "/spa/" && target.Group != "spa:8080" {
					t.Errorf("behind %s is %q", host, target.Group)
				}
			}
			var got []string
			for _, p := range c.peers {
				got = append(got, p.name)
			}
			if shape == "variables" {
				slices.Sort(got) // by the addresses, else
				for _, target := range targets {
					if host := target.Location.Arg(0); host == "/canary/" && target.Group != "stable.internal:8000" {
						t.Errorf("behind %s is %s", target.Location, target.Group)
					}
				}
			}
			if want := peers[shape]; strings.Join(got, " ") != want {
				t.Errorf("what stands in: %s, want %s", strings.Join(got, " "), want)
			}
			// The changes are the lab's, and of the configuration's own lines.
			for _, change := range c.Changes {
				if change.Why == "" || change.Was == "" && change.Now == "" {
					t.Errorf("%+v", change)
				}
			}
		})
	}
}
