package testbed_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/testbed"
	"github.com/gatewaylab/lab/internal/trial"
)

// The shell counts by itself: of a pipeline some may not have started yet.
const inside = `set -- /proc/[0-9]*; echo $#; ls /lab/run; ls /lab/trial`

// Two processes and the visitor's shell; the certificates.
const nothing = "3\ncerts"

func TestATrialLeavesNothing(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	socket := "unix:///lab/run/app.sock"
	first := b.run(
		t,
		simple(
			strings.ReplaceAll(proxied, "127.0.0.1:3000", "unix:/lab/run/app.sock"),
			app(protocol.Backend{Listen: socket, Owner: "nginx", Body: "first\n"}),
		),
	)
	if got := first.Phases[0].Answers[0].Client; got.Body != "first\n" || got.Headers[protocol.TrialHeader] != first.ID {
		t.Errorf("the trial's own answer: %+v", got)
	}
	if got := b.sh(t, inNginx, inside); got != nothing {
		t.Errorf("left in nginx's container: %q", got)
	}
	if got := b.sh(t, inBackend, strings.Replace(inside, "; ls /lab/trial", "; ls /lab/trial; echo certs", 1)); got != nothing {
		t.Errorf("left in the backend's container: %q", got)
	}
	// The next one starts from nothing: no backend, no socket, no log, no config.
	down := false
	second := b.run(t, simple(proxied, app(protocol.Backend{Running: &down})))
	p := second.Phases[0]
	if status(second, 0) != 502 || p.Answers[0].Client.Headers[protocol.TrialHeader] != "" || p.Answers[0].Access == nil ||
		len(p.Answers[0].Log) != 1 {
		t.Errorf("the next trial sees %+v", p)
	}
	for _, entry := range p.Log {
		if strings.Contains(entry.Message, first.ID) || strings.Contains(entry.Message, "app.sock") {
			t.Errorf("a line of the former trial: %+v", entry)
		}
	}
}

// What a trial leaves behind makes its testbed unfit, and the pool takes another.
func TestALeftoverIsFound(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	equipment := labtest.Equipment(t, e, labtest.Image(t, e).Name)
	pool := testbed.NewPool(equipment)
	defer func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	}()
	healthy := simple(ownWords, nil)
	inTestbed := func(script string) func() {
		return func() {
			found, err := testbed.List(t.Context(), e, labtest.Cache(t))
			if err != nil {
				t.Error(err)
			}
			for _, l := range found {
				if l.Run == equipment.Owner.Run && l.Role == "nginx" {
					stream, err := e.Exec(t.Context(), l.ID, []string{"/bin/sh", "-c", script})
					if err != nil {
						t.Error(err)
						return
					}
					buffer := make([]byte, 10)
					n, _ := stream.Read(buffer) // it says when it is ready
					_ = stream.Close()
					if string(buffer[:n]) != "ready\n" {
						t.Errorf("%s: %q", script, buffer[:n])
					}
				}
			}
		}
	}
	// Visitors are not killed: theirs could answer the next trial's probes.
	_, err := testbed.During(
		t.Context(),
		pool.Open,
		healthy,
		inTestbed("(while ! grep -q ':270F ' /proc/net/tcp*; do sleep 0.01; done; echo ready) & exec nc -l -p 9999"),
	)
	if err == nil || !strings.Contains(err.Error(), "after the trial test/trial something is left: tcp://") ||
		!strings.Contains(err.Error(), ":9999") {
		t.Errorf("a listener: %v", err)
	}
	// On a new testbed; and an orphan there is not left, but killed.
	seen, err := testbed.During(t.Context(), pool.Open, healthy, inTestbed("(sleep 1000 </dev/null >/dev/null 2>&1 &); echo ready"))
	if err != nil || status(seen, 0) != 200 {
		t.Fatalf("the next trial: %v %+v", err, seen)
	}
	_, err = testbed.During(t.Context(), pool.Open, healthy, inTestbed("ps | grep -v grep | grep -q 'sleep 1000' || echo ready"))
	if err != nil {
		t.Error(err)
	}
}

// nginx's own words reach the author, and the testbed goes on.
func TestAConfigurationThatDoesNotStart(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	for conf, want := range map[string]string{
		"server {\n listen 80;\n proxy_pas x;\n}\n":                         `unknown directive "proxy_pas"`,
		"server { listen 80; location / { proxy_pass http://nowhere:1; } }": "host not found in upstream",
		"server { listen 192.0.2.9:80; }":                                   "bind() to 192.0.2.9:80 failed (99: ",
	} {
		seen, err := b.Run(t.Context(), nextID(), simple(conf, app(protocol.Backend{})))
		if err != nil || !strings.Contains(seen.Refused, want) || !strings.Contains(seen.Refused, "[emerg]") || len(seen.Phases) > 0 {
			t.Errorf("%s: %v, refused: %q, want %q", conf, err, seen.Refused, want)
		}
		if len(seen.Backends) != 1 || !seen.Backends[0].Listening {
			t.Errorf("its backends: %+v", seen.Backends)
		}
	}
	if seen := b.run(t, simple(proxied, app(protocol.Backend{}))); status(seen, 0) != 200 {
		t.Errorf("the trial after it: %+v", seen)
	}
}

