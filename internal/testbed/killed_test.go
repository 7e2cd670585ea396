//go:build unix

package testbed_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/testbed"
)

// The variables with which this test program starts itself as a lab to be killed.
const (
	asLab    = "LAB_TEST_AS_LAB"
	labCache = "LAB_TEST_CACHE"
)

// suicidal dies where the real engine would start a container.
type suicidal struct{ engine.Containers }

func (suicidal) Start(context.Context, string) error {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// TestAsLab is no test: it is the lab that the others kill.
func TestAsLab(t *testing.T) {
	how := os.Getenv(asLab)
	if how == "" {
		t.Skip("only when another test starts it")
	}
	equipment := ownCache(t, labtest.Engine(t), os.Getenv(labCache), time.Hour)
	fmt.Printf("run %s\n", equipment.Owner.Run)
	if how == "before-start" {
		equipment.Engine = suicidal{equipment.Engine}
	}
	b, err := testbed.Start(t.Context(), equipment, 1, testbed.Kind{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("started")
	_, _ = b.Run(t.Context(), nextID(), slow())
}

// ownCache gives the test's runs a cache of their own: a neighbour's sweep knows
// nothing of them, and theirs nothing of the neighbour's.
func ownCache(t *testing.T, e *docker.Engine, cache string, expires time.Duration) testbed.Equipment {
	t.Helper()
	equipment := labtest.Equipment(t, e, labtest.Image(t, e).Name)
	owner, err := testbed.NewOwner(cache, time.Now().Add(expires))
	if err != nil {
		t.Fatal(err)
	}
	equipment.Owner = owner
	return equipment
}

// lab starts a lab in a process of its own and returns its run once it said so.
func lab(t *testing.T, how, cache, until string) (run string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAsLab$", "-test.v")
	cmd.Env = append(os.Environ(), asLab+"="+how, labCache+"="+cache)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	t.Cleanup(kill)
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if r, ok := strings.CutPrefix(lines.Text(), "run "); ok {
			run = r
		}
		if strings.HasPrefix(lines.Text(), until) {
			return run, kill
		}
	}
	t.Fatalf("the lab ended before it said %q", until)
	return "", nil
}

func count(t *testing.T, e *docker.Engine, run string) int {
	t.Helper()
	found, err := e.List(t.Context(), engine.LabelRun, run)
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func statuses(t *testing.T, e *docker.Engine, cache, run string) string {
	t.Helper()
	found, err := testbed.List(t.Context(), e, cache)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, l := range found {
		if l.Run == run {
			all = append(all, l.Status)
		}
	}
	return strings.Join(all, " ")
}

// sweep removes what the cache says is dead, and returns what of the run.
func sweep(t *testing.T, e *docker.Engine, cache, run string) int {
	t.Helper()
	removed, err := testbed.Sweep(t.Context(), e, cache)
	if err != nil {
		t.Error(err)
	}
	n := 0
	for _, l := range removed {
		if l.Run == run {
			n++
		}
	}
	return n
}

// Nothing can be done in a process that is killed: the containers end by themselves.
func TestAKilledLab(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	cache := t.TempDir()
	run, kill := lab(t, "during-a-trial", cache, "started")
	if got := statuses(t, e, cache, run); got != "live live" {
		t.Errorf("a live lab's containers are %q", got)
	}
	if n := sweep(t, e, cache, run); n != 0 || count(t, e, run) != 2 {
		t.Errorf("a live neighbour's containers: %d swept, %d there", n, count(t, e, run))
	}
	kill()
	gone(t, e, run, 20*time.Second)
}

// Containers that were never started do not end.
func TestALabKilledBeforeItStartsAContainer(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	cache := t.TempDir()
	run, _ := lab(t, "before-start", cache, "run ")
	for deadline := time.Now().Add(20 * time.Second); statuses(t, e, cache, run) != "dead"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("its containers are %q", statuses(t, e, cache, run))
		}
	}
	if n := sweep(t, e, cache, run); n != 1 {
		t.Errorf("%d swept", n)
	}
	gone(t, e, run, 0)
}

// keep runs a trial that is kept, and ends the run.
func keep(t *testing.T, e *docker.Engine, cache string, expires time.Duration) (run string) {
	t.Helper()
	equipment := ownCache(t, e, cache, expires)
	pool := testbed.NewPool(equipment)
	live, err := pool.Open(t.Context(), simple(proxied, app(protocol.Backend{})))
	if err != nil {
		t.Fatal(err)
	}
	name, err := live.Leave(t.Context())
	if names, _ := pool.Kept(); err != nil || name != "lab-"+equipment.Owner.Run+"-1" || len(names) != 1 || names[0] != name {
		t.Errorf("kept %q, %v, %q", names, err, name)
	}
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
	if err := equipment.Owner.Release(); err != nil {
		t.Error(err)
	}
	return equipment.Owner.Run
}

func TestAKeptTestbed(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	cache := t.TempDir()
	run := keep(t, e, cache, time.Hour)
	if got := statuses(t, e, cache, run); got != "kept kept" {
		t.Errorf("its containers are %q", got)
	}
	if n := sweep(t, e, cache, run); n != 0 {
		t.Errorf("%d swept", n)
	}
	found, err := e.List(t.Context(), engine.LabelRun, run)
	if err != nil {
		t.Fatal(err)
	}
	// Each container's agent is reached in it, more than once, and its stage lives.
	for range 2 {
		for _, c := range found {
			stream, err := e.Exec(t.Context(), c.ID, []string{testbed.AgentPath, "bridge"})
			if err != nil {
				t.Fatal(err)
			}
			agent := testbed.Converse(stream)
			if c.Labels[engine.LabelRole] == "nginx" {
				var answer protocol.ProbeResult
				probe := protocol.Probe{Address: "127.0.0.1:80", Method: "GET", Path: "/", Timeout: protocol.Duration(10 * time.Second)}
				err = agent.Ask(t.Context(), protocol.MethodProbe, probe, &answer)
				var check protocol.CheckResult
				checked := agent.Ask(t.Context(), protocol.MethodNginxCheck, nil, &check)
				if err != nil || answer.Body != "ok\n" || checked != nil || !check.OK {
					t.Errorf("nginx: %v %+v, %v %+v", err, answer, checked, check)
				}
			} else {
				var backends []protocol.BackendStatus
				if err := agent.Ask(t.Context(), protocol.MethodBackends, nil, &backends); err != nil || len(backends) != 1 ||
					!backends[0].Listening {
					t.Errorf("backends: %v %+v", err, backends)
				}
			}
			_ = stream.Close()
		}
	}
	leftovers, err := testbed.List(t.Context(), e, cache)
	if err != nil {
		t.Fatal(err)
	}
	var own []testbed.Leftover
	for _, l := range leftovers {
		if l.Run == run {
			own = append(own, l)
		}
	}
	if err := testbed.Remove(t.Context(), e, own); err != nil {
		t.Error(err)
	}
	gone(t, e, run, 0)
}

func TestAKeptTestbedExpires(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	cache := t.TempDir()
	run := keep(t, e, cache, 8*time.Second)
	gone(t, e, run, 30*time.Second)
}

// What should have ended, and has not, is swept by anyone.
func TestExpiredContainersAreSwept(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	cache := t.TempDir()
	equipment := ownCache(t, e, cache, -time.Minute)
	defer func() { _ = equipment.Owner.Release() }()
	labels := map[string]string{
		engine.LabelRun:     equipment.Owner.Run,
		engine.LabelExpires: equipment.Owner.Expires.UTC().Format(time.RFC3339),
	}
	if _, err := e.Create(t.Context(), engine.ContainerSpec{Name: "lab-test-expired-" + equipment.Owner.Run, Image: equipment.Image,
		Command: []string{"/bin/true"}, Labels: labels, Network: "none"}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.CreateNetwork(t.Context(), "lab-test-expired-"+equipment.Owner.Run, labels); err != nil {
		t.Fatal(err)
	}
	sweep(t, e, cache, equipment.Owner.Run)
	gone(t, e, equipment.Owner.Run, 0)
	if networks, err := e.Networks(t.Context(), engine.LabelRun, equipment.Owner.Run); err != nil || len(networks) > 0 {
		t.Errorf("networks: %+v, %v", networks, err)
	}
}
