package testbed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// liar is an agent that says what it was given, a line per order, and then tells the
// truth: "!text" is an error, "~bytes" goes onto the stream as it is, "#" is silence,
// "=" the truth, and everything else is a result, in which $ID is the probe's.
type liar struct {
	mu    sync.Mutex
	lines []string
	said  int
}

func (l *liar) next() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == 0 {
		return "="
	}
	line := l.lines[0]
	l.lines = l.lines[1:]
	return line
}

// truth is what an honest agent answers.
func truth(method, id string) string {
	switch method {
	case protocol.MethodHello:
		return `{"nginx":{"path":"/usr/sbin/nginx","version":"1.22.1","user":"www-data","uid":33,"gid":33},"kernel":"6.1"}`
	case protocol.MethodLook:
		return `{"answers":[[` + truth(protocol.MethodProbe, id) + `]],"logs":` + truth(protocol.MethodLogs, id) + `}`
	case protocol.MethodProbe:
		return `{"id":"` + id + `","status":200,"body":"ok\n","bytes":3,"content_length":3,"complete":true,"first_byte":"1ms","took":"1ms"}`
	case protocol.MethodLogs:
		return `{"access":"{\"probe\":\"t-1\",\"status\":\"200\"}\n","error":""}`
	case protocol.MethodBackends:
		return `[]`
	case protocol.MethodListeners:
		return `[]`
	}
	return `null`
}

func (l *liar) serve(stream net.Conn) {
	for {
		var o protocol.Order
		if protocol.ReadFrame(stream, &o) != nil {
			return
		}
		answer, line := l.answer(o)
		switch {
		case line == "#":
			continue
		case strings.HasPrefix(line, "~"):
			l.count(len(line))
			if _, err := io.WriteString(stream, line[1:]); err != nil {
				return
			}
			continue
		}
		var frame bytes.Buffer
		if protocol.WriteFrame(&frame, answer) != nil {
			continue // what JSON cannot say is not said
		}
		l.count(frame.Len())
		if _, err := stream.Write(frame.Bytes()); err != nil {
			return
		}
	}
}

// answer takes a line for the order, or for each of a series; what is no answer to an
// order comes back instead.
func (l *liar) answer(o protocol.Order) (answer protocol.Answer, instead string) {
	answer.ID = o.ID
	if o.Method == protocol.MethodSeries {
		var s protocol.Series
		_ = json.Unmarshal(o.Params, &s)
		var all []protocol.Answer
		for _, inner := range s.Orders {
			a, line := l.answer(inner)
			if line != "" {
				return answer, line
			}
			if all = append(all, a); a.Error != "" && !s.Onward {
				break
			}
		}
		answer.Result, _ = json.Marshal(all)
		return answer, ""
	}
	id := probed(o)
	switch line := l.next(); {
	case line == "#", strings.HasPrefix(line, "~"):
		return answer, line
	case strings.HasPrefix(line, "!"):
		answer.Error = line[1:]
	case line == "=":
		answer.Result = json.RawMessage(truth(o.Method, id))
	default:
		answer.Result = json.RawMessage(strings.ReplaceAll(line, "$ID", id))
	}
	if answer.Result != nil && !json.Valid(answer.Result) {
		return answer, "#" // what JSON cannot say is not said
	}
	return answer, ""
}

// probed is the id of an order's probe, or of its first.
func probed(o protocol.Order) string {
	if o.Method == protocol.MethodLook {
		var look protocol.Look
		if json.Unmarshal(o.Params, &look) == nil && len(look.Waves) > 0 && len(look.Waves[0]) > 0 && len(look.Waves[0][0]) > 0 {
			return look.Waves[0][0][0].ID
		}
		return ""
	}
	var p protocol.Probe
	_ = json.Unmarshal(o.Params, &p)
	return p.ID
}

func (l *liar) count(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said += n
}

// bed is a testbed of two liars.
func (l *liar) bed(t testing.TB) *Testbed {
	bed := &Testbed{Name: "lab-x-1", memory: backendPlain}
	open := func(who string) *conversation {
		lab, agent := net.Pipe()
		stream := &fakeStream{lab, ""}
		bed.streams = append(bed.streams, stream)
		go l.serve(agent)
		t.Cleanup(func() { _ = agent.Close() })
		return converse(stream, "the agent in "+who)
	}
	bed.nginx, bed.backend = open("nginx"), open("backend")
	t.Cleanup(bed.closeStreams)
	return bed
}

func lied() trial.Trial {
	stage := trial.Stage{Nginx: "nginx.conf", Backends: map[string]protocol.Backend{"app": {Listen: "tcp://127.0.0.1:3000"}}}
	return trial.Trial{
		Scenario: "lied", Name: "fix it", Files: map[string]string{"nginx.conf": "server {}\n"}, Start: stage,
		Probes: map[string]trial.Probe{"home": {Get: "/"}},
		Phases: []trial.Phase{
			{Name: "broken", Stage: stage, Rounds: 1},
			{Name: "fixed", Stage: stage, Apply: []trial.Step{{Do: "check"}, {Do: "reload"}, {Do: "restart-backend"}}, Rounds: 2},
		},
	}
}

// liarsTime is all the time that a trial among liars gets.
const (
	liarsTime = 60 * time.Millisecond
	slack     = 10 * time.Second // on a busy machine
)

