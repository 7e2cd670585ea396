package testbed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/trial"
)

const (
	nginxAddress  = "127.0.0.1:80"
	clientTimeout = 10 * time.Second
	logWait       = 2 * time.Second // for access-log records; they follow the answer within ms
	logPages      = 64              // of at most 1 MiB
)

// phase takes the steps, sends the probes, and collects what nginx logged.
func (r *live) phase(ctx context.Context, p trial.Phase) (trial.PhaseSeen, error) {
	started := time.Now()
	seen := trial.PhaseSeen{Name: p.Name}
	wanted := r.stage
	if len(p.Apply) > 0 {
		wanted = p.Stage
	}
	var all []trial.Answer
	look, waves := r.look(p.Rounds)
	var err error
	if p.During == "" {
		err = r.apply(ctx, &seen, wanted, p.Apply, look)
	} else {
		stopTraffic := r.traffic(ctx, p.During)
		err = r.apply(ctx, &seen, wanted, p.Apply, nil)
		all = stopTraffic()
		for _, a := range all {
			err = errors.Join(err, a.Err)
		}
		if err == nil {
			err = r.lookAfter(ctx, look, all)
		}
	}
	if err == nil {
		err = look.err
	}
	if err != nil {
		return seen, err
	}
	told := look.result.(*protocol.Seen)
	r.stall = max(r.stall, told.Stall)
	if seen.Config = told.Config; r.Deployment != nil {
		seen.Config = r.Files[r.stage.Nginx]
	}
	sent := look.params.(*protocol.Look).Waves
	if len(told.Answers) != len(sent) {
		return seen, fmt.Errorf("the agent answers %d of %d waves of probes: not an agent of this lab", len(told.Answers), len(sent))
	}
	for i, names := range waves {
		requests := slices.Concat(sent[i]...)
		if len(told.Answers[i]) != len(requests) {
			return seen, fmt.Errorf("the agent has %d answers to %d probes: not an agent of this lab", len(told.Answers[i]), len(requests))
		}
		for j, answer := range told.Answers[i] {
			if err := answers(requests[j], answer); err != nil {
				return seen, err
			}
			all = append(all, trial.Answer{Probe: names[j], Client: answer})
		}
	}
	r.timeLook(sent, told.Answers)
	if err = r.collect(ctx, &seen, all, told.Logs); err == nil && (r.Server != "" || p.OOMKills > 0) && !r.paused {
		err = r.backendsSeen(ctx, p, &seen)
	}
	seen.Took = protocol.Duration(time.Since(started))
	return seen, err
}

// look is the order to send every probe so many rounds and to read the logs, and
// the probes' names as the answers will come. The first round goes alone, as the
// operator's first look; the rest at once, so that slow answers do not add up.
func (r *live) look(rounds int) (*request, [][]string) {
	var look protocol.Look
	var names [][]string
	add := func(wave protocol.Wave, probes []string) {
		look.Waves, names = append(look.Waves, wave), append(names, probes)
	}
	all := slices.Sorted(maps.Keys(r.Probes))
	for _, name := range all {
		probe := r.Probes[name]
		lanes := protocol.Wave{nil}
		var probes []string
		for i := range max(probe.Count, 1) {
			if probe.Parallel && i > 0 {
				lanes = append(lanes, nil)
			}
			last := &lanes[len(lanes)-1]
			*last = append(*last, r.request(probe))
			probes = append(probes, name)
		}
		add(lanes, probes)
	}
	if rounds > 1 {
		var lanes protocol.Wave
		var probes []string
		for range rounds - 1 {
			var lane []protocol.Probe
			for _, name := range all {
				for range max(r.Probes[name].Count, 1) {
					lane = append(lane, r.request(r.Probes[name]))
					probes = append(probes, name)
				}
			}
			lanes = append(lanes, lane)
		}
		add(lanes, probes)
	}
	look.Logs.Wait = protocol.Duration(r.patient(logWait))
	return &request{method: protocol.MethodLook, params: &look, result: &protocol.Seen{}}, names
}

// patient is a time limit for what is expected to come, on a machine that has let a
// process of this trial wait: up to ten times as long. Waits of a scenario's own are not
// stretched, since waiting longer is not always safer: a boot must not be over, for one.
func (r *live) patient(limit time.Duration) time.Duration {
	return limit + min(10*r.stall, 9*limit)
}

// lookAfter sends the look when the traffic has ended, whose records it reads, too.
func (r *live) lookAfter(ctx context.Context, look *request, traffic []trial.Answer) error {
	logs := &look.params.(*protocol.Look).Logs
	for _, a := range traffic {
		if a.Client.Reached() {
			logs.Probes = append(logs.Probes, a.Client.ID)
		}
	}
	return r.nginx.series(ctx, false, look)
}

// requestID is the next id. Those of a process that has attached differ from those of
// the processes before it.
func (r *live) requestID() string {
	if r.visit > 0 {
		return fmt.Sprintf("%s-v%d-%d", r.id, r.visit, r.sent.Add(1))
	}
	return fmt.Sprintf("%s-%d", r.id, r.sent.Add(1))
}

// request is the next request of a probe.
func (r *live) request(p trial.Probe) protocol.Probe {
	if p.Exactly != nil {
		request := *p.Exactly
		request.ID = r.requestID()
		return request
	}
	request := protocol.Probe{
		ID: r.requestID(), Address: nginxAddress,
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
	return request
}

// collect joins the answers with nginx's logs: by the probe's header in the access
// log, and by worker and connection number in the error log. text is their first page.
func (r *live) collect(ctx context.Context, seen *trial.PhaseSeen, answers []trial.Answer, text protocol.LogText) error {
	missing := map[string]bool{}
	for _, a := range answers {
		if a.Client.Reached() {
			missing[a.Client.ID] = true
		}
	}
	records := map[string][]nginx.Record{}
	var errorLog strings.Builder
	for page := 1; ; page++ {
		errorLog.WriteString(text.Error)
		for _, record := range nginx.ParseAccessLog(text.Access) {
			records[record.Probe] = append(records[record.Probe], record)
			delete(missing, record.Probe)
		}
		if !text.Truncated {
			break
		}
		if page == logPages {
			return fmt.Errorf("reading nginx's logs of %s: there is no end after %d pages", seen.Name, page)
		}
		text = protocol.LogText{}
		want := protocol.Logs{Probes: slices.Sorted(maps.Keys(missing)), Wait: protocol.Duration(r.patient(logWait))}
		if err := r.nginx.ask(ctx, protocol.MethodLogs, want, &text); err != nil {
			return err
		}
	}
	seen.Names = text.Names
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
		of := records[a.Client.ID]
		if len(of) == 0 {
			continue
		}
		client := len(of) - 1
		if r.Deployment != nil {
			client = r.client(of, r.Probes[a.Probe].Exactly)
			a.Passed = slices.Delete(slices.Clone(of), client, client+1)
		}
		record := of[client]
		a.Access = &record
		a.Log = logged[connection{record.PID, record.Connection}]
		for _, passed := range a.Passed {
			if passed.Connection != record.Connection {
				a.Log = slices.Concat(a.Log, logged[connection{passed.PID, passed.Connection}])
			}
		}
	}
	seen.Answers = answers
	return nil
}

// client is which of the records of a request is the client's own: where nginx is its own
// upstream the others have the same header.
func (r *live) client(of []nginx.Record, sent *protocol.Probe) int {
	for i, record := range of {
		if sent != nil && record.Host == sent.Headers["Host"] && record.Request == sent.Method+" "+sent.Path+" HTTP/1.1" {
			return i
		}
	}
	return len(of) - 1
}
