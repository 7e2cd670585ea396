package testbed_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/testbed"
	"github.com/gatewaylab/lab/internal/trial"
)

const (
	viaFastCGI = "server {\n listen 80;\n location / {\n  fastcgi_pass unix:/lab/run/php.sock;\n" +
		"  fastcgi_param SCRIPT_FILENAME /srv/app/index.php;\n  fastcgi_param REQUEST_METHOD $request_method;\n }\n}\n"
	pool = "[global]\nerror_log = /proc/self/fd/2\n[www]\nuser = www-data\ngroup = www-data\nlisten = /lab/run/php.sock\n" +
		"listen.owner = www-data\nlisten.mode = 0600\npm = static\npm.max_children = 2\nclear_env = no\n"
	script = "<?php\nheader('X-Lab-Trial: ' . getenv('LAB_TRIAL'));\necho getmypid();\n"
)

// php is a trial on PHP-FPM that goes through phases.
func php(phases ...trial.Phase) trial.Trial {
	stage := trial.Stage{
		Nginx: "nginx.conf", User: "www-data",
		Backends: map[string]protocol.Backend{"app": {Listen: "unix:///lab/run/php.sock", Config: "pool.conf", Application: "index.php"}},
	}
	for i := range phases {
		user := phases[i].Stage.User
		phases[i].Stage = stage
		if phases[i].Rounds = 1; user != "" {
			phases[i].Stage.User = user
		}
	}
	return trial.Trial{
		Scenario: "php", Name: "php", Server: "php-fpm", Start: stage, Phases: phases,
		Files:  map[string]string{"nginx.conf": viaFastCGI, "pool.conf": pool, "index.php": script},
		Probes: map[string]trial.Probe{"home": {Get: "/"}},
	}
}

func steps(words ...string) []trial.Step {
	var list []trial.Step
	for _, word := range words {
		list = append(list, trial.Step{Do: word})
	}
	return list
}

// A real server is started fresh, its log is seen phase by phase, and when it is killed
// none of its workers goes on answering.
func TestServer(t *testing.T) {
	t.Parallel()
	p := labtest.Pool(t)
	seen, err := p.Run(t.Context(), php(
		trial.Phase{Name: "healthy"},
		trial.Phase{Name: "killed", Apply: steps("kill-backend")},
		trial.Phase{Name: "again", Apply: []trial.Step{{Do: "remove", Target: "/lab/run/php.sock"}, {Do: "start-backend"}}},
		trial.Phase{Name: "other user", Stage: trial.Stage{User: "daemon"}, Apply: steps("check", "reload")},
	))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{200, 502, 200, 502} {
		phase := seen.Phases[i]
		a := phase.Answers[0].Client
		if a.Status != want || want == 200 && a.Headers[protocol.TrialHeader] != seen.ID {
			t.Errorf("%s: status %d, want %d; headers %v", phase.Name, a.Status, want, a.Headers)
		}
		if len(phase.Files) != 2 || phase.Files["pool.conf"] != pool {
			t.Errorf("%s: files %v", phase.Name, phase.Files)
		}
	}
	for i, want := range []int{1, 0, 1, 0} {
		if got := strings.Count(seen.Phases[i].Backends["app"], "ready to handle connections"); got != want {
			t.Errorf("%s: the pool was ready %d times, want %d: %q", seen.Phases[i].Name, got, want, seen.Phases[i].Backends["app"])
		}
	}
	for i, want := range map[int]string{1: "(111: ", 3: "(13: "} { // a killed pool's socket; workers of another user
		if log := seen.Phases[i].Log; len(log) == 0 || !strings.Contains(log[len(log)-1].Message, want) {
			t.Errorf("%s: log %v, want %s", seen.Phases[i].Name, log, want)
		}
	}
	if tm := seen.Timings; tm.Servers <= tm.Backends || tm.Starts != 2 || tm.Fastest <= 0 {
		t.Errorf("timings %+v", seen.Timings)
	}
}

