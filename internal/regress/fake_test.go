package regress

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/trial"
)

// fakeNginx is a runner without containers. It reads the configuration of a trial as the
// lab changed it, and answers as nginx does as far as these tests go: prefix locations,
// return, proxy_pass, upstreams that take turns, proxy_next_upstream, and the faults of
// failures. What it cannot do it panics about, so that no test trusts a guess.
type fakeNginx struct {
	t *testing.T
	// withheld leaves out a fault that a trial asks for.
	withheld string
	bend     func(number int, what trial.Trial, seen *trial.Observation) // changes what was seen

	lasts time.Duration // each trial

	mu     sync.Mutex
	ran    []string // the trials in order, each with its path
	beside []int    // how many ran when each of them began
	now    int      // how many run
}

func (f *fakeNginx) Nginx() protocol.NginxInfo {
	return protocol.NginxInfo{Version: "1.22.1", User: "nginx", Group: "nginx"}
}

func (f *fakeNginx) Run(_ context.Context, what trial.Trial) (trial.Observation, error) {
	f.mu.Lock()
	number := len(f.ran)
	path := ""
	if probe, ok := what.Probes["p000"]; ok {
		path = " " + probe.Exactly.Path
	}
	f.ran = append(f.ran, what.Name+path)
	f.beside = append(f.beside, f.now)
	f.now++
	f.mu.Unlock()
	time.Sleep(f.lasts)
	defer func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}()
	seen := trial.Observation{Trial: what.Name, Nginx: "1.22.1", Backends: []protocol.BackendStatus{{Name: protocol.StandIns}}}
	p := newFakeProcess(f.t, what)
	if what.Name == f.withheld {
		for address, b := range p.backends {
			b.Fault = ""
			p.backends[address] = b
		}
	}
	for _, phase := range what.Phases {
		s := trial.PhaseSeen{Name: phase.Name}
		for _, step := range phase.Apply {
			s.Steps = append(s.Steps, trial.StepSeen{Step: step, Check: &protocol.CheckResult{OK: true}})
		}
		for range what.Probes {
			name := fmt.Sprintf("p%03d", len(s.Answers))
			s.Answers = append(s.Answers, p.answer(name, *what.Probes[name].Exactly))
		}
		for _, a := range s.Answers {
			s.Log = append(s.Log, a.Log...)
		}
		seen.Phases = append(seen.Phases, s)
	}
	seen.Backends[0].Log, seen.Backends[0].Played = p.log.String(), p.played
	if f.bend != nil {
		f.bend(number, what, &seen)
	}
	return seen, nil
}

// lastAlone checks that nothing ran beside the last so many trials.
func (f *fakeNginx) lastAlone(count int) {
	f.t.Helper()
	for i, n := range f.beside {
		if i >= len(f.beside)-count && n != 0 {
			f.t.Errorf("beside trial %d of %d, %q, ran %d", i, len(f.beside), f.ran[i], n)
		}
	}
}

// fakeProcess is one nginx with the backends of one trial.
type fakeProcess struct {
	t        *testing.T
	site     *deployment.Site
	backends map[string]protocol.Backend // by the address that nginx dials
	ids      map[string]string
	once     []string
	oneMet   bool           // the one connection of once has come
	next     map[string]int // whose turn it is in an upstream
	down     map[string]bool
	played   map[string]uint64 // how often a backend's fault was met, by its id
	log      strings.Builder
}

func newFakeProcess(t *testing.T, what trial.Trial) *fakeProcess {
	t.Helper()
	files := map[string]string{}
	for name, text := range what.Deployment.Files {
		files[name] = string(text)
	}
	tree, err := deployment.Expand(what.Deployment.Main, files)
	if err != nil {
		panic(err)
	}
	p := &fakeProcess{
		t: t, site: deployment.NewSite(tree), backends: map[string]protocol.Backend{}, ids: map[string]string{},
		once: what.Deployment.Once, next: map[string]int{}, down: map[string]bool{}, played: map[string]uint64{},
	}
	for id, b := range what.Start.Backends {
		_, address, _ := strings.Cut(b.Listen, "://")
		p.backends[address], p.ids[address] = b, id
	}
	return p
}