func TestABackendThatDies(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	stage := trial.Stage{Nginx: "nginx.conf", Backends: app(protocol.Backend{Fault: "dead-on-start"})}
	seen := b.run(t, simple(proxied, stage.Backends, phase(stage, "restart-backend", "await-backend")))
	s := seen.Backends[0]
	if s.Name != "app" || s.Running || s.Listening || s.Exit != "exit status 1" || strings.Count(s.Log, "DATABASE_URL is not set") < 2 {
		t.Errorf("%+v", s)
	}
	if status(seen, 0) != 502 || status(seen, 1) != 502 {
		t.Errorf("%+v", seen.Phases)
	}
	if steps := seen.Phases[1].Steps; steps[0].Error != "" ||
		!strings.Contains(steps[1].Error, `waiting for backend "app": it ended (exit status 1): `) {
		t.Errorf("%+v", steps)
	}
}

// The files an operator would edit wrongly, and what each way of taking them does.
func TestABrokenConfiguration(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	working := trial.Stage{Nginx: "nginx.conf", Backends: app(protocol.Backend{})}
	broken, own := working, working
	broken.Nginx, own.Nginx = "broken.conf", "own.conf"
	seen := b.run(t, simple(proxied, working.Backends,
		phase(broken, "check", "reload"), // 1: refused, the old one serves
		phase(own, "check", "reload"),    // 2: taken
		phase(own, "start-nginx"),        // 3: it is running
		phase(broken, "restart-nginx"),   // 4: stopped, and does not start
		phase(broken, "reload"),          // 5
		phase(working, "start-nginx"),    // 6
	))
	steps := func(phase int) []trial.StepSeen { return seen.Phases[phase].Steps }
	body := func(phase int) string { return seen.Phases[phase].Answers[0].Client.Body }
	if s := steps(1); s[0].Check.OK || !strings.Contains(s[0].Check.Output, "proxy_pas") || s[1].Reload.Done ||
		!strings.Contains(s[1].Reload.Refused, "[emerg]") ||
		body(1) != "ok\n" {
		t.Errorf("reloading a broken configuration: %+v %+v, then %q", s[0].Check, s[1].Reload, body(1))
	}
	if s := steps(2); !s[0].Check.OK || !s[1].Reload.Done || s[1].Reload.Refused != "" || body(2) != "nginx's own\n" {
		t.Errorf("reloading: %+v %+v, then %q", s[0].Check, s[1].Reload, body(2))
	}
	if s := steps(3); !strings.Contains(s[0].Error, "it is already running") || body(3) != "nginx's own\n" {
		t.Errorf("starting twice: %q, then %q", s[0].Error, body(3))
	}
	if s := steps(4); !strings.Contains(s[0].Error, "nginx did not start (exit status 1)") || !strings.Contains(s[0].Error, "proxy_pas") {
		t.Errorf("restarting: %q", s[0].Error)
	}
	if got := seen.Phases[4].Answers[0]; got.Client.Error != "connecting: connect: connection refused" || got.Access != nil {
		t.Errorf("without nginx: %+v", got)
	}
	if s := steps(5); !strings.Contains(s[0].Error, "nginx is not running") {
		t.Errorf("reloading without nginx: %q", s[0].Error)
	}
	if s := steps(6); s[0].Error != "" || body(6) != "ok\n" {
		t.Errorf("starting: %q, then %q", s[0].Error, body(6))
	}
}

// A request that takes longer than anyone waits for keeps an old worker.
func TestReloadDuringASlowRequest(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	what := simple(proxied, app(protocol.Backend{Fault: "slow-header", Delay: protocol.Duration(30 * time.Second)}))
	what.Probes = map[string]trial.Probe{"slow": {Get: "/", Timeout: protocol.Duration(12 * time.Second)}}
	own := what.Start
	own.Nginx = "own.conf"
	change := phase(own, "reload")
	change.During = "slow"
	what.Phases = []trial.Phase{change}
	seen := b.run(t, what)
	r := seen.Phases[0].Steps[0].Reload
	if r.Done || !r.OldServed || r.Refused != "" {
		t.Errorf("%+v after %s", r, seen.Phases[0].Steps[0].Took)
	}
	answers := seen.Phases[0].Answers
	if first, last := answers[0], answers[len(answers)-1]; !first.During || first.Client.Status != 0 || last.During ||
		last.Client.Body != "nginx's own\n" {
		t.Errorf("the slow request %+v, the last one %+v", first.Client, last.Client)
	}
}

// More access log than one answer of the agent carries.
func TestManyRequests(t *testing.T) {
	t.Parallel()
	b := start(t, "")
	what := simple(ownWords, nil)
	what.Probes = map[string]trial.Probe{"home": {Get: "/" + strings.Repeat("x", 7500), Count: 160}}
	seen := b.run(t, what)
	for i, a := range seen.Phases[0].Answers {
		if a.Client.Status != 200 || a.Access == nil {
			t.Fatalf("answer %d of %d: %+v", i, len(seen.Phases[0].Answers), a)
		}
	}
}
