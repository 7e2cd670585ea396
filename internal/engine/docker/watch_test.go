package docker

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types"

	"github.com/gatewaylab/lab/internal/engine"
)

// pinged is an engine that answers only pings. It sends a signal at the first request that it
// leaves without an answer.
func pinged(t *testing.T) (*Engine, *httptest.Server, <-chan struct{}) {
	t.Helper()
	asked, over := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(asked) })
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/_ping") {
			w.Header().Set("Api-Version", "1.41")
			return
		}
		first()
		<-over
	}))
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server.Listener = listener
	server.Start()
	t.Cleanup(func() { close(over); server.Close() })
	e, err := dial(t.Context(), endpoint{host: "unix://" + socket}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e, server, asked
}

// When the engine is gone, calls that wait, transfers and contexts of While must end, and the
// cause must say that the engine is gone. The same holds for those that begin later.
func TestAnEngineThatGoesAway(t *testing.T) {
	e, server, asked := pinged(t)
	ctx, stop := e.While(t.Context())
	defer stop()
	created := make(chan error, 1)
	go func() { _, err := e.CreateNetwork(t.Context(), "x", nil); created <- err }()
	<-asked
	_ = server.Listener.Close()
	server.CloseClientConnections()
	if err := <-created; !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("a call that waited: %v", err)
	}
	select { // the contexts end one after another
	case <-ctx.Done():
	case <-time.After(pingDeadline):
	}
	if cause := context.Cause(ctx); !errors.Is(cause, engine.ErrUnavailable) {
		t.Errorf("the context: %v", cause)
	}
	began := time.Now()
	if err := e.Remove(t.Context(), "x"); !errors.Is(err, engine.ErrUnavailable) || time.Since(began) > pingDeadline {
		t.Errorf("a later call, after %s: %v", time.Since(began), err)
	}
	late, stop := e.While(t.Context())
	defer stop()
	if context.Cause(late) == nil {
		t.Error("a later context goes on")
	}
}

// An engine that answers pings may take long for a call, but not for ever.
func TestACallThatIsNeverAnswered(t *testing.T) {
	e, _, _ := pinged(t)
	ctx, moved, end := e.bound(t.Context(), 2*time.Second)
	defer end()
	for range 4 {
		time.Sleep(600 * time.Millisecond)
		moved()
	}
	if ctx.Err() != nil {
		t.Errorf("something moved: %v", context.Cause(ctx))
	}
	_, err := e.api.ContainerInspect(ctx, "x")
	if err = e.wrap(ctx, "asking", err); !errors.Is(err, engine.ErrUnavailable) ||
		!strings.Contains(err.Error(), "nothing arrived within 2s") {
		t.Errorf("%v", err)
	}
	if e.watch.gone != nil {
		t.Errorf("it is taken for gone: %v", e.watch.gone)
	}
}

// The SDK waits for the answer to an attach and ignores the context.
func TestAttachHeedsItsContext(t *testing.T) {
	e, _, _ := pinged(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	attached := make(chan error, 1)
	go func() { _, err := e.Attach(ctx, "x"); attached <- err }()
	select {
	case err := <-attached:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Attach hangs")
	}
}

// Only when the engine ends a stream is the engine checked, and it is checked before the
// reader of the stream learns of the end.
func TestStreamAsksWhyItEnded(t *testing.T) {
	for _, closes := range []string{"the engine", "lab"} {
		lab, remote := net.Pipe()
		var asked atomic.Bool
		s := newStream(types.NewHijackedResponse(lab, ""), func() { asked.Store(true) })
		if closes == "lab" {
			_ = s.Close()
		} else {
			_ = remote.Close()
			_, _ = s.Read(make([]byte, 1))
		}
		if asked.Load() != (closes == "the engine") {
			t.Errorf("closed by %s: asked %v", closes, asked.Load())
		}
		_ = remote.Close()
		_ = s.Close()
	}
}
