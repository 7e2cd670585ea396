package docker

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/pkg/stdcopy"
)

// attached returns a stream and the engine's end of its connection.
func attached(t *testing.T) (*stream, net.Conn) {
	t.Helper()
	lab, engine := net.Pipe()
	t.Cleanup(func() { _ = lab.Close(); _ = engine.Close() })
	_ = engine.SetDeadline(time.Now().Add(20 * time.Second))
	return newStream(types.HijackedResponse{Conn: lab, Reader: bufio.NewReader(lab)}, func() {}), engine
}

func TestStreamTakesTheConnectionApart(t *testing.T) {
	s, engine := attached(t)
	go func() {
		out, errs := stdcopy.NewStdWriter(engine, stdcopy.Stdout), stdcopy.NewStdWriter(engine, stdcopy.Stderr)
		_, _ = io.WriteString(out, "one ")
		_, _ = io.WriteString(errs, strings.Repeat("x", maxErrors)+"the end")
		_, _ = io.WriteString(out, "two")
		_ = engine.Close()
	}()
	output, err := io.ReadAll(s)
	if err != nil || string(output) != "one two" {
		t.Errorf("output %q, %v", output, err)
	}
	if got := s.Errors(); len(got) != maxErrors || !strings.HasSuffix(got, "xthe end") {
		t.Errorf("errors: %d bytes, …%q", len(got), got[max(0, len(got)-10):])
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestStreamWrites(t *testing.T) {
	s, engine := attached(t)
	go func() { _, _ = io.WriteString(s, "input") }()
	got := make([]byte, 5)
	if _, err := io.ReadFull(engine, got); err != nil || string(got) != "input" {
		t.Errorf("the process reads %q, %v", got, err)
	}
}

// Close must return, and must end a read that is waiting, whether or not anyone reads the
// output.
func TestStreamCloses(t *testing.T) {
	for name, serve := range map[string]func(io.Writer){
		"silent":    func(io.Writer) {},
		"undrained": func(out io.Writer) { _, _ = io.WriteString(out, strings.Repeat("x", 1<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			s, engine := attached(t)
			// This call returns when the stream has taken everything but cannot pass it on.
			serve(stdcopy.NewStdWriter(engine, stdcopy.Stdout))
			ended := make(chan error, 1)
			if name == "silent" {
				go func() { _, err := s.Read(make([]byte, 1)); ended <- err }()
			} else {
				ended <- io.EOF
			}
			closed := make(chan struct{})
			go func() { _ = s.Close(); _ = s.Close(); close(closed) }()
			select {
			case <-closed:
			case <-time.After(20 * time.Second):
				t.Fatal("Close hangs")
			}
			if err := <-ended; err == nil {
				t.Error("a read went on")
			}
		})
	}
}

// If the data is not an engine's stream, reading must end with an error and not with io.EOF.
func TestStreamOfGarbage(t *testing.T) {
	s, engine := attached(t)
	go func() { _, _ = io.WriteString(engine, "HTTP/1.1 400 Bad Request\r\n\r\n"); _ = engine.Close() }()
	if _, err := io.ReadAll(s); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("ReadAll = %v", err)
	}
}
