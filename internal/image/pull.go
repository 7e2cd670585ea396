package image

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
)

// These are the reasons for giving up a pull: nothing arrived at all, or nothing more arrived.
var (
	errSilence = errors.New("nothing arrived")
	errStalled = errors.New("nothing more arrived")
)

// pull gives a registry some time to answer. After that it waits as long as something arrives.
func (s *Source) pull(ctx context.Context, ref string) error {
	first, stall := s.firstWord, s.stall
	if first == 0 {
		first = 20 * time.Second
	}
	if stall == 0 {
		stall = 60 * time.Second
	}
	pulling, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience, silence := first, errSilence
	moved := make(chan engine.Progress)
	done := make(chan error, 1)
	go func() {
		// The engine chooses the platform: some engines need a newer API version to be told
		// one.
		done <- s.Engine.Pull(pulling, ref, "", func(p engine.Progress) {
			select {
			case moved <- p:
			case <-pulling.Done():
			}
		})
	}()
	s.report(engine.Progress{What: "pulling " + ref})
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case err := <-done:
			return err
		case p := <-moved:
			patience, silence = stall, errStalled
			timer.Reset(patience)
			s.report(p)
		case <-timer.C:
			cancel(fmt.Errorf("%w for %s", silence, patience))
			return <-done
		}
	}
}

// noPull says in a few words why a pull failed, and includes the cause.
func noPull(ref string, err error) string {
	text := err.Error()
	if errors.Is(err, engine.ErrNotFound) {
		return fmt.Sprintf("the registry refuses to give %s (%s)", ref, text)
	}
	for _, sign := range []string{"no such host", "connection refused", "i/o timeout", "Client.Timeout", "server misbehaving",
		"unreachable", "proxyconnect"} {
		if strings.Contains(text, sign) {
			return fmt.Sprintf("no registry answers (%s)", text)
		}
	}
	if errors.Is(err, errSilence) {
		return fmt.Sprintf("no registry answers (%s)", text)
	}
	return fmt.Sprintf("the pull failed (%s)", text)
}

// failure is the error when an image could not be obtained.
type failure struct {
	recipe         Recipe
	ref            string // "" is the default image
	pull, assemble error
}

func (f failure) Error() string {
	var b strings.Builder
	if f.ref == "" {
		there := "no assembled image"
		if f.recipe.Official != "" {
			there = "neither " + f.recipe.Official + " nor an assembled image"
		}
		fmt.Fprintf(&b, "obtaining an image of %s: no way to obtain one has worked\n", f.recipe.What)
		fmt.Fprintf(&b, "  on the engine: %s\n", there)
		fmt.Fprintf(&b, "  from a registry: %v\n", f.pull)
		fmt.Fprintf(&b, "  from packages: %v\n", f.assemble)
	} else {
		fmt.Fprintf(&b, "obtaining the image %q: it is not on the engine and could not be pulled\n", f.ref)
		fmt.Fprintf(&b, "  from a registry: %v\n", f.pull)
	}
	b.WriteString("what you can do (one is enough):\n")
	b.WriteString("  run `lab images save > FILE` on a machine that has the image, and `lab images load FILE` here\n")
	b.WriteString("  configure the engine to use a registry, or a mirror of a registry, that it can reach")
	if f.ref == "" {
		b.WriteString("\n  run lab on a Debian or Ubuntu host that can reach its package mirror, so that lab can assemble the image")
	}
	return b.String()
}

func (f failure) Unwrap() []error {
	if f.assemble == nil {
		return []error{f.pull}
	}
	return []error{f.pull, f.assemble}
}
