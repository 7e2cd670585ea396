package regress

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/trial"
)

// A stand-in that does not show its fault is noticed in each run: the cells of the fault
// are inconclusive, and what nginx did with a healthy upstream is neither written down nor
// a difference.
func TestWithheldFault(t *testing.T) {
	t.Parallel()
	recorded := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	_, targets := surveyed(t, shop)
	for _, id := range targetAt(t, targets, "/").cells() {
		if id.Fault == None || id.At != "" {
			continue
		}
		r, err := Record(t.Context(), &fakeNginx{t: t, withheld: id.Fault}, sourceOf(t, shop), options, Behaviour{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		text := "\n" + matrixText(r.Behaviour, "/")
		if strings.Contains(text, "\n"+id.Fault+":") || strings.Contains(text, "\n"+id.Fault+" ") {
			t.Errorf("%s is written down though nobody met it:%s", id.Fault, text)
		}
		checked, err := Check(t.Context(), &fakeNginx{t: t, withheld: id.Fault}, sourceOf(t, shop), options, recorded)
		if err != nil {
			t.Fatal(err)
		}
		if len(checked.Differences) > 0 || len(checked.Inconclusive) == 0 {
			t.Errorf("%s: %d differences, %d inconclusive", id.Fault, len(checked.Differences), len(checked.Inconclusive))
		}
		for _, n := range checked.Inconclusive {
			if n.Fault != id.Fault || !strings.HasPrefix(n.Why, unmetFault) {
				t.Errorf("%s: %+v", id.Fault, n)
			}
		}
	}
}

// What is as recorded is inconclusive, too, when the fault was not met.
func TestControlOfWhatIsAsRecorded(t *testing.T) {
	t.Parallel()
	recorded := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	f := &fakeNginx{t: t, bend: func(_ int, what trial.Trial, seen *trial.Observation) {
		if what.Name == "close" {
			seen.Backends[0].Played = nil
		}
	}}
	checked, err := Check(t.Context(), f, sourceOf(t, shop), options, recorded)
	if err != nil {
		t.Fatal(err)
	}
	if len(checked.Differences) != 0 || len(checked.Inconclusive) != 5 { // four at /, one at /one
		t.Errorf("%d differences, %d inconclusive", len(checked.Differences), len(checked.Inconclusive))
	}
}

// withholding is a runner in whose trials no fault is there: neither the stand-ins', nor
// the name server's, nor a process that is killed.
type withholding struct{ Runner }

func (w withholding) Run(ctx context.Context, what trial.Trial) (trial.Observation, error) {
	what.Start.Backends = maps.Clone(what.Start.Backends)
	for id, b := range what.Start.Backends {
		b.Fault, b.TLS = "", protocol.TLS{}
		what.Start.Backends[id] = b
	}
	what.Deployment.Names.Unknown, what.Deployment.Names.Silent = nil, nil
	for i, phase := range what.Phases {
		what.Phases[i].Apply = slices.DeleteFunc(phase.Apply, func(s trial.Step) bool { return s.Do == "kill-backend" })
	}
	return w.Runner.Run(ctx, what)
}

// With a real nginx, too, a fault that is not there is noticed, whatever shows it; and all
// of them are met when they are there.
func TestWithheldFaultForReal(t *testing.T) {
	pool := labtest.Pool(t)
	source := sourceOf(t, `proxy_cache_path /var/cache/lab keys_zone=c:1m;
server {
	resolver 10.0.0.53;
	location /secured { proxy_pass https://app.internal; proxy_cache c; proxy_cache_valid 1s; }
	location /looked-up { set $app other.internal; proxy_pass http://$app:8080; }
}`)
	for _, row := range []struct {
		name   string
		runner Runner
		met    bool
	}{{"without", withholding{pool}, false}, {"with faults", pool, true}}[:labtest.Soak(1, 2)] {
		r, err := Record(t.Context(), row.runner, source, options, Behaviour{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		tried := map[string]bool{}
		for _, one := range r.Rows {
			for _, seen := range one.Cells {
				tried[seen.ID.Fault] = true
				slow := seen.Doubt.slow
				if met := seen.Doubt.why == ""; seen.ID.Fault != None && met != row.met && !slow {
					t.Errorf("%s: %s at %s: %v, %s", row.name, seen.ID.Fault, one.Target.Location, seen.Cell, seen.Doubt.why)
				}
			}
		}
		for _, f := range Faults() {
			if !tried[f.Name] && !f.Kept && f.Name != "goaway" {
				t.Errorf("%s: the configuration shows nothing of %s", row.name, f.Name)
			}
		}
	}
}

// Each kind of fault has a control of its own.
func TestUnmet(t *testing.T) {
	t.Parallel()
	c, targets := surveyed(t, shop)
	target := targetAt(t, targets, "/")
	to := func(addresses string) []trial.Answer {
		return []trial.Answer{{Access: &nginx.Record{UpstreamAddr: addresses}}}
	}
	passed := to("10.0.0.1:8080")
	says := func(line string) []nginx.Entry { return []nginx.Entry{{Raw: line}} }
	standIns := func(running bool, played string) []protocol.BackendStatus {
		s := protocol.BackendStatus{Name: protocol.StandIns, Running: running}
		if played != "" {
			s.Played = map[string]uint64{played: 1}
		}
		return []protocol.BackendStatus{s}
	}
	for _, row := range []struct {
		name     string
		id       cellID
		answers  []trial.Answer
		log      []nginx.Entry
		backends []protocol.BackendStatus
		met      bool
	}{
		{"healthy", cellID{Fault: None}, passed, nil, standIns(true, ""), true},
		{"a stand-in that says so", cellID{Fault: "close"}, passed, nil, standIns(true, "b1"), true},
		{"one that says nothing", cellID{Fault: "close"}, passed, nil, standIns(true, ""), false},
		{"another one than the one that fails", cellID{Fault: "close", At: one}, passed, nil, standIns(true, "b1"), false},
		{"the one that fails", cellID{Fault: "close", At: one}, passed, nil, standIns(true, "b0"), true},
		{"the first attempt", cellID{Fault: "close", At: first}, passed, nil, standIns(true, "b1"), true},
		{"nothing was passed on", cellID{Fault: "close"}, to(""), nil, standIns(true, ""), true},
		{"nginx says nothing of where", cellID{Fault: "close"}, []trial.Answer{{}}, nil, standIns(true, ""), false},
		{
			"it could not connect", cellID{Fault: "refuse"}, passed,
			says(`connect() failed (111: Connection refused) while connecting to upstream, upstream: "http://10.0.0.1:8080/"`), nil, true,
		},
		{
			"it could not connect elsewhere", cellID{Fault: "refuse"}, passed,
			says(`connect() failed (111: Connection refused) while connecting to upstream, upstream: "http://10.0.0.9:8080/"`), nil, false,
		},
		{"it connected", cellID{Fault: "connect-stall"}, passed, says(readTimedOut), nil, false},
		{"no such name", cellID{Fault: "name-unknown"}, passed, says("app could not be resolved (3: Host not found)"), nil, true},
		{"a silent name server", cellID{Fault: "name-silent"}, passed, says("app could not be resolved (110: timed out)"), nil, true},
		{"another one", cellID{Fault: "name-silent"}, passed, says("app could not be resolved (3: Host not found)"), nil, false},
		{"killed", cellID{Fault: "refuse-stale"}, passed, nil, standIns(false, ""), true},
		{"not killed", cellID{Fault: "refuse-stale"}, passed, nil, standIns(true, ""), false},
	} {
		seen := trial.Observation{Phases: []trial.PhaseSeen{{Answers: row.answers, Log: row.log}}, Backends: row.backends}
		if got := c.unmet(target, row.id, seen); (got == "") != row.met {
			t.Errorf("%s: %q", row.name, got)
		}
	}
}

// What a location asks before it answers is a target if it was asked.
func TestAskedBefore(t *testing.T) {
	t.Parallel()
	c, targets := surveyed(t, `server {
	location / { auth_request /auth; proxy_pass http://10.0.0.1:80; }
	location /auth { proxy_pass http://10.0.0.2:80; }
}`)
	target := targetAt(t, targets, "/")
	for log, want := range map[string]bool{
		"x b1: listening on tcp://10.0.0.2:80\nx b0: GET /: 200\n":                       false,
		"x b1: listening on tcp://10.0.0.2:80\nx b1: GET /auth: 200\nx b0: GET /: 200\n": true,
	} {
		asked, ok := c.asked(target, trial.Observation{Backends: []protocol.BackendStatus{{Log: log}}})
		if ok != want || ok && (asked.Group != "10.0.0.2:80" || asked.Behind != "auth_request") {
			t.Errorf("%q: %t, %s behind %s", log, ok, asked.Group, asked.Behind)
		}
	}
}

// Every fault has a control.
func TestEveryFaultHasAControl(t *testing.T) {
	t.Parallel()
	for _, f := range Faults() {
		if f.met == nil || f.unmet == "" {
			t.Errorf("nothing shows that %s was met", f.Name)
		}
	}
}
