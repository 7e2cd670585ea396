package image

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
)

//lint:ignore ST1005 the engine's own words
var errNoHost = errors.New(`Get "https://registry.test/v2/": dial tcp: lookup registry.test: no such host`)

const assembledName = "lab/nginx:1.22.1-9"

// source returns a Source that assembles the image in the fake, or fails.
func source(t *testing.T, f *fake, assembleErr error) (*Source, *[]string) {
	said := &[]string{}
	return &Source{
		Engine: f, Info: engine.Info{Arch: "amd64"}, Cache: t.TempDir(),
		firstWord: 50 * time.Millisecond, stall: 50 * time.Millisecond,
		Report: func(p engine.Progress) {
			if p.Warning {
				*said = append(*said, p.What)
			}
		},
		assembling: func(_ context.Context, _ string, r Recipe) (string, error) {
			f.called("assemble %s", r.Repository)
			if assembleErr != nil {
				return "", assembleErr
			}
			f.has(assembledName, "amd64", map[string]string{engine.LabelImage: assembledValue})
			return assembledName, nil
		},
	}, said
}

func TestOrigins(t *testing.T) {
	assembledLabel := map[string]string{engine.LabelImage: assembledValue}
	pulls := func(f *fake) func(context.Context, string, func(engine.Progress)) error {
		return func(_ context.Context, ref string, report func(engine.Progress)) error {
			report(engine.Progress{What: "pulling", Done: 1})
			f.has(ref, "amd64", nil)
			return nil
		}
	}
	fails := func(*fake) func(context.Context, string, func(engine.Progress)) error {
		return func(context.Context, string, func(engine.Progress)) error { return errNoHost }
	}
	for _, c := range []struct {
		name   string
		ref    string
		has    func(*fake)
		pull   func(*fake) func(context.Context, string, func(engine.Progress)) error
		want   string
		origin string
		calls  string
		said   string
	}{
		{name: "the pinned image", has: func(f *fake) { f.has(Pinned, "amd64", nil); f.has(assembledName, "amd64", assembledLabel) },
			want: Pinned, origin: OriginPresent},
		{name: "an assembled one", has: func(f *fake) { f.has(assembledName, "amd64", assembledLabel) }, want: assembledName,
			origin: OriginPresent},
		{name: "an assembled one behind a registry's name", has: func(f *fake) { f.has("localhost/lab/nginx:1", "amd64", assembledLabel) },
			want: "localhost/lab/nginx:1", origin: OriginPresent},
		{name: "only other architectures", has: func(f *fake) {
			f.has(Pinned, "arm64", nil)
			f.has(assembledName, "arm64",
				assembledLabel)
		}, pull: pulls, want: Pinned, origin: OriginPulled, calls: "pull nginx:1.28.0"},
		{name: "assembled from something else", has: func(f *fake) {
			f.has("lab/php:8", "amd64", assembledLabel)
			f.has("notlab/nginx:1", "amd64", assembledLabel)
		}, pull: pulls, want: Pinned, origin: OriginPulled, calls: "pull nginx:1.28.0"},
		{name: "a re-laid one", has: func(f *fake) { f.has("lab/nginx:x", "amd64", map[string]string{engine.LabelImage: "relaid"}) },
			pull: pulls, want: Pinned, origin: OriginPulled, calls: "pull nginx:1.28.0"},
		{name: "assembled by an older lab", has: func(f *fake) {
			f.has(assembledName, "amd64", map[string]string{engine.LabelImage: assembledValue, LabelLayout: "1"})
		}, pull: pulls, want: Pinned, origin: OriginPulled, calls: "pull nginx:1.28.0"},
		{name: "nothing and a registry", pull: pulls, want: Pinned, origin: OriginPulled, calls: "pull nginx:1.28.0"},
		{name: "nothing and no registry", pull: fails, want: assembledName, origin: OriginAssembled,
			calls: "pull nginx:1.28.0, assemble lab/nginx", said: "no registry answers (" + errNoHost.Error() +
				"): assembling nginx from the packages of "},
		{name: "named and present", ref: "mine:1", has: func(f *fake) { f.has("mine:1", "amd64", nil); f.has(Pinned, "amd64", nil) },
			want: "mine:1", origin: OriginPresent},
		{name: "named, of another architecture", ref: "mine:1", has: func(f *fake) { f.has("mine:1", "arm64", nil) }, want: "mine:1",
			origin: OriginPresent, said: "the image mine:1 is for arm64, but the engine runs on amd64"},
		{name: "named and pulled", ref: "mine:1", has: func(f *fake) { f.has(Pinned, "amd64", nil) }, pull: pulls, want: "mine:1",
			origin: OriginPulled, calls: "pull mine:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			if c.has != nil {
				c.has(f)
			}
			if c.pull != nil {
				f.pull = c.pull(f)
			}
			s, said := source(t, f, nil)
			got, err := s.Obtain(t.Context(), Nginx(), c.ref)
			if err != nil || got.Name != c.want || got.Origin != c.origin || got.Image.ID != "sha256:"+c.want || got.Reason == "" ||
				got.Took <= 0 {
				t.Errorf("%+v, %v", got, err)
			}
			if calls := strings.Join(f.calls, ", "); calls != c.calls {
				t.Errorf("calls %q, want %q", calls, c.calls)
			}
			if text := strings.Join(*said, "\n"); !strings.HasPrefix(text, c.said) || (c.said == "") != (text == "") {
				t.Errorf("said %q", text)
			}
		})
	}
}

