package testbed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
)

const (
	nginxAddress  = "127.0.0.1:80"
	clientTimeout = 10 * time.Second
	logWait       = 2 * time.Second // for access-log records; they follow the answer within ms
	logPages      = 64              // of at most 1 MiB
	// Requests while steps are taken: often enough to fall into every moment of a
	// reload, bounded in number.
	duringPause = 2 * time.Millisecond
	duringMost  = 5000
	duringLead  = 250 * time.Millisecond
)

// phase takes the steps, sends the probes, and collects what nginx logged.
func (r *trial) phase(ctx context.Context, p scenario.Phase) (scenario.PhaseSeen, error) {
	started := time.Now()
	seen := scenario.PhaseSeen{Name: p.Name}
	wanted := r.stage
	if len(p.Apply) > 0 {
		wanted = p.Stage
	}
	stopTraffic := r.traffic(ctx, p.During)
	steps, err := r.apply(ctx, wanted, p.Apply)
	answers := stopTraffic()
	seen.Steps = steps
	seen.Config = r.Files[r.stage.Nginx]
	if err != nil {
		return seen, err
	}
	// The first round alone, as the operator's first look; the rest at once, so that
	// slow answers do not add up.
	answers = append(answers, r.round(ctx)...)
	var more sync.WaitGroup
	rounds := make([][]scenario.Answer, max(p.Rounds-1, 0))
	for i := range rounds {
		more.Go(func() { rounds[i] = r.round(ctx) })
	}
	more.Wait()
	for _, extra := range rounds {
		answers = append(answers, extra...)
	}
	for _, a := range answers {
		if a.Err != nil {
			return seen, a.Err
		}
	}
	err = r.collect(ctx, &seen, answers)
	seen.Took = protocol.Duration(time.Since(started))
	return seen, err
}

// traffic sends a probe again and again until the returned function is called.
func (r *trial) traffic(ctx context.Context, name string) (stop func() []scenario.Answer) {
	if name == "" {
		return func() []scenario.Answer { return nil }
	}
	probe := r.Probes[name]
	ending, ended := make(chan struct{}), make(chan []scenario.Answer, 1)
	answered := make(chan struct{})
	begun := sync.OnceFunc(func() { close(answered) })
	go func() {
		var answers []scenario.Answer
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
	return func() []scenario.Answer {
		close(ending)
		return <-ended
	}
}

// round sends every probe as often as it says.
func (r *trial) round(ctx context.Context) []scenario.Answer {
	var answers []scenario.Answer
	for _, name := range slices.Sorted(maps.Keys(r.Probes)) {
		probe := r.Probes[name]
		batch := make([]scenario.Answer, max(probe.Count, 1))
		var all sync.WaitGroup
		for i := range batch {
			if !probe.Parallel {
				batch[i] = r.send(ctx, name, probe)
				continue
			}
			all.Go(func() { batch[i] = r.send(ctx, name, probe) })
		}
		all.Wait()
		answers = append(answers, batch...)
	}
	return answers
}

func (r *trial) send(ctx context.Context, name string, p scenario.Probe) scenario.Answer {
	request := protocol.Probe{
		ID: fmt.Sprintf("%s-%d", r.id, r.sent.Add(1)), Address: nginxAddress,
		Method: http.MethodGet, Path: p.Get, Headers: p.Headers, Size: p.Size, Timeout: p.Timeout,
	}
	switch {
	case p.Head != "":
		request.Method, request.Path = http.MethodHead, p.Head
	case p.Post != "":
		request.Method, request.Path = http.MethodPost, p.Post
	}
	if request.Timeout == 0 {
		request.Timeout = protocol.Duration(clientTimeout)
	}
	answer := scenario.Answer{Probe: name}
	answer.Err = r.nginx.ask(ctx, protocol.MethodProbe, request, &answer.Client)
	if answer.Err == nil && answer.Client.ID != request.ID {
		answer.Err = fmt.Errorf("the probe %q was answered with another one's result: not an agent of this lab", request.ID)
	}
	return answer
}

// collect joins the answers with nginx's logs: by the probe's header in the access
// log, and by worker and connection number in the error log.
func (r *trial) collect(ctx context.Context, seen *scenario.PhaseSeen, answers []scenario.Answer) error {
	missing := map[string]bool{}
	for _, a := range answers {
		if !strings.HasPrefix(a.Client.Error, "connecting: ") {
			missing[a.Client.ID] = true
		}
	}
	records := map[string]nginx.Record{}
	var errorLog strings.Builder
	for page := 0; ; page++ {
		if page == logPages {
			return fmt.Errorf("reading nginx's logs of %s: there is no end after %d pages", seen.Name, page)
		}
		var text protocol.LogText
		want := protocol.Logs{Probes: slices.Sorted(maps.Keys(missing)), Wait: protocol.Duration(logWait)}
		if err := r.nginx.ask(ctx, protocol.MethodLogs, want, &text); err != nil {
			return err
		}
		errorLog.WriteString(text.Error)
		for _, record := range nginx.ParseAccessLog(text.Access) {
			records[record.Probe] = record
			delete(missing, record.Probe)
		}
		if !text.Truncated {
			break
		}
	}
	seen.Log = nginx.ParseErrorLog(errorLog.String())
	type connection struct {
		pid    int
		number int64
	}
	logged := map[connection][]nginx.Entry{}
	for _, entry := range seen.Log {
		of := connection{entry.PID, entry.Connection}
		logged[of] = append(logged[of], entry)
	}
	for i := range answers {
		a := &answers[i]
		record, ok := records[a.Client.ID]
		if !ok {
			continue
		}
		a.Access = &record
		a.Log = logged[connection{record.PID, record.Connection}]
	}
	seen.Answers = answers
	return nil
}

// apply puts the wanted stage in place, step by step, as an operator would: files
// are edited first, and the steps take them into use. Steps that do not work are
// part of what is seen; only trouble with an agent is an error.
func (r *trial) apply(ctx context.Context, wanted scenario.Stage, steps []scenario.Step) ([]scenario.StepSeen, error) {
	edited := wanted.Nginx != r.stage.Nginx
	r.stage = wanted
	if edited {
		if err := r.putConfig(ctx); err != nil {
			return nil, err
		}
	}
	var seen []scenario.StepSeen
	for _, step := range steps {
		started := time.Now()
		s := scenario.StepSeen{Step: step}
		err := r.step(ctx, step, &s)
		s.Took = protocol.Duration(time.Since(started))
		var refused errAgent
		if errors.As(err, &refused) {
			s.Error, err = refused.text, nil
		}
		seen = append(seen, s)
		if err != nil {
			return seen, fmt.Errorf("step %q: %w", step, err)
		}
	}
	return seen, nil
}
