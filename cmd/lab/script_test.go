package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/output"
)

// TestMain makes this test binary the program lab, too: exit codes are tested on the
// program, since `go run` turns every failure into 1.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lab": main})
}

func params(dir string, setup func(*testscript.Env) error) testscript.Params {
	return testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LAB_CACHE", filepath.Join(env.WorkDir, "cache"))
			env.Values[scriptT] = env.T()
			return setup(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "lines": lines},
	}
}

// exits runs a program and wants its exit code: exits CODE PROGRAM ARGUMENTS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGUMENTS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got == output.Inconclusive && (want == output.OK || want == output.Failed) && args[1] == "lab" {
		undecided(ts)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// fewScripts is how many scripts may end early since lab could not tell.
const fewScripts = 2

var undecidedScripts atomic.Int64

// undecided ends a script in which lab says that it cannot tell, as it does on a machine
// that is too busy: what comes after would be about a verdict that is not there.
func undecided(ts *testscript.TestScript) {
	if n := undecidedScripts.Add(1); n > fewScripts {
		ts.Fatalf("lab could not tell, in %d scripts by now", n)
	}
	ts.Value(scriptT).(testscript.T).Skip("lab could not tell: ", ts.ReadFile("stderr"))
}

// scriptKey is the type of scriptT, the key of the T of a script.
type scriptKey struct{}

var scriptT scriptKey

// lines wants a file to have so many lines: lines COUNT FILE
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines COUNT FILE")
	}
	if got := strings.Count(ts.ReadFile(args[1]), "\n"); strconv.Itoa(got) != args[0] {
		ts.Fatalf("%s has %d lines, want %s", args[1], got, args[0])
	}
}

// TestScripts is what a user sees where nothing is run.
func TestScripts(t *testing.T) {
	testscript.Run(t, params("testdata/script", func(env *testscript.Env) error {
		env.Setenv("DOCKER_HOST", "unix:///nonexistent/engine.sock")
		return nil
	}))
}

// TestEngineScripts is what a user sees of real runs.
func TestEngineScripts(t *testing.T) {
	engineSetup := realEngine(t)
	testscript.Run(t, params("testdata/script/engine", engineSetup))
}

// realEngine makes sure that an engine, an image and an agent are there, and returns
// what gives a script access to them.
func realEngine(t *testing.T) func(*testscript.Env) error {
	e := labtest.Engine(t)
	image := labtest.Image(t, e).Name
	labtest.Servers(t, e)
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func(env *testscript.Env) error {
		env.Setenv("IMAGE", image)
		for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH",
			"XDG_RUNTIME_DIR"} {
			if value, set := os.LookupEnv(name); set {
				env.Setenv(name, value)
			}
		}
		// The docker command's own configuration may name the engine's context.
		if home, err := os.UserHomeDir(); err == nil {
			env.Setenv("HOME", home)
		}
		env.Defer(func() { removeKept(t, e, env.WorkDir) })
		labtest.ShareAgent(t, info.Arch, filepath.Join(env.WorkDir, "cache"))
		return nil
	}
}

// removeKept removes what a script kept and did not come to prune, since it failed.
// It finds the runs by what lab told the script to do about them.
func removeKept(t *testing.T, e engine.Containers, folder string) {
	text, err := os.ReadFile(filepath.Join(folder, "kept.txt"))
	if err != nil {
		return // nothing was kept
	}
	for _, m := range regexp.MustCompile(`remove it: lab prune ([0-9a-f]{8})`).FindAllSubmatch(text, -1) {
		list, err := e.List(context.Background(), engine.LabelRun, string(m[1]))
		if err != nil {
			t.Error(err)
		}
		for _, c := range list {
			if err := e.Remove(context.Background(), c.ID); err != nil {
				t.Error(err)
			}
		}
	}
}