// A server that listens elsewhere than the scenario says is the author's mistake, and
// the error says where it listens.
func TestServerListensElsewhere(t *testing.T) {
	t.Parallel()
	p := labtest.Pool(t)
	what := php(trial.Phase{Name: "healthy"})
	what.Files["pool.conf"] = strings.Replace(pool, "/lab/run/php.sock", "127.0.0.1:9000", 1)
	began := time.Now()
	_, err := p.Run(t.Context(), what)
	if err == nil || !strings.Contains(err.Error(), `backend "app" did not listen on unix:///lab/run/php.sock`) ||
		!strings.Contains(err.Error(), "tcp://127.0.0.1:9000") {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

// An image without the server is told as such.
func TestServerMissingInItsImage(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	equipment := labtest.Equipment(t, e, labtest.Image(t, e).Name)
	equipment.Server = func(string) (string, error) { return equipment.Image, nil }
	p := poolOf(t, equipment)
	if _, err := p.Run(t.Context(), php(trial.Phase{Name: "healthy"})); err == nil ||
		!strings.Contains(err.Error(), "the image has no program php-fpm or php-fpm[0-9]* in its PATH") {
		t.Errorf("%v", err)
	}
	equipment.Server = func(string) (string, error) { return "", os.ErrNotExist }
	p = poolOf(t, equipment)
	if _, err := p.Run(t.Context(), php(trial.Phase{Name: "healthy"})); err == nil ||
		!strings.HasSuffix(err.Error(), os.ErrNotExist.Error()) {
		t.Errorf("%v", err)
	}
}

func poolOf(t *testing.T, equipment testbed.Equipment) *testbed.Pool {
	t.Helper()
	p := testbed.NewPool(equipment)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// specs notes what containers are asked for.
type specs struct {
	engine.Containers
	all []engine.ContainerSpec
}

func (s *specs) Create(ctx context.Context, spec engine.ContainerSpec) (string, error) {
	s.all = append(s.all, spec)
	return s.Containers.Create(ctx, spec)
}

// Only the helper has the privilege that was given, and nothing of the scenario's; without
// the privilege there is no container at all.
func TestCgroupHelper(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	equipment := labtest.WithServers(t, e, labtest.Equipment(t, e, labtest.Image(t, e).Name))
	asked := &specs{Containers: e}
	equipment.Engine = asked
	b, err := testbed.Start(t.Context(), equipment, 1, testbed.Kind{Server: "systemd"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Remove(); err != nil {
		t.Error(err)
	}
	if len(asked.all) != 2 {
		t.Fatalf("%d containers", len(asked.all))
	}
	manager, helper := asked.all[0], asked.all[1]
	if slices.Contains(manager.Cap, "SYS_ADMIN") || !manager.OwnCgroup || manager.UnlockCgroupOf != "" {
		t.Errorf("the service manager's container: %+v", manager)
	}
	own := slices.DeleteFunc(slices.Clone(helper.Cap), func(c string) bool { return slices.Contains(manager.Cap, c) })
	if helper.UnlockCgroupOf == "" || helper.VolumesOf != helper.UnlockCgroupOf || helper.Network != "none" ||
		!slices.Equal(own, []string{"SYS_ADMIN", "SYS_CHROOT"}) ||
		len(helper.Tmpfs)+len(helper.Sysctls) > 0 {
		t.Errorf("the helper: %+v", helper)
	}
	equipment.Privileges, asked.all = nil, nil
	if _, err := testbed.Start(t.Context(), equipment, 2, testbed.Kind{Server: "systemd"}); err == nil ||
		!strings.Contains(err.Error(), "systemd needs the privilege SYS_ADMIN, which was not given") ||
		len(asked.all) > 0 {
		t.Errorf("%v, %d containers", err, len(asked.all))
	}
}

// The service manager's journal is seen phase by phase, however long it is; a service
// that something else has restarted is found again.
func TestServiceManager(t *testing.T) {
	t.Parallel()
	p := labtest.Pool(t)
	stage := trial.Stage{
		Nginx:    "nginx.conf",
		Backends: map[string]protocol.Backend{"app": {Listen: "tcp://127.0.0.1:3000", Config: "app.service"}},
	}
	run := func(command string) trial.Step { return trial.Step{Do: "run", Run: command} }
	phases := []trial.Phase{
		{Name: "healthy"},
		{
			Name: "long journal",
			Apply: []trial.Step{
				{Do: "restart-backend"},
				{Do: "reload"},
				run("systemctl restart nginx"),
				{Do: "reload"},
				{Do: "wait", Wait: protocol.Duration(500 * time.Millisecond)},
			},
		},
		{Name: "restarted", Apply: []trial.Step{{Do: "restart-nginx"}}},
	}
	for i := range phases {
		phases[i].Stage, phases[i].Rounds = stage, 1
	}
	seen, err := p.Run(t.Context(), trial.Trial{
		Scenario: "service", Name: "service", Server: "systemd", Start: stage, Phases: phases,
		Files: map[string]string{
			"nginx.conf":  proxied,
			"app.service": "[Service]\nExecStart=/srv/app/run\nExecStopPost=/bin/seq 1 9000\n",
		},
		Probes: map[string]trial.Probe{"home": {Get: "/"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, phase := range seen.Phases {
		if status := phase.Answers[0].Client.Status; status != 200 {
			t.Errorf("%s: status %d", phase.Name, status)
		}
		for _, s := range phase.Steps {
			if s.Error != "" || s.Reload != nil && !s.Reload.Done {
				t.Errorf("%s: %s: %s %+v", phase.Name, s.Step, s.Error, s.Reload)
			}
		}
	}
	// What the agent keeps of a journal is less than the service said when it stopped.
	if log := seen.Phases[2].Backends["app"]; !strings.HasSuffix(log, "GET /: 200\n") || len(log) > 200 {
		t.Errorf("the journal since then has %d bytes: %.200q", len(log), log)
	}
	var commands []string
	for _, s := range seen.Phases[2].Steps {
		for _, ran := range s.Ran {
			commands = append(commands, ran.Command)
		}
	}
	if got, want := strings.Join(commands, ", "), "systemctl stop nginx, systemctl start nginx"; got != want {
		t.Errorf("commands %s, want %s", got, want)
	}
	if b := seen.Backends[0]; !b.Running || !b.Listening {
		t.Errorf("%+v", b)
	}
}