func TestAssembledChoosesTheNewest(t *testing.T) {
	f := newFake(t)
	for i, name := range []string{"lab/nginx:1", "lab/nginx:3", "lab/nginx:2"} {
		f.has(name, "amd64", map[string]string{engine.LabelImage: assembledValue})
		img := f.images[name]
		img.Created = time.Unix(int64(name[len(name)-1])*1000, int64(i))
		f.images[name] = img
	}
	s, _ := source(t, f, nil)
	if got, err := s.Obtain(t.Context(), Nginx(), ""); err != nil || got.Name != "lab/nginx:3" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNoOrigin(t *testing.T) {
	noApt := errors.New("this machine has no apt-get")
	fail := func(context.Context, string, func(engine.Progress)) error { return errNoHost }
	f := newFake(t)
	f.pull = fail
	s, _ := source(t, f, noApt)
	_, err := s.Obtain(t.Context(), Nginx(), "")
	if !errors.Is(err, errNoHost) || !errors.Is(err, noApt) {
		t.Errorf("%v", err)
	}
	want := `obtaining an image of nginx: no way to obtain one has worked
  on the engine: neither nginx:1.28.0 nor an assembled image
  from a registry: ` + errNoHost.Error() + `
  from packages: this machine has no apt-get
what you can do (one is enough):
  run ` + "`lab images save > FILE` on a machine that has the image, and `lab images load FILE`" + ` here
  configure the engine to use a registry, or a mirror of a registry, that it can reach
  run lab on a Debian or Ubuntu host that can reach its package mirror, so that lab can assemble the image`
	if err.Error() != want {
		t.Errorf("%s\nwant\n%s", err, want)
	}

	f = newFake(t)
	f.pull = fail
	s, _ = source(t, f, nil)
	_, err = s.Obtain(t.Context(), Nginx(), "mine:1")
	if err == nil || !strings.HasPrefix(err.Error(), `obtaining the image "mine:1": it is not on the engine and could not be pulled`) ||
		strings.Contains(err.Error(), "Debian") {
		t.Errorf("%v", err)
	}
	if calls := strings.Join(f.calls, ", "); calls != "pull mine:1" {
		t.Errorf("calls %q: a named image is never assembled", calls)
	}
}

func TestAnEngineThatIsGoneIsNoReasonToPull(t *testing.T) {
	f := newFake(t)
	f.lookup = fmt.Errorf("looking up: %w", engine.ErrUnavailable)
	s, _ := source(t, f, nil)
	if _, err := s.Obtain(t.Context(), Nginx(), ""); !errors.Is(err, engine.ErrUnavailable) || len(f.calls) > 0 {
		t.Errorf("%v, calls %v", err, f.calls)
	}
}

func TestCancelTriesNothingElse(t *testing.T) {
	f := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.pull = func(ctx context.Context, _ string, _ func(engine.Progress)) error {
		cancel()
		<-ctx.Done()
		return fmt.Errorf("pulling: %w", context.Cause(ctx))
	}
	s, said := source(t, f, nil)
	if _, err := s.Obtain(ctx, Nginx(), ""); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if slices.Contains(f.calls, "assemble lab/nginx") || len(*said) > 0 {
		t.Errorf("calls %v, said %v", f.calls, *said)
	}
}

func TestACacheThatCannotBeWritten(t *testing.T) {
	f := newFake(t)
	f.pull = func(context.Context, string, func(engine.Progress)) error { return errNoHost }
	s, _ := source(t, f, nil)
	s.Cache = "/dev/null/lab"
	var dir string
	inner := s.assembling
	s.assembling = func(ctx context.Context, d string, r Recipe) (string, error) {
		dir = d
		return inner(ctx, d, r)
	}
	if _, err := s.Obtain(t.Context(), Nginx(), ""); err != nil {
		t.Fatal(err)
	}
	if dir == "" || dir == s.Cache || nearest(dir) == dir {
		t.Errorf("worked in %q, and left it", dir)
	}
}

// A server without an official image must be assembled, and nothing may be pulled. If it
// cannot be assembled here either, the error must be ErrNoSource, unlike when assembling
// fails.
func TestServersOrigins(t *testing.T) {
	f := newFake(t)
	s, _ := source(t, f, nil)
	recipe := Server(mustServer(t, "gunicorn"))
	got, err := s.Obtain(t.Context(), recipe, "")
	if err != nil || got.Origin != OriginAssembled || strings.Join(f.calls, ", ") != "assemble lab/gunicorn" {
		t.Errorf("%+v, %v, calls %v", got, err, f.calls)
	}
	t.Setenv("PATH", t.TempDir())
	f = newFake(t)
	s, _ = source(t, f, nil)
	all := s.ObtainServers(t.Context(), []string{"gunicorn", "nobody"}, nil)
	if err := all.Failed["gunicorn"]; !errors.Is(err, ErrNoSource) || !strings.Contains(err.Error(), "--image gunicorn=IMAGE") ||
		len(f.calls) > 0 {
		t.Errorf("%v, calls %v", err, f.calls)
	}
	if _, err := all.Image("nobody"); err == nil || errors.Is(err, ErrNoSource) {
		t.Errorf("%v", err)
	}
	f.has("mine:1", "amd64", nil)
	all = s.ObtainServers(t.Context(), []string{"gunicorn"}, map[string]string{"gunicorn": "mine:1"})
	if name, err := all.Image("gunicorn"); err != nil || name != "mine:1" {
		t.Errorf("%s, %v", name, err)
	}
}
