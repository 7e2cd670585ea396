package docker_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/image/imagetest"
	"github.com/gatewaylab/lab/internal/labtest"
)

// pushed puts a small image into a real registry on a loopback address and removes it from the
// engine. The engine must be on this machine, because the registry is.
func pushed(t *testing.T, e *docker.Engine, info engine.Info, size int) (address, ref string) {
	t.Helper()
	if !strings.HasPrefix(info.Address, "unix://") {
		t.Skipf("SKIPPED: the engine at %s does not see this machine's loopback", info.Address)
	}
	address = imagetest.Registry(t)
	ref = address + "/lab-test/small:1"
	imported(t, e, info, ref, size)
	if err := e.Push(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if err := e.RemoveImage(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	return address, ref
}

func absent(t *testing.T, e *docker.Engine, ref string) {
	t.Helper()
	if _, err := e.Image(t.Context(), ref); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("%s is on the engine: %v", ref, err)
	}
}

func TestPullFromARegistry(t *testing.T) {
	e, info := imagetest.Engine(t)
	address, ref := pushed(t, e, info, 3<<20)
	var last engine.Progress
	source := image.Source{Engine: e, Info: info, Cache: t.TempDir(), Report: func(p engine.Progress) { last = p }}
	got, err := source.Obtain(t.Context(), image.Nginx(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if got.Origin != image.OriginPulled || got.Name != ref || got.Image.Arch != info.Arch || got.Image.Labels["lab-test"] != "1" {
		t.Errorf("%+v", got)
	}
	if last.Total < 3<<20 || last.Done != last.Total {
		t.Errorf("the last progress was %+v", last)
	}
	if again, err := source.Obtain(t.Context(), image.Nginx(), ref); err != nil || again.Origin != image.OriginPresent {
		t.Errorf("%+v, %v", again, err)
	}

	missing := address + "/lab-test/small:none"
	if err := e.Pull(t.Context(), missing, "", nil); !errors.Is(err, engine.ErrNotFound) ||
		!strings.Contains(err.Error(), "manifest unknown") {
		t.Errorf("a tag that is not there: %v", err)
	}
	_, err = source.Obtain(t.Context(), image.Nginx(), missing)
	if err == nil || !strings.Contains(err.Error(), "manifest unknown") || !strings.Contains(err.Error(), "lab images load") {
		t.Errorf("a tag that is not there: %v", err)
	}
	absent(t, e, missing)
}

// The image of a real server is pulled from a registry just like nginx's.
func TestPullServerFromARegistry(t *testing.T) {
	e, info := imagetest.Engine(t)
	if !strings.HasPrefix(info.Address, "unix://") {
		t.Skipf("SKIPPED: the engine at %s does not see this machine's loopback", info.Address)
	}
	made := labtest.Servers(t, e).Images["php-fpm"]
	ref := imagetest.Registry(t) + "/lab-test/php-fpm:1"
	if err := e.Tag(t.Context(), made.Image.ID, ref); err != nil {
		t.Fatal(err)
	}
	if err := e.Push(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if err := e.RemoveImage(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	absent(t, e, ref)
	source := image.Source{Engine: e, Info: info, Cache: t.TempDir()}
	named := map[string]string{"php-fpm": ref}
	for _, origin := range []string{image.OriginPulled, image.OriginPresent} {
		got := source.ObtainServers(t.Context(), []string{"php-fpm"}, named)
		if one := got.Images["php-fpm"]; got.Failed["php-fpm"] != nil || one.Name != ref || one.Origin != origin ||
			one.Image.ID != made.Image.ID {
			t.Errorf("%+v, %v; want it %s", one, got.Failed, origin)
		}
	}
	if err := e.RemoveImage(t.Context(), ref); err != nil {
		t.Error(err)
	}
}

// cutting is a registry whose layers break off after some bytes, or stop there without an end.
func cutting(t *testing.T, address string, after int64, silent bool) (cut string, times *atomic.Int32) {
	t.Helper()
	target := &url.URL{Scheme: "http", Host: address}
	proxy := httputil.NewSingleHostReverseProxy(target)
	times = new(atomic.Int32)
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := http.Get(target.String() + r.URL.Path)
		if err != nil || !strings.Contains(r.URL.Path, "/blobs/") || answer.ContentLength < after {
			proxy.ServeHTTP(w, r)
			return
		}
		defer answer.Body.Close()
		times.Add(1)
		w.Header().Set("Content-Length", answer.Header.Get("Content-Length"))
		_, _ = io.CopyN(w, answer.Body, after)
		_ = http.NewResponseController(w).Flush()
		if silent {
			select {
			case <-r.Context().Done():
			case <-done:
			}
		}
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(func() { close(done); server.Close() })
	return strings.TrimPrefix(server.URL, "http://"), times
}

// The engine goes on trying for a long time. If the caller gives the pull a deadline, the pull
// must return in time, and there must be no image with this name.
func TestARegistryThatBreaksInALayer(t *testing.T) {
	e, info := imagetest.Engine(t)
	address, ref := pushed(t, e, info, 3<<20)
	for _, silent := range []bool{false, true} {
		cut, times := cutting(t, address, 1<<20, silent)
		broken := cut + strings.TrimPrefix(ref, address)
		errGivenUp := errors.New("given up")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 3*time.Second, errGivenUp)
		var seen int64
		began := time.Now()
		err := e.Pull(ctx, broken, "", func(p engine.Progress) { seen = max(seen, p.Done) })
		cancel()
		if err == nil || time.Since(began) > 10*time.Second {
			t.Errorf("silent %v: after %s: %v", silent, time.Since(began), err)
		}
		if !errors.Is(err, errGivenUp) && !strings.Contains(err.Error(), "EOF") {
			t.Errorf("silent %v: %v", silent, err)
		}
		if times.Load() == 0 || seen > 1<<20 {
			t.Errorf("silent %v: cut %d times, %d bytes seen: the cut did not happen", silent, times.Load(), seen)
		}
		t.Logf("silent %v: after %s, cut %d times: %v", silent, time.Since(began).Round(time.Millisecond), times.Load(), err)
		absent(t, e, broken)
	}
}
