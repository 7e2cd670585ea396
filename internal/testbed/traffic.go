package testbed

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

const (
	// Requests while steps are taken: often enough to fall into every moment of a
	// reload, bounded in number.
	duringPause = 2 * time.Millisecond
	duringMost  = 5000
	duringLead  = 250 * time.Millisecond
)

// traffic sends a probe again and again until the returned function is called.
func (r *live) traffic(ctx context.Context, name string) (stop func() []trial.Answer) {
	if name == "" {
		return func() []trial.Answer { return nil }
	}
	probe := r.Probes[name]
	ending, ended := make(chan struct{}), make(chan []trial.Answer, 1)
	answered := make(chan struct{})
	begun := sync.OnceFunc(func() { close(answered) })
	go func() {
		var answers []trial.Answer
		for len(answers) < duringMost {
			a := r.send(ctx, name, probe)
			a.During = true
			answers = append(answers, a)
			begun()
			select {
			case <-ending:
				ended <- answers
				return
			case <-time.After(duringPause):
			}
		}
		<-ending
		ended <- answers
	}()
	// Some of it must come before the first step: an answer, or, where the answer is
	// slow, time enough for the request to be on its way on a busy machine.
	select {
	case <-answered:
	case <-time.After(duringLead):
	}
	return func() []trial.Answer {
		close(ending)
		return <-ended
	}
}

func (r *live) send(ctx context.Context, name string, p trial.Probe) trial.Answer {
	answer, request := trial.Answer{Probe: name}, r.request(p)
	answer.Err = r.nginx.ask(ctx, protocol.MethodProbe, request, &answer.Client)
	if answer.Err == nil {
		answer.Err = answers(request, answer.Client)
	}
	return answer
}

// answers reports whether the answer is the request's.
func answers(request protocol.Probe, answer protocol.ProbeResult) error {
	if answer.ID != request.ID {
		return fmt.Errorf("the probe %q was answered with another one's result: not an agent of this lab", request.ID)
	}
	return nil
}
