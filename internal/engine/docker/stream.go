package docker

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/gatewaylab/lab/internal/engine"
)

// maxErrors limits how much of a container's standard error is kept.
const maxErrors = 16 << 10

// stream separates the engine's single connection: what is written to the stream is the input
// of the process, what is read is its output, and the end of its errors is kept.
type stream struct {
	conn   net.Conn
	output *io.PipeReader
	errors lastBytes
	closed atomic.Bool
	done   chan struct{}
}

// Attach returns the stream of a container that has not been started yet.
func (e *Engine) Attach(ctx context.Context, id string) (engine.Stream, error) {
	asking, cancel := e.ask(ctx)
	defer cancel()
	hijacked, err := within(asking, func() (types.HijackedResponse, error) {
		return e.api.ContainerAttach(asking, id, container.AttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	}, hangUp)
	if err != nil {
		return nil, e.wrap(asking, "attaching to container "+short(id), err)
	}
	return newStream(hijacked, e.ended), nil
}

// Exec starts a process in a running container and attaches to it.
func (e *Engine) Exec(ctx context.Context, id string, command []string) (engine.Stream, error) {
	asking, cancel := e.ask(ctx)
	defer cancel()
	doing := fmt.Sprintf("starting %q in container %s", command, short(id))
	made, err := e.api.ContainerExecCreate(asking, id, container.ExecOptions{User: "0:0", Cmd: command, AttachStdin: true,
		AttachStdout: true, AttachStderr: true})
	if err != nil {
		return nil, e.wrap(asking, doing, err)
	}
	hijacked, err := within(asking, func() (types.HijackedResponse, error) {
		return e.api.ContainerExecAttach(asking, made.ID, container.ExecAttachOptions{})
	}, hangUp)
	if err != nil {
		return nil, e.wrap(asking, doing, err)
	}
	return newStream(hijacked, e.ended), nil
}

func hangUp(h types.HijackedResponse) { h.Close() }

// ended checks whether a stream ended because the engine did. It is called before the reader
// of the stream learns that the stream has ended.
func (e *Engine) ended() { e.alive(context.Background()) }

// newStream reads from the connection right away, because a client that does not read blocks
// the removal of its container. It calls ended when the engine ends the stream.
func newStream(h types.HijackedResponse, ended func()) *stream {
	reader, writer := io.Pipe()
	s := &stream{conn: h.Conn, output: reader, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		_, err := stdcopy.StdCopy(writer, &s.errors, h.Reader)
		if err == nil {
			err = io.EOF
		}
		if !s.closed.Load() {
			ended()
		}
		_ = writer.CloseWithError(err)
	}()
	return s
}

func (s *stream) Read(p []byte) (int, error)  { return s.output.Read(p) }
func (s *stream) Write(p []byte) (int, error) { return s.conn.Write(p) }
func (s *stream) Errors() string              { return s.errors.String() }

// Close ends the stream in both directions, and ends reads that are waiting.
func (s *stream) Close() error {
	s.closed.Store(true)
	err := s.conn.Close()
	_ = s.output.Close()
	<-s.done
	return err
}

type lastBytes struct {
	mu    sync.Mutex
	bytes []byte
}

func (l *lastBytes) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes = append(l.bytes, p...)
	if extra := len(l.bytes) - maxErrors; extra > 0 {
		l.bytes = append(l.bytes[:0], l.bytes[extra:]...)
	}
	return len(p), nil
}

func (l *lastBytes) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.bytes)
}
