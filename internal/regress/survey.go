package regress

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/trial"
)

// Probe is a request that a user gives for a location.
type Probe struct {
	Line     strict.Line       `yaml:"-" json:"-"`
	Server   string            `yaml:"server,omitempty" json:"server,omitempty"` // one of its names
	Location string            `yaml:"location" json:"location"`                 // as in the configuration
	Method   string            `yaml:"method,omitempty" json:"method,omitempty"`
	Path     string            `yaml:"path" json:"path"`
	Host     string            `yaml:"host,omitempty" json:"host,omitempty"`
	Headers  map[string]string `yaml:"headers,omitempty" json:"headers,omitempty"`
	Body     int               `yaml:"body,omitempty" json:"body,omitempty"` // bytes
}

// settling bounds the rounds in which a survey finds more to stand in for.
const settling = 4

// Survey finds, for each location, a request that gets there and what is behind it. What
// cannot be reached is noted.
func (c *Config) Survey(ctx context.Context, runner Runner, given []Probe) ([]Target, error) {
	var targets []Target
	for range settling {
		var notes []string
		var more bool
		var err error
		if targets, notes, more, err = c.survey(ctx, runner, given); err != nil {
			return nil, err
		}
		if !more {
			c.Notes = append(c.Notes, notes...)
			break
		}
		if err := c.plan(); err != nil {
			return nil, errConfig{err}
		}
	}
	if len(targets) == 0 && c.lost == nil {
		var empty []string
		for _, d := range c.Site.Empty {
			empty = append(empty, fmt.Sprintf("%s:%d: nothing fits %q", c.ShownFile(d.File), d.Line, d.Arg(0)))
		}
		return nil, errConfig{fmt.Errorf("there is no location that a request gets to: %s", strings.Join(append(c.Notes, empty...), "; "))}
	}
	slices.SortStableFunc(targets, func(a, b Target) int {
		return cmp.Or(strings.Compare(a.Key(), b.Key()), strings.Compare(a.Request(), b.Request()))
	})
	return targets, nil
}

func (c *Config) survey(ctx context.Context, runner Runner, given []Probe) (targets []Target, notes []string, more bool, err error) {
	known := len(c.further) + len(c.pages) + c.moved
	results := make([]surveyResult, len(c.Site.Locations))
	err = c.each(len(results), len(results), func(i int) error {
		l := c.Site.Locations[i]
		if only := c.options.only; only != nil && !slices.Contains(only, Target{Location: l}.Key()) {
			return nil
		}
		return c.surveyLocation(ctx, runner, l, given, &results[i])
	})
	if err != nil {
		return nil, nil, false, err
	}
	c.lost = nil
	for i, r := range results {
		targets, notes = append(targets, r.targets...), append(notes, r.notes...)
		if r.doubt.why != "" {
			c.lost = append(c.lost, c.lostLocation(c.Site.Locations[i], r.doubt.why))
		}
		c.discovered(r.seen)
	}
	return targets, notes, len(c.further)+len(c.pages)+c.moved > known, nil
}

// surveyResult is what a survey finds out about one location.
type surveyResult struct {
	targets []Target
	notes   []string
	seen    trial.Observation
	doubt   doubt // why nobody can tell whether a request gets there
}

func (c *Config) surveyLocation(ctx context.Context, runner Runner, l *deployment.Location, given []Probe, found *surveyResult) error {
	probes, chosen, why := c.candidates(l, given)
	if why != "" {
		found.notes = append(found.notes, why)
	}
	if len(probes) == 0 {
		return nil
	}
	for try := 1; ; try++ {
		seen, err := runTaken(ctx, runner, c.trial("survey", probes, nil))
		if err != nil {
			return err
		}
		found.seen, found.targets = seen, c.targets(l, probes, chosen, seen)
		if len(found.targets) > 0 || seen.Stall < trial.TooSlow {
			break
		}
		if try == tries {
			found.doubt = tooSlow(seen)
			return nil
		}
	}
	if len(found.targets) == 0 {
		found.notes = append(found.notes, fmt.Sprintf(
			"%s:%d: no request was found that gets to the location %q of %s: give one under probes: in the behaviour file",
			c.ShownFile(l.File), l.Line, l, l.Server.Label()))
		return nil
	}
	for _, t := range found.targets {
		if len(t.Peers) == 0 {
			continue
		}
		for _, name := range []string{"refuse", "status-503", "status-500"} {
			set := faultNamed(name).set
			dead := c.trial("survey", []protocol.Probe{t.Probe}, func(b *protocol.Backend, _ *peer) { set(b) })
			seen, err := runTaken(ctx, runner, dead)
			if err != nil {
				return err
			}
			c.missed(seen)
		}
	}
	return nil
}

// targets is what the requests of a survey got to; chosen: a user gave them, and each of
// them counts.
func (c *Config) targets(l *deployment.Location, probes []protocol.Probe, chosen bool, seen trial.Observation) []Target {
	var all []Target
	for j := range probes {
		t, ok := c.target(l, probes[j], seen, j)
		if !ok {
			continue
		}
		// A file that the image happens to have hides what try_files leads to else.
		if !chosen && len(all) > 0 {
			if t.Pass == nil {
				continue
			}
			all = nil
		}
		all = append(all, t)
		if asked, ok := c.asked(t, seen); ok {
			all = append(all, asked)
		}
		if tries := deployment.Effective(l.Directive, "try_files"); !chosen && (tries == nil || t.Pass != nil) {
			break
		}
	}
	return all
}

