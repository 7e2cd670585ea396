package session_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/session"
	"github.com/gatewaylab/lab/internal/testbed"
)

// wanted has a cache of the test's own, so that its lock files are the test's alone.
func wanted(t *testing.T) session.Wanted {
	t.Helper()
	cache := t.TempDir()
	info, err := labtest.Engine(t).Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	labtest.ShareAgent(t, info.Arch, cache)
	return session.Wanted{Cache: cache, Nginx: labtest.Image(t, labtest.Engine(t)).Name, Lasts: time.Minute, Report: labtest.Told{TB: t}}
}

func locks(t *testing.T, cache string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(cache, "runs", "*.lock"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// What a session has on the engine is its run's, and gone when it is closed; after
// trouble the lock file stays, by which others know that what is left is nobody's.
func TestOpenAndClose(t *testing.T) {
	for _, row := range []struct {
		name    string
		trouble error
		leave   bool
		locks   int
	}{
		{"all is well", nil, false, 0},
		{"after trouble", errors.New("trouble"), false, 1},
		{"after trouble, with a testbed that was left", errors.New("trouble"), true, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := wanted(t)
			e := labtest.Engine(t)
			s, err := session.Open(t.Context(), session.Dial(t.Context()), w)
			if err != nil {
				t.Fatal(err)
			}
			live, err := s.Pool.Open(t.Context(), broken)
			if err != nil {
				t.Fatal(err)
			}
			if on, err := e.List(t.Context(), engine.LabelRun, s.Run()); err != nil || len(on) != 2 || locks(t, w.Cache) != 1 {
				t.Errorf("on the engine: %+v, %v; %d locks", on, err, locks(t, w.Cache))
			}
			name := ""
			if row.leave {
				name, err = live.Leave(t.Context())
			} else {
				_, err = live.Close(t.Context())
			}
			if err != nil {
				t.Error(err)
			}
			if err := s.Close(row.trouble); err != nil {
				t.Error(err)
			}
			if n := locks(t, w.Cache); n != row.locks {
				t.Errorf("%d locks are left, want %d", n, row.locks)
			}
			if row.leave {
				if live, err = testbed.Attach(t.Context(), e, name); err != nil {
					t.Fatal(err)
				}
				if _, err := live.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if on, err := e.List(t.Context(), engine.LabelRun, s.Run()); err != nil || len(on) != 0 {
				t.Errorf("left on the engine: %+v, %v", on, err)
			}
		})
	}
}

// What cannot be opened is said, and nothing of it stays.
func TestOpenFails(t *testing.T) {
	w := wanted(t)
	w.Nginx = "lab-test/no-such-image:1"
	s, err := session.Open(t.Context(), session.Dial(t.Context()), w)
	if err == nil || s.Info.Version == "" || !strings.Contains(err.Error(), "no-such-image") {
		t.Errorf("an image that is nowhere: %+v, %v", s, err)
	}
	w = wanted(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("Ctrl-C"))
	if _, err := session.Open(ctx, session.Dial(ctx), w); err == nil {
		t.Error("a session of a context that is over")
	}
	w = wanted(t)
	if err := os.WriteFile(filepath.Join(w.Cache, "runs"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Open(t.Context(), session.Dial(t.Context()), w); err == nil || !strings.Contains(err.Error(), "folder of runs") {
		t.Errorf("a cache that cannot be used: %v", err)
	}
}

// An engine that goes away is the one thing that is said.
func TestGone(t *testing.T) {
	w := wanted(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	s, err := session.Open(ctx, session.Dial(ctx), w)
	if err != nil {
		t.Fatal(err)
	}
	if s.Gone() != nil {
		t.Error("gone from the start")
	}
	cancel(engine.ErrUnavailable)
	var gone session.GoneError
	if err := s.Close(nil); !errors.As(err, &gone) || !strings.Contains(err.Error(), "lab prune") || locks(t, w.Cache) != 1 {
		t.Errorf("Close = %v, %d locks", err, locks(t, w.Cache))
	}
}

func TestParallel(t *testing.T) {
	for _, test := range []struct{ asked, cores, trials, want int }{
		{0, 2, 7, 1},
		{0, 2, 500, 10},
		{0, 64, 500, 16},
		{0, 64, 20, 3},
		{0, 0, 500, 1},
		{12, 2, 7, 12},
	} {
		s := session.Session{Info: engine.Info{Cores: test.cores}}
		if got := s.Parallel(test.asked, test.trials); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
}
