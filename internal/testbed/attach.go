package testbed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/trial"
)

// leftState is what a process that attaches needs to know and the engine cannot tell. It
// lives in the agent of nginx's container.
type leftState struct {
	Trial   trial.Trial       `json:"trial"`
	ID      string            `json:"id"`
	Stage   trial.Stage       `json:"stage"` // what is in place
	Logged  map[string]int64  `json:"logged,omitempty"`
	Killed  int               `json:"killed,omitempty"`
	Seen    trial.Observation `json:"seen"`
	Memory  protocol.Bytes    `json:"memory"`
	Network string            `json:"network,omitempty"`
	Expires time.Time         `json:"expires"`

	Certificates certificate.Set `json:"certificates"`
}

// maxState bounds the state, in bytes: it travels in one message. What was seen first is
// left out of a longer one; whoever saw it has reported it.
const maxState = 4 << 20

func (r *live) state() ([]byte, error) {
	s := leftState{
		Trial: r.Trial, ID: r.id, Stage: r.stage, Logged: r.logged, Killed: r.killed, Seen: r.sum(), Memory: r.memory,
		Network: r.network, Expires: r.equipment.Owner.Expires, Certificates: r.equipment.Certificates,
	}
	s.Trial.Phases = nil // whoever attaches has phases of its own
	for {
		text, err := json.Marshal(s)
		if err != nil || len(text) <= maxState || len(s.Seen.Phases) == 0 {
			return text, err
		}
		s.Seen.Phases = s.Seen.Phases[1:]
	}
}

// save gives the agents the state, and makes them stay.
func (r *live) save(ctx context.Context) error {
	state, err := r.state()
	if err != nil {
		return fmt.Errorf("saving what the next process needs to know: %w", err)
	}
	keep := protocol.Keep{Until: r.equipment.Owner.Expires.Unix()}
	if r.backend != nil && !r.isManaged() && !r.paused {
		if err := r.backend.ask(ctx, protocol.MethodKeep, keep, nil); err != nil {
			return err
		}
	}
	keep.State = state
	return r.nginx.ask(ctx, protocol.MethodKeep, keep, nil)
}

// Leave lets the stage go on without this process until it expires. A paused backend
// container is thawed for a moment, since its agent has to be told.
func (r *live) Leave(ctx context.Context) (name string, err error) {
	if r.over {
		return "", errOver
	}
	if r.trouble != nil {
		return "", fmt.Errorf("leaving the testbed %s after trouble: %w", r.Testbed.Name, r.trouble)
	}
	if _, err := r.Seen(ctx); err != nil {
		return "", err
	}
	paused := r.paused && r.visit == 0
	if paused {
		err = r.unpause(ctx)
	}
	if err == nil {
		err = r.save(ctx)
	}
	if err == nil && paused {
		err = r.pause(ctx)
	}
	if err != nil {
		r.trouble = fmt.Errorf("leaving the testbed %s: %w", r.Testbed.Name, err)
		return "", r.trouble
	}
	r.over = true
	r.closeStreams()
	return r.Testbed.Name, r.release(left)
}

// attachWithin bounds the wait for a stage's agent to answer.
const attachWithin = 15 * time.Second

var errNoAnswer = fmt.Errorf("no answer within %s: another lab process may be attached to it, or nobody has left it", attachWithin)

// Attach goes on with a stage that another process left, by the name that Leave gave it.
// Close removes it; Leave leaves it once more.
func Attach(ctx context.Context, e engine.Containers, name string) (_ trial.Live, err error) {
	t := &Testbed{Name: name, equipment: Equipment{Engine: e}}
	defer func() {
		if err != nil {
			t.closeStreams()
			err = fmt.Errorf("attaching to %q: %w", name, err)
		}
	}()
	paused, err := t.find(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, attachWithin, errNoAnswer)
	defer cancel()
	if t.nginx, err = t.bridge(limited, t.ids[0], "nginx"); err != nil {
		return nil, err
	}
	var resumed protocol.Resumed
	if err := t.nginx.ask(limited, protocol.MethodResume, nil, &resumed); err != nil {
		return nil, err
	}
	var s leftState
	if err := json.Unmarshal(resumed.State, &s); err != nil {
		return nil, fmt.Errorf("reading what the process before left: %w; another version of lab may have left it", err)
	}
	t.info, t.memory, t.network, t.addresses = resumed.Nginx, s.Memory, s.Network, s.Trial.Needs == trial.NeedsAddresses
	t.equipment.Owner.Expires = s.Expires
	t.equipment.Certificates = s.Certificates
	r := &live{
		Testbed: t, Trial: s.Trial, id: s.ID, visit: resumed.Visit, stage: s.Stage, paused: paused, logged: s.Logged, killed: s.Killed,
		seen: s.Seen, times: s.Seen.Timings, stall: s.Seen.Stall.D(),
	}
	if r.logged == nil {
		r.logged = map[string]int64{}
	}
	r.release = func(how ending) error {
		if how == left {
			return nil
		}
		return t.Remove()
	}
	if t.backendID == "" {
		t.backend, t.backendID = t.nginx, t.ids[0]
	} else if !paused {
		err = r.reachBackend(limited)
	}
	return r, err
}

// find finds the containers of a testbed by its name. It reports whether the one of the
// backends is paused.
func (t *Testbed) find(ctx context.Context) (paused bool, err error) {
	words := strings.Split(t.Name, "-")
	if len(words) < 3 || words[0] != "lab" {
		return false, errors.New("that is not the name of a testbed: `lab ps` lists those that there are")
	}
	t.equipment.Owner.Run = words[1]
	containers, err := t.equipment.Engine.List(ctx, engine.LabelRun, words[1])
	if err != nil {
		return false, err
	}
	for _, c := range containers {
		switch strings.TrimPrefix(c.Name, "/") {
		case t.Name + "-nginx":
			t.ids, t.image = append([]string{c.ID}, t.ids...), c.Image
		case t.Name + "-backend":
			t.ids, t.backendID = append(t.ids, c.ID), c.ID
			paused = c.State == "paused"
		}
	}
	if t.image == "" {
		return false, errors.New("there is no such testbed: it may have expired; `lab ps` lists those that there are")
	}
	return paused, nil
}

// reachBackend opens a conversation with the backend container's agent, once it is not
// paused: the engine starts no process in a paused container.
func (r *live) reachBackend(ctx context.Context) (err error) {
	r.backend, err = r.bridge(ctx, r.backendID, "backend")
	return err
}

// bridge opens a conversation with an agent that was left.
func (t *Testbed) bridge(ctx context.Context, id, role string) (*conversation, error) {
	stream, err := t.equipment.Engine.Exec(ctx, id, []string{agentPath, "bridge"})
	if err != nil {
		return nil, err
	}
	t.streams = append(t.streams, stream)
	return converse(stream, "the agent in "+t.Name+"-"+role), nil
}
