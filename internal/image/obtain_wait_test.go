package image

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
)

func TestASilentRegistryIsGivenUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		before int
		say    string
	}{
		{"at once", 0, "no registry answers (pulling: nothing arrived for 50ms)"},
		{"after a while", 3, "the pull failed (pulling: nothing more arrived for 50ms)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			f.pull = func(ctx context.Context, _ string, report func(engine.Progress)) error {
				for i := range c.before {
					time.Sleep(30 * time.Millisecond) // each pause is shorter than the limit, and together they are longer
					report(engine.Progress{Done: int64(i + 1)})
				}
				<-ctx.Done()
				return fmt.Errorf("pulling: %w", context.Cause(ctx))
			}
			s, said := source(t, f, nil)
			began := time.Now()
			got, err := s.Obtain(t.Context(), Nginx(), "")
			if err != nil || got.Origin != OriginAssembled {
				t.Fatalf("%+v, %v", got, err)
			}
			if took := time.Since(began); took < 50*time.Millisecond+time.Duration(c.before)*30*time.Millisecond || took > 2*time.Second {
				t.Errorf("took %s", took)
			}
			if text := strings.Join(*said, " "); !strings.HasPrefix(text, c.say) {
				t.Errorf("said %q", text)
			}
		})
	}
}

func TestTwoAtOnceDoTheWorkOnce(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	var mu sync.Mutex // the fake itself must not be used by two goroutines
	inside, waiting := make(chan struct{}), make(chan struct{})
	var origins []string
	obtain := func(first bool) {
		s, _ := source(t, f, nil)
		s.Cache = dir
		s.Engine = locked{fake: f, mu: &mu}
		s.Report = func(p engine.Progress) {
			if !first && strings.HasPrefix(p.What, "waiting for another lab") {
				close(waiting)
			}
		}
		make1 := s.assembling
		s.assembling = func(ctx context.Context, dir string, r Recipe) (string, error) {
			close(inside) // closing it twice would panic
			<-waiting
			mu.Lock()
			defer mu.Unlock()
			return make1(ctx, dir, r)
		}
		got, err := s.Obtain(t.Context(), Nginx(), "")
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Error(err)
		}
		origins = append(origins, got.Origin)
	}
	f.pull = func(context.Context, string, func(engine.Progress)) error { return errNoHost }
	var both sync.WaitGroup
	both.Go(func() { obtain(true) })
	<-inside
	both.Go(func() { obtain(false) })
	both.Wait()
	if got := strings.Join(origins, " "); got != "assembled present" && got != "present assembled" {
		t.Errorf("origins %s, calls %v", got, f.calls)
	}
}

// locked lets two goroutines use one fake.
type locked struct {
	*fake
	mu *sync.Mutex
}

func (l locked) Image(ctx context.Context, ref string) (engine.Image, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fake.Image(ctx, ref)
}

func (l locked) ListImages(ctx context.Context, label, value string) ([]engine.Image, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fake.ListImages(ctx, label, value)
}