// each does n things, as many at a time as pay off if so many of them wait; the first
// error ends it.
func (c *Config) each(n, waiting int, do func(int) error) error {
	var all errgroup.Group
	all.SetLimit(max(1, min(c.options.Parallel, atATime(waiting))))
	var failed atomic.Bool
	for i := range n {
		if failed.Load() {
			break
		}
		all.Go(func() error {
			if failed.Load() {
				return nil
			}
			err := do(i)
			if err != nil {
				failed.Store(true)
			}
			return err
		})
	}
	return all.Wait()
}

// candidates is the requests that may get to a location; chosen: a user gave them.
func (c *Config) candidates(l *deployment.Location, given []Probe) (probes []protocol.Probe, chosen bool, why string) {
	if l.Modifier == "@" {
		return nil, false, ""
	}
	entrance, ok := l.Server.Entrance()
	if !ok {
		return nil, false, fmt.Sprintf("%s:%d: the server listens for QUIC only, which the lab's probes do not speak", c.ShownFile(l.Server.File), l.Server.Line)
	}
	network, address := c.Site.Dial(entrance)
	base := protocol.Probe{
		Network: network, Address: address, Method: http.MethodGet, ToEnd: true, Proxy: entrance.Proxy, Timeout: protocol.Duration(c.patience(1)),
		Headers: map[string]string{"Host": l.Server.Host()},
	}
	if entrance.TLS {
		base.TLS = &protocol.ProbeTLS{Name: l.Server.Host()}
		if pair, ok := c.base.Pairs["good"]; ok {
			base.TLS.Certificate, base.TLS.Key = pair.Certificate, pair.Key
		}
	}
	if d := deployment.Effective(l.Directive, "auth_basic_user_file"); d != nil {
		base.Headers["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(deployment.StandInUser+":"+deployment.StandInPassword))
	}
	if pass, ok := c.Site.PassOf(l); ok && pass.Family.Name == "grpc" {
		base.Method = http.MethodPost
		base.Headers["Content-Type"] = "application/grpc"
		base.Headers["TE"] = "trailers"
	}
	for _, g := range given {
		if g.Location != l.String() || g.Server != "" && !slices.Contains(l.Server.Names, g.Server) && g.Server != l.Server.Label() {
			continue
		}
		p := base
		p.Method, p.Path, p.Size = cmp.Or(g.Method, base.Method), g.Path, protocol.Bytes(g.Body)
		p.Headers = map[string]string{}
		for name, value := range base.Headers {
			p.Headers[name] = value
		}
		for name, value := range g.Headers {
			p.Headers[http.CanonicalHeaderKey(name)] = value
		}
		p.Headers["Host"] = cmp.Or(g.Host, p.Headers["Host"])
		probes = append(probes, p)
	}
	if len(probes) > 0 {
		return probes, true, ""
	}
	if l.Internal {
		return nil, false, ""
	}
	for _, path := range l.Paths() {
		p := base
		p.Path = path
		probes = append(probes, p)
	}
	if len(probes) == 0 {
		why = fmt.Sprintf("%s:%d: no request can be derived for the location %q of %s: give one under probes: in the behaviour file", c.ShownFile(l.File), l.Line, l, l.Server.Label())
	}
	return probes, false, why
}

// patience is how long a client waits for an answer after so many attempts: longer than
// all timers of them.
func (c *Config) patience(attempts int) time.Duration {
	return min(time.Duration(attempts)*(2*c.Scale.Longest())+1500*time.Millisecond, 150*time.Second)
}

// trial is one phase with these probes, each by its number, in order.
func (c *Config) trial(name string, probes []protocol.Probe, change func(*protocol.Backend, *peer)) trial.Trial {
	deployed := c.base
	t := trial.Trial{
		Scenario: "config", Name: name, Needs: trial.NeedsAddresses, Deployment: &deployed,
		Start:  trial.Stage{Backends: map[string]protocol.Backend{}},
		Phases: []trial.Phase{{Name: name, Rounds: 1}}, Probes: map[string]trial.Probe{},
	}
	for _, p := range c.peers {
		b := protocol.Backend{Listen: p.listen, Protocol: p.protocol}
		if strings.HasPrefix(p.listen, "unix:") {
			b.Mode = "0666"
		}
		if change != nil {
			change(&b, p)
		}
		t.Start.Backends[p.id] = b
	}
	for i := range probes {
		t.Probes[fmt.Sprintf("p%03d", i)] = trial.Probe{Exactly: &probes[i]}
	}
	return t
}

// atATime is how many testbeds pay off: each takes about 0.2 s to start, one after the
// other, and a trial that waits about 1.2 s, beside the others.
func atATime(waiting int) int { return 2 + int(math.Sqrt(6*float64(waiting))) }
