package testbed_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/testbed"
	"github.com/gatewaylab/lab/internal/trial"
)

const (
	proxied  = "server {\n listen 80;\n location / {\n  proxy_pass http://127.0.0.1:3000;\n }\n}\n"
	ownWords = "server {\n listen 80;\n return 200 \"nginx's own\\n\";\n}\n"
)

// The tests wait for containers and timeouts more than they compute.
const atOnce = "6"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", atOnce)
	}
	os.Exit(m.Run())
}

// bed is a testbed on an engine, for a test that wants to look inside.
type bed struct {
	*testbed.Testbed
	engine *docker.Engine
}

func start(t *testing.T, needs string) bed {
	t.Helper()
	e := labtest.Engine(t)
	return startOn(t, e, labtest.Image(t, e).Name, needs)
}

func startOn(t *testing.T, e *docker.Engine, image, needs string) bed {
	t.Helper()
	return startKind(t, e, labtest.Equipment(t, e, image), testbed.Kind{Needs: needs})
}

func startKind(t *testing.T, e *docker.Engine, equipment testbed.Equipment, kind testbed.Kind) bed {
	t.Helper()
	b, err := testbed.Start(t.Context(), equipment, 1, kind)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Remove(); err != nil {
			t.Error(err)
		}
	})
	return bed{b, e}
}

// sh runs a script in a container of the testbed, as a visitor. Assembled images
// have a shell.
func (b bed) sh(t *testing.T, container int, script string) string {
	t.Helper()
	stream, err := b.engine.Exec(context.Background(), b.IDs()[container], []string{"/bin/sh", "-c", script})
	if err != nil {
		t.Error(err)
		return ""
	}
	defer stream.Close()
	var output bytes.Buffer
	if _, err := io.Copy(&output, stream); err != nil || stream.Errors() != "" {
		t.Errorf("%s: %v %s", script, err, stream.Errors())
	}
	return strings.TrimSpace(output.String())
}

const (
	inNginx   = 0
	inBackend = 1
)

var trials atomic.Int64

func nextID() string { return "test-t" + protocol.Bytes(trials.Add(1)).String() }

func (b bed) run(t *testing.T, what trial.Trial) trial.Observation {
	t.Helper()
	seen, err := b.Run(t.Context(), nextID(), what)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func app(b protocol.Backend) map[string]protocol.Backend {
	if b.Listen == "" {
		b.Listen = "tcp://127.0.0.1:3000"
	}
	return map[string]protocol.Backend{"app": b}
}

// simple is a trial of one stage with one probe, and what is done to it then.
func simple(conf string, backends map[string]protocol.Backend, then ...trial.Phase) trial.Trial {
	stage := trial.Stage{Nginx: "nginx.conf", Backends: backends}
	first := trial.Phase{Name: "first", Stage: stage, Rounds: 1}
	return trial.Trial{
		Scenario: "test", Name: "trial", Start: stage,
		Files:  map[string]string{"nginx.conf": conf, "broken.conf": "server {\n listen 80;\n proxy_pas x;\n}\n", "own.conf": ownWords},
		Probes: map[string]trial.Probe{"home": {Get: "/"}},
		Phases: append([]trial.Phase{first}, then...),
	}
}

// phase applies steps and probes.
func phase(stage trial.Stage, steps ...string) trial.Phase {
	p := trial.Phase{Name: strings.Join(steps, " "), Stage: stage, Rounds: 1}
	for _, s := range steps {
		p.Apply = append(p.Apply, trial.Step{Do: s})
	}
	return p
}

// status of the first answer of a phase.
func status(seen trial.Observation, phase int) int {
	return seen.Phases[phase].Answers[0].Client.Status
}

// gone waits until nothing of the run is on the engine.
func gone(t *testing.T, e *docker.Engine, run string, within time.Duration) {
	t.Helper()
	began := time.Now()
	for {
		left, err := e.List(context.Background(), engine.LabelRun, run)
		if err == nil && len(left) == 0 {
			t.Logf("gone after %s", time.Since(began).Round(time.Millisecond))
			return
		}
		if time.Since(began) > within {
			t.Fatalf("still there after %s: %+v, %v", within, left, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
