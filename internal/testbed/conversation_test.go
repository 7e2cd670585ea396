package testbed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

// fakeStream is lab's end of a pipe; what the agent said on stderr is set before
// its end closes.
type fakeStream struct {
	net.Conn
	said string
}

func (s *fakeStream) Errors() string { return s.said }

// agentOf starts a conversation and returns the agent's end of it.
func agentOf(t *testing.T, said string) (*conversation, net.Conn) {
	lab, agent := net.Pipe()
	t.Cleanup(func() { _ = lab.Close(); _ = agent.Close() })
	_ = agent.SetDeadline(time.Now().Add(30 * time.Second))
	return converse(&fakeStream{lab, said}, "the agent in x"), agent
}

func take(t *testing.T, agent net.Conn) protocol.Order {
	var o protocol.Order
	if err := protocol.ReadFrame(agent, &o); err != nil {
		t.Error(err)
	}
	return o
}

func give(t *testing.T, agent net.Conn, id uint64, result string) {
	if err := protocol.WriteFrame(agent, protocol.Answer{ID: id, Result: json.RawMessage(result)}); err != nil {
		t.Error(err)
	}
}

func TestAsk(t *testing.T) {
	c, agent := agentOf(t, "")
	go func() {
		o := take(t, agent)
		give(t, agent, o.ID+1000, `"nobody asked"`)
		give(t, agent, o.ID, string(o.Params))
		give(t, agent, o.ID, `"twice"`)
		o = take(t, agent)
		_ = protocol.WriteFrame(agent, protocol.Answer{ID: o.ID, Error: "it is running"})
		o = take(t, agent)
		give(t, agent, o.ID, `"no number"`)
		o = take(t, agent)
		give(t, agent, o.ID, `null`)
	}()
	var got string
	if err := c.ask(t.Context(), "m", "hello", &got); err != nil || got != "hello" {
		t.Errorf("ask = %q, %v", got, err)
	}
	var refused errAgent
	if err := c.ask(t.Context(), "m", nil, &got); !errors.As(err, &refused) || refused.text != "it is running" {
		t.Errorf("refused: %v", err)
	}
	var number int
	if err := c.ask(t.Context(), "m", nil, &number); err == nil || errors.As(err, &refused) {
		t.Errorf("another type: %v", err)
	}
	if err := c.ask(t.Context(), "m", nil, nil); err != nil {
		t.Errorf("no result wanted: %v", err)
	}
	if err := c.ask(t.Context(), "m", make(chan int), nil); err == nil || !strings.Contains(err.Error(), "encoding m") {
		t.Errorf("what JSON cannot say: %v", err)
	}
}

// Answers come in any order, each to its sender.
func TestAskAtOnce(t *testing.T) {
	const many = 200
	c, agent := agentOf(t, "")
	go func() {
		var orders []protocol.Order
		for range many {
			orders = append(orders, take(t, agent))
		}
		for i := range orders {
			o := orders[len(orders)-1-i]
			give(t, agent, o.ID, string(o.Params))
		}
	}()
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			var got int
			if err := c.ask(t.Context(), "m", i, &got); err != nil || got != i {
				t.Errorf("ask %d = %d, %v", i, got, err)
			}
		})
	}
	all.Wait()
	if len(c.waiting) > 0 {
		t.Errorf("%d are waited for", len(c.waiting))
	}
}

func TestAskADyingAgent(t *testing.T) {
	for name, test := range map[string]struct {
		said  string
		end   func(agent net.Conn)
		wants string
	}{
		"ends":     {"", func(a net.Conn) { _ = a.Close() }, "the agent in x does not answer: its container ended"},
		"says why": {"panic: boom\n", func(a net.Conn) { _ = a.Close() }, "its container ended: panic: boom"},
		"cut in a message": {"", func(a net.Conn) { _, _ = a.Write([]byte("\x00\x00\x00\x09{")); _ = a.Close() },
			"reading a message of 9 bytes: unexpected EOF"},
		"speaks otherwise": {"", func(a net.Conn) { _, _ = a.Write([]byte("exec format error")) }, "not an agent of this lab"},
	} {
		t.Run(name, func(t *testing.T) {
			c, agent := agentOf(t, test.said)
			go func() {
				for range 3 {
					take(t, agent)
				}
				test.end(agent)
			}()
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					if err := c.ask(t.Context(), "m", nil, nil); err == nil || !strings.Contains(err.Error(), test.wants) {
						t.Errorf("ask = %v, want %q", err, test.wants)
					}
				})
			}
			all.Wait()
			if err := c.ask(t.Context(), "m", nil, nil); err == nil || !strings.Contains(err.Error(), test.wants) {
				t.Errorf("and once more: %v", err)
			}
		})
	}
}

