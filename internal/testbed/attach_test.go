package testbed_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/testbed"
	"github.com/gatewaylab/lab/internal/trial"
)

// dead is a stage whose backend refuses.
func dead() trial.Stage {
	return trial.Stage{Nginx: "nginx.conf", Backends: app(protocol.Backend{Fault: "refuse"})}
}

// leave opens a broken stage, looks at it and leaves it.
func leave(t *testing.T, e testbed.Equipment, phases ...trial.Phase) (name string) {
	t.Helper()
	pool := testbed.NewPool(e)
	what := simple(proxied, dead().Backends)
	live, err := pool.Open(t.Context(), what)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(what.Phases, phases...) {
		if _, err := live.Do(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if name, err = live.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := live.Do(t.Context(), what.Phases[0]); err == nil {
		t.Error("a stage that was left can be used on")
	}
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
	return name
}

// Another process goes on with a stage that was left: what is logged is read once, what
// was done before is part of the whole, and what somebody did by hand is seen.
func TestAttach(t *testing.T) {
	t.Parallel()
	engine := labtest.Engine(t)
	e := labtest.Equipment(t, engine, labtest.Image(t, engine).Name)
	name := leave(t, e)
	live, err := testbed.Attach(t.Context(), engine, name)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := live.Do(t.Context(), phase(dead()))
	if err != nil || answered(seen) != 502 || len(seen.Log) != 1 || !strings.Contains(seen.Config, "proxy_pass") {
		t.Errorf("the broken stage: %v %+v", err, seen)
	}
	// Left and attached to once more, with what was done in between.
	if again, err := live.Leave(t.Context()); err != nil || again != name {
		t.Fatalf("left as %q: %v", again, err)
	}
	const edit = `sed -i 's/proxy_pass.*;/return 204;/' /lab/trial/*/conf.d/site.conf`
	if out, err := exec.Command("docker", "exec", name+"-nginx", "/bin/sh", "-c", edit).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if live, err = testbed.Attach(t.Context(), engine, name); err != nil {
		t.Fatal(err)
	}
	seen, err = live.Do(t.Context(), phase(dead(), "reload"))
	if err != nil || answered(seen) != 204 || !strings.Contains(seen.Config, "return 204") {
		t.Errorf("after the edit: %v %+v", err, seen)
	}
	healthy := trial.Stage{Nginx: "nginx.conf", Backends: app(protocol.Backend{})}
	if _, err = live.Do(t.Context(), phase(healthy, "restart-backend")); err != nil {
		t.Error(err)
	}
	whole, err := live.Close(t.Context())
	if err != nil || len(whole.Phases) != 4 || len(whole.Backends) != 1 || !whole.Backends[0].Listening {
		t.Errorf("all of it: %v, %d phases, %+v", err, len(whole.Phases), whole.Backends)
	}
	ids := map[string]bool{}
	for _, p := range whole.Phases {
		for _, a := range p.Answers {
			if ids[a.Client.ID] || a.Access == nil {
				t.Errorf("request %s: twice, or not logged", a.Client.ID)
			}
			ids[a.Client.ID] = true
		}
	}
	gone(t, engine, e.Owner.Run, 10*time.Second)
	if _, err := testbed.Attach(t.Context(), engine, name); err == nil || !strings.Contains(err.Error(), "there is no such testbed") {
		t.Errorf("attaching to what is gone: %v", err)
	}
	if _, err := testbed.Attach(t.Context(), engine, "web-1"); err == nil || !strings.Contains(err.Error(), "not the name of a testbed") {
		t.Errorf("attaching to what is not lab's: %v", err)
	}
}

func answered(p trial.PhaseSeen) int { return p.Answers[0].Client.Status }

// A paused backend container stays paused, and is thawed by whoever attaches.
func TestAttachPaused(t *testing.T) {
	t.Parallel()
	engine := labtest.Engine(t)
	e := labtest.Equipment(t, engine, labtest.Image(t, engine).Name)
	healthy := trial.Stage{Nginx: "nginx.conf", Backends: app(protocol.Backend{})}
	paused := phase(healthy, "restart-backend", "pause-container")
	name := leave(t, e, paused)
	live, err := testbed.Attach(t.Context(), engine, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := live.Seen(t.Context()); err != nil {
		t.Errorf("looking at a paused stage: %v", err)
	}
	seen, err := live.Do(t.Context(), phase(healthy, "unpause-container"))
	if err != nil || answered(seen) != 200 {
		t.Errorf("after it was thawed: %v %+v", err, seen)
	}
	if whole, err := live.Close(t.Context()); err != nil || len(whole.Backends) != 1 {
		t.Errorf("closing: %v %+v", err, whole.Backends)
	}
	gone(t, engine, e.Owner.Run, 10*time.Second)
}

// attachedEnv names the testbed for the process that TestAttachKilled kills.
const attachedEnv = "LAB_TEST_ATTACH"

// A process that attached and was killed leaves the stage for the next one; two at a
// time are not let in.
func TestAttachKilled(t *testing.T) {
	engine := labtest.Engine(t)
	if name := os.Getenv(attachedEnv); name != "" {
		live, err := testbed.Attach(t.Context(), engine, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := live.Do(t.Context(), phase(dead())); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("attached\n")
		time.Sleep(time.Minute)
		return
	}
	t.Parallel()
	e := labtest.Equipment(t, engine, labtest.Image(t, engine).Name)
	name := leave(t, e)
	child := exec.Command(os.Args[0], "-test.run=^TestAttachKilled$")
	child.Env = append(os.Environ(), attachedEnv+"="+name)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 9)
	if n, _ := out.Read(said); string(said[:n]) != "attached\n" {
		t.Errorf("the child says %q", said[:n])
	}
	_, err = testbed.Attach(t.Context(), engine, name)
	if err == nil || !strings.Contains(err.Error(), "another lab process may be attached") {
		t.Errorf("a second process: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	live, err := testbed.Attach(t.Context(), engine, name)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := live.Close(t.Context())
	if err != nil || len(whole.Phases) != 2 {
		t.Errorf("closing: %v, %d phases", err, len(whole.Phases))
	}
	gone(t, engine, e.Owner.Run, 10*time.Second)
}