func FuzzAnswers(f *testing.F) {
	for _, said := range []string{
		"", "null", "{}", "=\n=\nnull\nnull", `{"nginx":null}`, `{"nginx":{"version":"\u001b[31m"}}`, "!no nginx in this image", "!",
		"!" + strings.Repeat("x", 200_000), "#", "~exec format error\n",
		"~\x00\x00\x00\x04null", "~\x00\x00\x00\x02{}", "~\xff\xff\xff\xff", "~\x00\xff\xff\xff",
		`~` + "\x00\x00\x00\x10" + `{"id":1,"x":"yy"}`, "[[[[", strings.Repeat("[", 20_000),
		// Orders one to eight are hello twice, begin twice, backend, config, nginx-start, look.
		strings.Repeat("=\n", 7) + `{"answers":[[{"id":"another"}]]}`,
		strings.Repeat("=\n", 7) + `{"answers":[[{"id":"$ID","status":-5,"bytes":-1,"content_length":-9,"took":"2562047h","sent":-1,"headers":{"X-Lab-Trial":"x"},"raw":"\u001b"}]],"stall":-1}`,
		strings.Repeat("=\n", 7) + `{"answers":[[{"id":"$ID","took":"-1s"}]]}`,
		strings.Repeat("=\n", 7) + `{"answers":[[]]}`, strings.Repeat("=\n", 7) + `{"answers":[]}`,
		strings.Repeat("=\n", 7) + `{"answers":[[{"id":"$ID"},{"id":"$ID"}],[]]}`,
		strings.Repeat("=\n", 7) + `{"answers":[[{"id":"$ID"}]],"logs":{"access":"","error":"","truncated":true}}`,
		strings.Repeat("=\n", 7) + `{"answers":[[{"id":"$ID"}]],"logs":{"access":"{\"probe\":\"t-1\"}\n{\"probe\":\"t-1\"}\n","error":"2026/11/22 20:00:00 [emerg] 0#0: *0 x\n\n\n"}}`,
		strings.Repeat("=\n", 8) + `{"ok":true,"output":"` + "\u0000" + `"}`, strings.Repeat("=\n", 9) + `{"done":false,"refused":"x\ny"}`,
		strings.Repeat("=\n", 13) + `[{"name":"b"},{"name":"a"},{"name":"a"}]`,
		strings.Repeat("=\n", 15) + `{"processes":["x"],"listeners":["y"]}`,
	} {
		f.Add(said)
	}
	f.Fuzz(func(t *testing.T, said string) {
		l := &liar{lines: strings.Split(said, "\n")}
		bed := l.bed(t)
		ctx, cancel := context.WithTimeout(t.Context(), liarsTime)
		defer cancel()
		began := time.Now()
		err := bed.hello(ctx)
		var seen trial.Observation
		if err == nil {
			seen, err = bed.Run(ctx, "t", lied())
		}
		if took := time.Since(began); took > liarsTime+writeGrace+slack {
			t.Errorf("it ends after %s: %v", took, err)
		}
		if err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
		text, wrong := json.Marshal(seen)
		if wrong != nil {
			t.Fatal(wrong)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if most := 64<<10 + 20*l.said; len(text) > most {
			t.Errorf("%d bytes are kept of %d that were said", len(text), l.said)
		}
		if err != nil {
			return
		}
		for _, p := range seen.Phases {
			for _, a := range p.Answers {
				if !strings.HasPrefix(a.Client.ID, "t-") {
					t.Errorf("an answer to %q", a.Client.ID)
				}
			}
		}
	})
}

// The words that a hostile container can find, each with what lab makes of it.
func TestLiars(t *testing.T) {
	for name, test := range map[string]struct{ said, want string }{
		"welcome without nginx": {"null\nnull", "says nothing of its nginx"},
		"no protocol":           {"~exec format error\n\n~exec format error\n", "not an agent of this lab"},
		"another's result":      {strings.Repeat("=\n", 7) + `{"answers":[[{"id":"another"}]]}`, "another one's result"},
		"logs without an end":   {strings.Repeat("=\n", 7) + `{"answers":[[{"id":"$ID"}]],"logs":{"truncated":true}}` + "\n" + strings.Repeat(`{"truncated":true}`+"\n", logPages), "there is no end after 64 pages"},
		"too many answers":      {strings.Repeat("=\n", 7) + `{"answers":[[{"id":"$ID"},{"id":"$ID"}]]}`, "2 answers to 1 probes"},
		"no answers":            {strings.Repeat("=\n", 7) + `{"answers":[]}`, "0 of 1 waves"},
		"a long error":          {strings.Repeat("=\n", 6) + "!" + strings.Repeat("x", 1<<20), strings.Repeat("x", maxErrorText)},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), slack)
			defer cancel()
			bed := (&liar{lines: strings.Split(test.said, "\n")}).bed(t)
			err := bed.hello(ctx)
			var seen trial.Observation
			if err == nil {
				seen, err = bed.Run(ctx, "t", lied())
			}
			// What is said about starting nginx is an observation, and has the same bound.
			if seen.Refused != "" {
				err = errors.New(seen.Refused)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > maxErrorText+1000 {
				t.Errorf("got %.200v, want %.200q", err, test.want)
			}
		})
	}
}

// A container that never stops to talk is not listened to for ever.
func TestSaidTooMuch(t *testing.T) {
	c, agent := agentOf(t, "")
	c.mu.Lock()
	c.bytesRead = maxBytesPerTrial - 8<<20 // the rest takes seconds
	c.mu.Unlock()
	go func() {
		var frame bytes.Buffer
		_ = protocol.WriteFrame(&frame, protocol.Answer{ID: 12345, Result: json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)})
		for {
			if _, err := agent.Write(frame.Bytes()); err != nil {
				return
			}
		}
	}()
	go func() { _, _ = io.Copy(io.Discard, agent) }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := c.ask(ctx, "probe", nil, nil)
	if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "it said more than 256 MiB in one trial") {
		t.Errorf("ask = %v", err)
	}
	c.begin()
	if c.bytesRead != 0 {
		t.Errorf("%d bytes are held against the next trial", c.bytesRead)
	}
}
