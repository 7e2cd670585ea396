package regress

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/trial"
)

const shop = `
upstream shop { server 10.0.0.1:8080; server 10.0.0.2:8080; }
server {
	listen 80;
	server_name shop.example.com;
	location / { proxy_pass http://shop; proxy_read_timeout 15s; }
	location /status { return 200 "fine"; }
	location /one {
		proxy_pass http://10.0.0.3:80;
	}
}`

func recordFake(t *testing.T, f *fakeNginx, source *deployment.Source, before Behaviour, times int) Behaviour {
	t.Helper()
	r, err := Record(t.Context(), f, source, options, before, times)
	if err != nil {
		t.Fatal(err)
	}
	return r.Behaviour
}

func checkFake(t *testing.T, f *fakeNginx, source *deployment.Source, recorded Behaviour) []Difference {
	t.Helper()
	checked, err := Check(t.Context(), f, source, options, recorded)
	if err != nil {
		t.Fatal(err)
	}
	return checked.Differences
}

// matrixText is a line for each cell of a location.
func matrixText(b Behaviour, location string) string {
	var text strings.Builder
	b.each(func(_ ServerBehaviour, l LocationBehaviour, e Entry) {
		if l.Location == location {
			fmt.Fprintln(&text, strings.TrimSpace(strings.Join([]string{e.Fault, e.At, e.Method}, " "))+": "+e.Cell.String())
		}
	})
	return text.String()
}

const shopMatrix = `none: 200 from the upstream, tried shop
refuse: 502 from nginx, tried shop, shop
refuse one server: 200 from the upstream, tried shop, shop | shop | shop | shop
refuse one server POST: 200 from the upstream, tried shop, shop
connect-stall: 504 from nginx after proxy_connect_timeout 60s, tried shop, shop
connect-stall one server: 200 from the upstream after proxy_connect_timeout 60s, tried shop, shop | shop | shop | shop
stall: 504 from nginx after proxy_read_timeout 15s, tried shop, shop
stall one server: 200 from the upstream after proxy_read_timeout 15s, tried shop, shop | shop | shop | shop
stall one server POST: 504 from nginx after proxy_read_timeout 15s, tried shop
stall first attempt: 200 from the upstream after proxy_read_timeout 15s, tried shop, shop
close: 502 from nginx, tried shop, shop
close one server: 200 from the upstream, tried shop, shop | shop | shop | shop
close one server POST: 502 from nginx, tried shop
close first attempt: 200 from the upstream, tried shop, shop
reset: 502 from nginx, tried shop, shop
garbage: 502 from nginx, tried shop
big-header: 502 from nginx, tried shop
status-404: 404 from the upstream, tried shop
status-500: 500 from the upstream, tried shop
status-503: 503 from the upstream, tried shop
status-503 one server: 503, 200, 503, 200 from the upstream, tried shop
status-503 one server POST: 503 from the upstream, tried shop
body-stall: 200 from the upstream after proxy_read_timeout 15s, cut, tried shop
body-cut: 200 from the upstream, cut, tried shop
`

// Each cell of the matrix has a trial of its own, in which the right backends fail.
func TestRecordWithoutAnEngine(t *testing.T) {
	t.Parallel()
	b := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 2)
	if got := matrixText(b, "/"); got != shopMatrix {
		t.Errorf("got\n%s\nwant\n%s", got, shopMatrix)
	}
	if got := matrixText(b, "/status"); got != "none: 200 from the configuration\n" {
		t.Errorf("of a location with nothing behind it: %s", got)
	}
	if got := strings.Count(matrixText(b, "/one"), "\n"); got != 13 {
		t.Errorf("one server alone has %d cells:\n%s", got, matrixText(b, "/one"))
	}
}

