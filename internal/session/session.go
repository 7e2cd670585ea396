// Package session opens all that trials need, in the right order, and closes it in the
// right order, once for every command: the engine, the images, the agent, the
// certificates, the owner of what is on the engine, and the pool of testbeds.
package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatewaylab/lab/internal/agent"
	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/testbed"
)

// Wanted is what a command needs.
type Wanted struct {
	Cache      string            // lab's folder in the user's cache
	Nginx      string            // the image; "" is the default
	Servers    []string          // real servers whose images are needed, by name
	Named      map[string]string // server -> the image that somebody named for it
	Privileges []string          // that were given to the scenarios that ask for them
	Fresh      bool              // no container serves a second trial
	Lasts      time.Duration     // how long the command may take; containers expire an hour later
	Report     Report
}

// Report is told what is being done. It may be told from several goroutines.
type Report interface {
	Line(format string, args ...any)   // worth a line
	Detail(format string, args ...any) // worth a line for those who want to know
	Warn(format string, args ...any)   // worth a line for everybody
	Bytes(engine.Progress)             // a step that moves data
	Done()                             // the steps have come to their end
}

// Session is all that trials need. What it names is known also where Open failed, as far
// as it came.
type Session struct {
	Engine  *docker.Engine
	Info    engine.Info
	Image   image.Obtained
	Servers image.Servers
	Pool    *testbed.Pool

	agent        []byte
	certificates certificate.Set
	owner        testbed.Owner
	watched      context.Context // ends when the engine goes away
	unwatch      func()
}

// GoneError says that the engine went away while it was used. That nothing could be
// removed from it either follows, and is not said besides.
type GoneError struct{ Cause error }

func (e GoneError) Error() string {
	return fmt.Sprintf("%v; look after the engine, then `lab prune` removes what is left on it", e.Cause)
}

func (e GoneError) Unwrap() error { return e.Cause }

// graceAfter is how long after the command's time limit its containers may still be
// wanted: by its clean-up, and by whoever looks into a testbed that was left.
const graceAfter = time.Hour

// Open waits for the engine and makes everything ready. The session is never nil; after
// an error it is closed already.
func Open(ctx context.Context, d *Dialling, wanted Wanted) (*Session, error) {
	s := &Session{unwatch: func() {}, watched: ctx}
	<-d.done
	if s.Engine, s.Info = d.engine, d.info; d.err != nil {
		return s, errors.Join(d.err, s.closeEngine())
	}
	wanted.Report.Detail("engine: %s %s at %s", s.Info.Name, s.Info.Version, s.Info.Address)
	s.watched, s.unwatch = s.Engine.While(ctx)
	if err := s.prepare(s.watched, wanted); err != nil {
		return s, errors.Join(err, s.closeEngine())
	}
	owner, err := testbed.NewOwner(wanted.Cache, time.Now().Add(wanted.Lasts+graceAfter))
	if err != nil {
		return s, errors.Join(err, s.closeEngine())
	}
	s.owner = owner
	wanted.Report.Detail("run: %s", owner.Run)
	s.Pool = testbed.NewPool(testbed.Equipment{
		Engine: s.Engine, Image: s.Image.Name, Server: s.Servers.Image, Agent: s.agent, Certificates: s.certificates, Owner: owner,
		Privileges: wanted.Privileges, Fresh: wanted.Fresh,
	})
	return s, nil
}

// prepare does side by side what may take long: obtaining the images, obtaining the
// agent, making certificates, and sweeping what killed runs left.
func (s *Session) prepare(outer context.Context, wanted Wanted) error {
	all, ctx := errgroup.WithContext(outer)
	start := func(doing string, step func() error) {
		all.Go(func() error {
			began := time.Now()
			err := step()
			if err == nil {
				wanted.Report.Detail("%s: %s", doing, time.Since(began).Round(time.Millisecond))
			}
			return err
		})
	}
	start("images", func() (err error) {
		source := image.Source{Engine: s.Engine, Info: s.Info, Cache: wanted.Cache, Report: wanted.Report.Bytes}
		if s.Image, err = source.Obtain(ctx, image.Nginx(), wanted.Nginx); err != nil {
			return err
		}
		s.Servers = source.ObtainServers(ctx, wanted.Servers, wanted.Named)
		return nil
	})
	start("certificates", func() (err error) {
		if s.certificates, err = certificate.Make(time.Now()); err != nil {
			err = fmt.Errorf("making the run's certificates: %w", err)
		}
		return err
	})
	start("agent", func() (err error) {
		source := agent.Source{Cache: wanted.Cache, Report: func(what string) { wanted.Report.Line("%s", what) }}
		s.agent, err = source.Binary(ctx, s.Info.Arch)
		return err
	})
	start("sweep", func() error {
		swept, err := testbed.Sweep(ctx, s.Engine, wanted.Cache)
		if len(swept) > 0 {
			wanted.Report.Line("removed what an earlier run left behind: %s", testbed.Describe(swept))
		}
		// Somebody's leftovers do not keep this run from its work.
		if err != nil && ctx.Err() == nil {
			wanted.Report.Warn("sweeping what earlier runs left behind: %v", err)
		}
		return nil
	})
	err := all.Wait()
	wanted.Report.Done()
	if cause := context.Cause(outer); cause != nil { // the steps only hear of it
		err = cause
	}
	if err != nil {
		return fmt.Errorf("preparing the run: %w", err)
	}
	return nil
}

// Context is the one that Open was given, which ends also when the engine goes away.
func (s *Session) Context() context.Context { return s.watched }

// Gone is the error of an engine that went away, or nil.
func (s *Session) Gone() error {
	if cause := context.Cause(s.watched); errors.Is(cause, engine.ErrUnavailable) {
		return GoneError{cause}
	}
	return nil
}

// Run is the id of what the session has on the engine, as `lab ps` shows it.
func (s *Session) Run() string { return s.owner.Run }

// Close removes everything that is not to stay, and closes the engine. trouble is the
// error that the command has ended with: after one something may be left on the engine,
// or yet be made there by an engine that works off what it was sent. As a killed run's it
// is removed by the next run or by `lab prune`; a testbed that was left would go, too,
// and keeps the rest from it.
func (s *Session) Close(trouble error) error {
	err := s.Pool.Close()
	if gone := s.Gone(); gone != nil {
		err, trouble = gone, gone
	}
	end := s.owner.Release
	if kept, _ := s.Pool.Kept(); (err != nil || trouble != nil) && len(kept) == 0 {
		end = s.owner.Abandon
	}
	return errors.Join(err, end(), s.closeEngine())
}

func (s *Session) closeEngine() error {
	s.unwatch()
	if s.Engine == nil {
		return nil
	}
	return s.Engine.Close()
}

const (
	maxParallel   = 16
	trialsPerCore = 5 // most of a trial is waiting

	// TrialsPerTestbed is how many trials make it worth while to start a testbed for them.
	TrialsPerTestbed = 6
)

// Parallel is how many trials pay off side by side; asked is what the user wants, or 0.
func (s *Session) Parallel(asked, trials int) int {
	if asked > 0 {
		return asked
	}
	return max(1, min(maxParallel, trialsPerCore*s.Info.Cores, trials/TrialsPerTestbed))
}