// locate finds the server of a host and the location of a path.
func (p *fakeProcess) locate(host, path string) *deployment.Location {
	server := p.site.Servers[0]
	for _, s := range p.site.Servers {
		if slices.Contains(s.Names, host) {
			server = s
			break
		}
	}
	var best *deployment.Location
	for _, l := range p.site.Locations {
		if l.Modifier != "" {
			panic("the fake nginx knows prefix locations only, and not " + l.String())
		}
		if l.Server == server && strings.HasPrefix(path, l.Path) && (best == nil || len(l.Path) > len(best.Path)) {
			best = l
		}
	}
	return best
}

func (p *fakeProcess) answer(name string, probe protocol.Probe) trial.Answer {
	a := trial.Answer{Probe: name, Access: &nginx.Record{Probe: name}}
	a.Client.Complete = true
	l := p.locate(probe.Headers["Host"], probe.Path)
	if l == nil {
		return p.own(a, http.StatusNotFound)
	}
	for _, d := range l.Block {
		if d.Is("set") && d.Arg(0) == "$lab_trail" {
			a.Access.Trail = strings.TrimPrefix(d.Arg(1), "${lab_trail}")
		}
		if d.Is("return") {
			a.Client.Status, _ = strconv.Atoi(d.Arg(0))
			a.Client.Body = d.Arg(1)
			return a
		}
	}
	pass, ok := p.site.PassOf(l)
	if !ok {
		return p.own(a, http.StatusNotFound)
	}
	return p.pass(a, pass, probe)
}

// own is nginx's own page.
func (p *fakeProcess) own(a trial.Answer, status int) trial.Answer {
	a.Client.Status = status
	a.Client.Body = "<hr><center>nginx</center>"
	return a
}

// pass sends a request to one address after the other, as proxy_next_upstream says.
func (p *fakeProcess) pass(a trial.Answer, pass deployment.Pass, probe protocol.Probe) trial.Answer {
	allowed := []string{"error", "timeout"}
	if d := deployment.Effective(pass.Parent, "proxy_next_upstream"); d != nil {
		allowed = d.Args
	}
	var tried []string
	servers := p.inTurn(pass.Upstream)
	for i, address := range servers {
		tried = append(tried, address)
		a.Access.UpstreamAddr = strings.Join(tried, ", ")
		b := p.backends[address]
		result := p.attempt(address, b, probe)
		if result.log != "" {
			a.Log = append(a.Log, nginx.Entry{
				Level: "error", Message: result.log, Raw: fmt.Sprintf("%s, upstream: \"http://%s/\"", result.log, address),
			})
		}
		again := slices.Contains(allowed, result.word)
		if result.had && probe.Method == http.MethodPost && !slices.Contains(allowed, "non_idempotent") {
			again = false
		}
		failed := result.word != "" && (again || !strings.HasPrefix(result.word, "http_"))
		if failed && len(pass.Upstream.Peers) > 1 && !forgets(pass.Upstream, address) {
			p.down[address] = true
		}
		if again && i+1 < len(servers) {
			continue
		}
		if result.status == 0 {
			return p.own(a, result.nginx)
		}
		a.Client.Status = result.status
		a.Client.Headers = map[string]string{protocol.TrialHeader: "t"}
		a.Client.Body = protocol.DefaultBody
		a.Client.Complete = result.log == ""
		return a
	}
	a.Access.UpstreamAddr = pass.Upstream.Name
	return p.own(a, http.StatusBadGateway)
}

// forgets reports whether a server's failures do not count.
func forgets(u *deployment.Upstream, address string) bool {
	return slices.ContainsFunc(u.Peers, func(p deployment.Peer) bool {
		return p.Addresses[0] == address && p.D != nil && slices.Contains(p.D.Args, "max_fails=0")
	})
}

// inTurn is the addresses of an upstream that are not down, whose turn it is first.
func (p *fakeProcess) inTurn(u *deployment.Upstream) []string {
	var up []string
	n := p.next[u.Name]
	p.next[u.Name]++
	for i := range u.Peers {
		if address := u.Peers[(n+i)%len(u.Peers)].Addresses[0]; !p.down[address] {
			up = append(up, address)
		}
	}
	return up
}

// sourceOf is a configuration of one file.
func sourceOf(t *testing.T, text string) *deployment.Source {
	t.Helper()
	const main = "/etc/nginx/nginx.conf"
	return &deployment.Source{
		Main: main, Files: map[string]string{main: "events {}\nhttp {\n" + text + "\n}\n"}, Shown: map[string]string{main: "nginx.conf"},
	}
}