// The reason comes from the reader, even when the writer is first to notice.
func TestAskWhenTheAgentIsGone(t *testing.T) {
	lab, agent := net.Pipe()
	output, end := io.Pipe()
	c := converse(&deafStream{lab, output}, "the agent in x")
	_ = agent.Close()
	go func() {
		time.Sleep(20 * time.Millisecond)
		_ = end.Close()
	}()
	if err := c.ask(t.Context(), "m", nil, nil); err == nil || !strings.Contains(err.Error(), "its container ended: out of memory") {
		t.Errorf("ask = %v", err)
	}
}

type deafStream struct {
	net.Conn
	output io.Reader
}

func (s *deafStream) Read(p []byte) (int, error) { return s.output.Read(p) }
func (s *deafStream) Errors() string             { return "out of memory" }

// A frozen container neither reads nor answers.
func TestAskHeedsItsContext(t *testing.T) {
	why := errors.New("enough")
	for name, reads := range map[string]bool{"no answer": true, "order not taken": false} {
		t.Run(name, func(t *testing.T) {
			c, agent := agentOf(t, "")
			if reads {
				go func() { _, _ = io.Copy(io.Discard, agent) }()
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(30*time.Millisecond, func() { cancel(why) })
			var all sync.WaitGroup
			for range 2 {
				all.Go(func() {
					if err := c.ask(ctx, "probe", nil, nil); !errors.Is(err, why) ||
						!strings.Contains(err.Error(), "the agent in x to do probe") {
						t.Errorf("ask = %v", err)
					}
				})
			}
			all.Wait()
			if len(c.waiting) > 0 {
				t.Errorf("%d are still waited for", len(c.waiting))
			}
		})
	}
}

// An agent that is slow with an order answers heartbeats meanwhile; one in a frozen
// container does not, and is given up. Nobody waits: it may be frozen.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	const every = 200 * time.Millisecond
	for name, alive := range map[string]bool{"slow": true, "frozen": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, agent := agentOf(t, "")
			over := make(chan struct{})
			t.Cleanup(func() { close(over) })
			go c.beat(every, over)
			time.Sleep(2 * silentBeats * every)
			if c.endCause() != nil {
				t.Fatalf("nobody waited: %v", c.endCause())
			}
			go func() {
				o := take(t, agent)
				for n := 0; alive; n++ {
					beat := take(t, agent)
					if beat.ID != 0 {
						t.Errorf("%+v", beat)
					}
					if n == 2*silentBeats {
						break
					}
					_ = protocol.WriteFrame(agent, protocol.Answer{ID: beat.ID, Error: "unknown method"})
				}
				if alive {
					give(t, agent, o.ID, `null`)
				}
				_, _ = io.Copy(io.Discard, agent)
			}()
			err := c.ask(t.Context(), "m", nil, nil)
			if alive && err != nil ||
				!alive &&
					(err == nil || !strings.Contains(err.Error(), "the agent in x does not answer: nothing within 1s; its container "+
						"may be paused")) {
				t.Errorf("ask = %v", err)
			}
		})
	}
}

// Whoever closes the stream ends every ask.
func TestCloseEndsTheAsks(t *testing.T) {
	c, agent := agentOf(t, "")
	asked := make(chan error, 1)
	go func() { asked <- c.ask(context.Background(), "m", nil, nil) }()
	take(t, agent)
	_ = c.stream.Close()
	select {
	case err := <-asked:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("asks on")
	}
}

func ExampleTestbed_owner() {
	t := &Testbed{info: protocol.NginxInfo{UID: 33, GID: 34}}
	for _, name := range []string{"", "root", "nginx", "10:20", "www-data", "10", "10:", ":"} {
		uid, gid, err := t.owner(name)
		fmt.Println(uid, gid, err)
	}
	// Output:
	// -1 -1 <nil>
	// 0 0 <nil>
	// 33 34 <nil>
	// 10 20 <nil>
	// 0 0 reading the owner "www-data": want nginx, root or UID:GID
	// 0 0 reading the owner "10": want nginx, root or UID:GID
	// 0 0 reading the owner "10:": want nginx, root or UID:GID
	// 0 0 reading the owner ":": want nginx, root or UID:GID
}

// What a wave takes is its slowest lane; an answer that takes long has waited.
func TestTimeLook(t *testing.T) {
	ms := func(n int) protocol.Duration { return protocol.Duration(time.Duration(n) * time.Millisecond) }
	probe := protocol.Probe{}
	r := &live{}
	r.timeLook([]protocol.Wave{{{probe}}, {{probe, probe}, {probe}}}, [][]protocol.ProbeResult{
		{{Took: ms(3)}},
		{{Took: ms(300)}, {Took: ms(4)}, {Took: ms(200)}},
	})
	if r.times.Waits != ms(300) || r.times.Probes != ms(7) {
		t.Errorf("%+v", r.times)
	}
	reload := &request{method: protocol.MethodReload, took: 130 * time.Millisecond}
	r.timeOrder(reload)
	if r.times.Waits != ms(400) || r.times.Nginx != ms(30) {
		t.Errorf("%+v", r.times)
	}
}