// What is the same is no difference, and what changed is one, with its directive and line.
func TestCheckWithoutAnEngine(t *testing.T) {
	t.Parallel()
	recorded := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	for _, row := range []struct {
		name, old, with string
		differences     int
		first           string // of them, with its line
	}{
		{name: "as before"},
		{
			"another timeout", "proxy_read_timeout 15s;", "", 5,
			"8: / with a stalled upstream: ends after proxy_read_timeout 60s, was ends after proxy_read_timeout 15s: " +
				"proxy_read_timeout, which was 15s, is gone (nginx's default is 60s)",
		},
		{
			"a setting that changes nothing", "/one {", "/one {\n\t\tproxy_next_upstream off;", 0, "",
		},
		{
			"never again", "proxy_read_timeout 15s;", "proxy_read_timeout 15s; proxy_next_upstream off;", 12,
			"8: / with an upstream that refuses connections: tries shop, was tries shop, shop: proxy_next_upstream off is new",
		},
		{
			"another server", "10.0.0.3:80", "10.0.0.4:80", 1,
			"11: /one is passed to 10.0.0.4:80, was 10.0.0.3:80",
		},
		{
			"a location less", `location /status { return 200 "fine"; }`, "", 1,
			"5: the location /status of shop.example.com is gone, or no request gets there",
		},
		{
			"a location more", "location /status", "location /new { return 204; }\nlocation /status", 1,
			"9: /new is new in shop.example.com: record it",
		},
		{
			"another port", "listen 80;", "listen 81;", 1,
			"6: the server shop.example.com listens on 81, was 80",
		},
		{
			"another name", "server_name shop.example.com;", "server_name shop.example.org;", 2,
			"1: the server shop.example.com is gone",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(shop, row.old, row.with, 1)
			if row.old != "" && text == shop {
				t.Fatal("nothing was changed")
			}
			all := checkFake(t, &fakeNginx{t: t}, sourceOf(t, text), recorded)
			if len(all) != row.differences {
				t.Errorf("%d differences, want %d", len(all), row.differences)
			}
			if len(all) > 0 && fmt.Sprintf("%d: %s", all[0].Line, all[0].Says) != row.first {
				t.Errorf("%d: %s\nwant %s", all[0].Line, all[0].Says, row.first)
			}
			if t.Failed() {
				for _, d := range all {
					t.Logf("%d: %s", d.Line, d.Says)
				}
			}
		})
	}
}

// An expectation counts in place of what was recorded.
func TestExpectationWithoutAnEngine(t *testing.T) {
	t.Parallel()
	recorded := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	e := recorded.find("shop.example.com", "/one", "GET /one", Entry{Fault: "refuse"})
	e.Expect = &Expect{Status: 503}
	all := checkFake(t, &fakeNginx{t: t}, sourceOf(t, shop), recorded)
	const want = "/one with an upstream that refuses connections: 502 from nginx, tried 10.0.0.3:80, expected 503"
	if len(all) != 1 || all[0].Says != want {
		t.Errorf("%+v, want one that says %s", all, want)
	}
	e.Expect = &Expect{Status: 502, From: fromNginx}
	if all := checkFake(t, &fakeNginx{t: t}, sourceOf(t, shop), recorded); len(all) != 0 {
		t.Errorf("an expectation that is met: %+v", all)
	}
}

// What nginx refuses after it took it is the lab's trouble, and no behaviour.
func TestRefusedLater(t *testing.T) {
	t.Parallel()
	f := &fakeNginx{t: t, bend: func(_ int, what trial.Trial, seen *trial.Observation) {
		if what.Name == "stall" {
			*seen = trial.Observation{Refused: "[emerg] no more memory"}
		}
	}}
	_, err := Record(t.Context(), f, sourceOf(t, shop), options, Behaviour{}, 1)
	const want = `nginx refuses in the trial "stall" the configuration that it took before: [emerg] no more memory`
	if err == nil || !strings.HasSuffix(err.Error(), want) || IsConfig(err) {
		t.Errorf("%v, want %s", err, want)
	}
}

// A configuration that nginx never takes is its owner's mistake.
func TestRefusedAtFirst(t *testing.T) {
	t.Parallel()
	f := &fakeNginx{t: t, bend: func(_ int, _ trial.Trial, seen *trial.Observation) {
		const said = `nginx: [emerg] unknown directive "brotli" in /etc/nginx/nginx.conf:3`
		seen.Phases[0].Steps[0].Check = &protocol.CheckResult{Output: said}
	}}
	_, err := Prepare(t.Context(), f, sourceOf(t, shop), options)
	if !IsConfig(err) || !strings.Contains(err.Error(), `unknown directive "brotli" in nginx.conf:3`) {
		t.Errorf("%v", err)
	}
}
