// Package labtest gives tests a real engine with everything that testbeds need, or skips the
// tests with a visible reason. Only tests import it.
package labtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/agent"
	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/image/imagetest"
	"github.com/gatewaylab/lab/internal/session"
	"github.com/gatewaylab/lab/internal/testbed"
)

// Engine connects to the engine, or skips the test; see imagetest.Engine.
func Engine(t testing.TB) *docker.Engine {
	t.Helper()
	e, _ := imagetest.Engine(t)
	return e
}

// Cache returns lab's folder in the user's cache directory. Tests share it with each other and
// with the program, because some of its contents take long to obtain.
func Cache(t testing.TB) string {
	t.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "lab")
}

// Image obtains the image of nginx as `lab run` does.
func Image(t testing.TB, e *docker.Engine) image.Obtained {
	t.Helper()
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	source := image.Source{Engine: e, Info: info, Cache: Cache(t), Report: func(p engine.Progress) { t.Log(p.What) }}
	obtained, err := source.Obtain(t.Context(), image.Nginx(), "")
	if err != nil {
		t.Fatal(err)
	}
	return obtained
}

// Servers obtains the images of all real servers as `lab run` does.
func Servers(t testing.TB, e *docker.Engine) image.Servers {
	t.Helper()
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	source := image.Source{Engine: e, Info: info, Cache: Cache(t), Report: func(p engine.Progress) { t.Log(p.What) }}
	got := source.ObtainServers(t.Context(), server.Names(), nil)
	for name, err := range got.Failed {
		t.Fatalf("%s: %v", name, err)
	}
	return got
}

// Agent returns the agent for an architecture. If it is not in the cache, it is compiled.
func Agent(t testing.TB, arch string) []byte {
	t.Helper()
	binary, err := agent.Source{Cache: Cache(t), Report: func(what string) { t.Log(what) }}.Binary(t.Context(), arch)
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// ShareAgent copies the compiled agent, and nothing else, into a test's own cache.
func ShareAgent(t testing.TB, arch, cache string) {
	t.Helper()
	Agent(t, arch)
	to := filepath.Join(cache, "agent")
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(Cache(t), "agent", "lab-agent-"+arch+"-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if extension := filepath.Ext(name); extension == ".lock" || extension == ".new" {
			continue
		}
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, filepath.Base(name)), text, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Soak returns how often a test repeats something: a few times, or many times in `task soak`.
// Both variants test the same.
func Soak(short, long int) int {
	if os.Getenv("LAB_SOAK") != "" {
		return long
	}
	return short
}

// Equipment returns what testbeds with this image need. When the test ends, nothing of its run
// may be left on the engine.
func Equipment(t testing.TB, e *docker.Engine, imageName string) testbed.Equipment {
	t.Helper()
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	binary := Agent(t, info.Arch)
	certificates, err := certificate.Make(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	owner, err := testbed.NewOwner(Cache(t), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// At this point t.Context() is done already.
		left, err := e.List(context.Background(), engine.LabelRun, owner.Run)
		if err != nil || len(left) > 0 {
			t.Errorf("left on the engine: %v %v", left, err)
		}
		if err := owner.Release(); err != nil {
			t.Error(err)
		}
	})
	return testbed.Equipment{Engine: e, Image: imageName, Agent: binary, Certificates: certificates, Owner: owner}
}

// WithServers adds the images of all real servers and the privileges that they need.
func WithServers(t testing.TB, e *docker.Engine, equipment testbed.Equipment) testbed.Equipment {
	t.Helper()
	equipment.Server = Servers(t, e).Image
	for _, s := range server.Table {
		equipment.Privileges = append(equipment.Privileges, s.Privileges...)
	}
	return equipment
}

// Pool returns the pool of a session with the default image and all real servers. It is closed
// at the end of the test.
func Pool(t testing.TB) *testbed.Pool {
	t.Helper()
	Engine(t) // skips the test if there is no engine
	wanted := session.Wanted{Cache: Cache(t), Servers: server.Names(), Lasts: time.Hour, Report: Told{t}}
	for _, s := range server.Table {
		wanted.Privileges = append(wanted.Privileges, s.Privileges...)
	}
	open, err := session.Open(t.Context(), session.Dial(t.Context()), wanted)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range open.Servers.Failed {
		t.Errorf("%s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := open.Close(nil); err != nil {
			t.Error(err)
		}
	})
	return open.Pool
}

// Told writes what a session reports to the log of the test.
type Told struct{ testing.TB }

func (t Told) Line(format string, args ...any)   { t.Logf(format, args...) }
func (t Told) Detail(format string, args ...any) { t.Logf(format, args...) }
func (t Told) Warn(format string, args ...any)   { t.Logf(format, args...) }
func (t Told) Bytes(p engine.Progress)           { t.Log(p.What) }
func (t Told) Done()                             {}
