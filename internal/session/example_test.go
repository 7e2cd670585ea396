package session_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/session"
	"github.com/gatewaylab/lab/internal/testbed"
	"github.com/gatewaylab/lab/internal/trial"
)

const (
	proxied = "server { listen 80; location / { proxy_pass http://127.0.0.1:3000; } }\n"
	static  = "server { listen 80; location / { return 200 repaired; } }\n"
)

var dead = map[string]protocol.Backend{"app": {Listen: "tcp://127.0.0.1:3000", Fault: "refuse"}}

// broken is a stage with a dead backend, and what is asked of it.
var broken = trial.Trial{
	Scenario: "example", Name: "example", Files: map[string]string{"broken.conf": proxied, "fixed.conf": static},
	Start:  trial.Stage{Nginx: "broken.conf", Backends: dead},
	Probes: map[string]trial.Probe{"home": {Get: "/"}},
}

// first opens the broken stage, looks at it, and leaves it.
func first(ctx context.Context, w session.Wanted, out io.Writer) (name string, err error) {
	s, err := session.Open(ctx, session.Dial(ctx), w)
	if err != nil {
		return "", err
	}
	live, err := s.Pool.Open(ctx, broken)
	if err != nil {
		return "", s.Close(err)
	}
	seen, err := live.Do(ctx, trial.Phase{Name: "broken", Rounds: 1})
	if err != nil {
		return "", s.Close(err)
	}
	fmt.Fprintf(out, "%d: %s\n", seen.Answers[0].Client.Status, seen.Answers[0].Log[0].Message)
	if name, err = live.Leave(ctx); err != nil {
		return "", s.Close(err)
	}
	return name, s.Close(nil)
}

// second attaches to the stage, edits the configuration, reloads, looks, and closes it.
func second(ctx context.Context, name string, out io.Writer) error {
	e, err := docker.Dial(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	live, err := testbed.Attach(ctx, e, name)
	if err != nil {
		return err
	}
	stage := broken.Start
	stage.Nginx = "fixed.conf"
	seen, err := live.Do(ctx, trial.Phase{Name: "fixed", Stage: stage, Apply: []trial.Step{{Do: "reload"}}, Rounds: 1})
	if err == nil {
		fmt.Fprintf(out, "%d: %s, with %s", seen.Answers[0].Client.Status, seen.Answers[0].Client.Body, seen.Config)
	}
	_, closed := live.Close(ctx)
	if err == nil {
		err = closed
	}
	return err
}

const secondEnv = "LAB_TEST_SECOND"

// A stage is opened by one process and goes on with another one.
func TestTwoProcesses(t *testing.T) {
	if name := os.Getenv(secondEnv); name != "" {
		if err := second(t.Context(), name, os.Stdout); err != nil {
			t.Fatal(err)
		}
		return
	}
	labtest.Engine(t)
	var out strings.Builder
	name, err := first(t.Context(), session.Wanted{Cache: labtest.Cache(t), Lasts: 10 * time.Minute, Report: labtest.Told{TB: t}}, &out)
	if err != nil {
		t.Fatal(err)
	}
	if want := "502: connect() failed (111: Connection refused) while connecting to upstream\n"; out.String() != want {
		t.Errorf("the first process says %q, want %q", out.String(), want)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestTwoProcesses$")
	child.Env = append(os.Environ(), secondEnv+"="+name)
	said, err := child.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(said), "200: repaired, with "+static) {
		t.Errorf("the second process: %v: %s", err, said)
	}
}
