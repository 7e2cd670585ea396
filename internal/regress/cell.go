package regress

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/trial"
)

// Cell is how a location behaves under one fault. Of several requests, one after the
// other, it has what each of them saw.
type Cell struct {
	Status strict.Numbers `yaml:"status,omitempty" json:"status,omitempty"` // of each request; one if all have the same. 0: no answer
	From   string         `yaml:"from,omitempty" json:"from,omitempty"`     // who wrote the first answer: upstream, nginx, config, cache, nobody
	Via    strict.Words   `yaml:"via,omitempty" json:"via,omitempty"`       // further locations that the first request went through
	After  strict.Words   `yaml:"after,omitempty" json:"after,omitempty"`   // the timeouts that ended attempts
	Tried  strict.Words   `yaml:"tried,omitempty" json:"tried,omitempty"`   // the servers that each request was passed to
	Twice  bool           `yaml:"twice,omitempty" json:"twice,omitempty"`   // a request that is not idempotent was sent twice
	Cut    bool           `yaml:"cut,omitempty" json:"cut,omitempty"`       // an answer's body was not complete
	Shows  strict.Words   `yaml:"shows,omitempty" json:"shows,omitempty"`   // of the inside, to a client
	Log    strict.Words   `yaml:"log,omitempty" json:"log,omitempty"`       // what nginx's error log says, from level error on
}

// Who wrote an answer.
const (
	fromUpstream = "upstream"
	fromNginx    = "nginx"
	fromConfig   = "config"
	fromCache    = "cache"
	fromNobody   = "nobody"
)

// noTimeout is in After when a client waited longer than all timeouts together.
const noTimeout = "no timeout"

// observe makes a cell of what was seen.
func (c *Config) observe(t Target, id cellID, seen trial.Observation) Cell {
	answers := seen.Phases[len(seen.Phases)-1].Answers
	cell := Cell{Twice: len(answers) == 1 && twice(t, seen.Backends)}
	var status []int
	var tried []string
	for i, a := range answers {
		status = append(status, a.Client.Status)
		cell.Cut = cell.Cut || a.Client.Status != 0 && !a.Client.Complete && !gaveUp(a)
		if a.Access != nil {
			tried = append(tried, strings.Join(c.labels(t, a.Access.UpstreamAddr), ", "))
		} else {
			tried = append(tried, "")
		}
		for _, after := range c.after(t, a) {
			cell.After = union(cell.After, after)
		}
		for _, entry := range a.Log {
			if entry.AtLeast("error") {
				cell.Log = union(cell.Log, gist(entry.Message))
			}
		}
		for _, shown := range c.shows(a, id.Fault == None) {
			cell.Shows = union(cell.Shows, shown)
		}
		if i == 0 {
			cell.From = from(a)
			if a.Access != nil {
				if trail := c.trail(t.Location.Server, a.Access.Trail); len(trail) > 1 {
					for _, l := range trail[1:] {
						cell.Via = append(cell.Via, l.String())
					}
				}
			}
		}
	}
	slices.Sort(cell.Log)
	slices.Sort(cell.Shows)
	cell.Status = compact(status)
	if tried = compact(tried); len(tried) > 1 || len(tried) == 1 && tried[0] != "" {
		cell.Tried = tried
	}
	return cell
}

// compact is one value where all are the same.
func compact[T comparable](all []T) []T {
	for _, v := range all {
		if v != all[0] {
			return all
		}
	}
	return all[:min(1, len(all))]
}

func union(all []string, one string) []string {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// gaveUp reports whether the client waited in vain.
func gaveUp(a trial.Answer) bool { return strings.Contains(a.Client.Error, "i/o timeout") }

func from(a trial.Answer) string {
	client := a.Client
	switch {
	case client.Status == 0:
		return fromNobody
	case a.Access != nil && slices.Contains([]string{"HIT", "STALE", "UPDATING", "REVALIDATED"}, a.Access.CacheStatus):
		return fromCache
	case client.Headers[protocol.TrialHeader] != "":
		return fromUpstream
	case a.Access != nil && a.Access.UpstreamAddr != "" && (client.Body == protocol.DefaultBody || strings.HasSuffix(client.Body, protocol.OwnPageEnd)):
		return fromUpstream // and the configuration hides its headers
	case strings.Contains(client.Body, "<hr><center>"):
		return fromNginx
	}
	return fromConfig
}

// labels is the servers that were tried, each by the name of its upstream, so that it
// makes no difference which of several equal servers has its turn first.
func (c *Config) labels(t Target, list string) []string {
	var all []string
	for _, address := range attempts(list) {
		p := c.peerAt(address)
		switch {
		case p == nil && c.Site.Own(address):
			all = append(all, "this nginx")
		case p == nil && c.Site.Upstreams[address] != nil:
			all = append(all, address+" has no live server")
		case p == nil:
			all = append(all, address)
		case len(t.Peers)+len(t.Backups) > 1 && slices.Contains(t.Peers, p):
			all = append(all, t.Group)
		case slices.Contains(t.Backups, p):
			all = append(all, t.Group+" backup")
		default:
			all = append(all, p.name)
		}
	}
	return all
}

// twice reports whether a request that is not idempotent came to two servers of the
// upstream, by what they logged: what nginx logs of bytes that were sent is 0 for all
// attempts but the last.
func twice(t Target, backends []protocol.BackendStatus) bool {
	came := map[string]bool{}
	for _, b := range backends {
		for _, m := range unsafeRequest().FindAllStringSubmatch(b.Log, -1) {
			for _, p := range slices.Concat(t.Peers, t.Backups) {
				if p.id == m[1] {
					came[p.id] = true
				}
			}
		}
	}
	return len(came) > 1
}

var unsafeRequest = lazy.Regexp(`(?m) (b\d+): (?:POST|PATCH|LOCK) /`)

var phases = []struct{ says, timer string }{
	{"while connecting to upstream", "connect_timeout"},
	{"while SSL handshaking to upstream", "connect_timeout"},
	{"while sending request to upstream", "send_timeout"},
	{"while reading", "read_timeout"},
	{"while proxying upgraded connection", "read_timeout"},
}

// after is the timeouts that ended attempts of a request.
func (c *Config) after(t Target, a trial.Answer) []string {
	if gaveUp(a) {
		return []string{noTimeout}
	}
	pass := t.Pass
	if a.Access != nil && t.Behind == "" {
		for _, l := range c.trail(t.Location.Server, a.Access.Trail) {
			if p, ok := c.Site.PassOf(l); ok && (p.Upstream == nil || !c.Site.Own(p.Upstream.Peers[0].Addresses[0])) {
				pass = &p
				break
			}
		}
	}
	var all []string
	for _, entry := range a.Log {
		if strings.Contains(entry.Message, "could not be resolved (110") {
			all = append(all, c.setting(t.Location.Directive, "resolver_timeout"))
		}
		if pass == nil || !strings.Contains(entry.Message, "upstream timed out") {
			continue
		}
		for _, phase := range phases {
			if strings.Contains(entry.Message, phase.says) {
				name := pass.Family.Name + "_" + phase.timer
				all = append(all, c.setting(pass.Parent, name))
				break
			}
		}
	}
	return all
}

// setting is a directive with the value in force.
func (c *Config) setting(block *nginx.Directive, name string) string {
	if d := deployment.Effective(block, name); d != nil {
		if t, ok := nginx.ParseTime(d.Arg(0)); ok {
			return name + " " + nginx.FormatTime(t)
		}
		return name + " " + d.Value()
	}
	return name + " " + nginx.Default(name)
}

// gist is an error-log message without the words that differ between systems, and
// without what is quoted: it may be anybody's.
func gist(message string) string {
	return nginx.Normal(message, nginx.ErrorText|nginx.OpenSSL|nginx.Quoted|nginx.ExcessRate)
}

// shows is what a client can see of the inside; of what every answer shows it is said
// once, of the healthy one.
func (c *Config) shows(a trial.Answer, healthy bool) []string {
	var all []string
	look := func(where, text string) {
		for _, p := range c.peers {
			host := strings.TrimPrefix(p.address, "unix:")
			if strings.Contains(text, host) || strings.Contains(text, p.name) {
				all = union(all, "an upstream's address in "+where)
			}
		}
	}
	for name, value := range a.Client.Headers {
		look(name, value)
		if healthy && name == "Server" && strings.Contains(value, "/") {
			all = union(all, "nginx's version in Server")
		}
		if healthy && name == insideHeader {
			all = union(all, "the upstream's "+name)
		}
	}
	look("the body", a.Client.Body)
	if a.Client.Status >= 500 && from(a) == fromUpstream {
		all = union(all, "the upstream's error page")
	}
	return all
}

// insideHeader is a header of every stand-in that is nobody's business outside.
const insideHeader = "X-Powered-By"

// String is a cell for people.
func (c Cell) String() string {
	var words []string
	for _, status := range c.Status {
		if status == 0 {
			words = append(words, "no answer")
		} else {
			words = append(words, strconv.Itoa(status))
		}
	}
	text := strings.Join(words, ", ")
	if c.From != fromNobody {
		text += " from " + map[string]string{fromUpstream: "the upstream", fromNginx: "nginx", fromConfig: "the configuration", fromCache: "the cache"}[c.From]
	}
	if c.Via != nil {
		text += " via " + strings.Join(c.Via, ", ")
	}
	if len(c.After) > 0 {
		text += " after " + strings.Join(c.After, " and ")
	}
	if c.Cut {
		text += ", cut"
	}
	if len(c.Tried) > 0 {
		text += fmt.Sprintf(", tried %s", strings.Join(c.Tried, " | "))
	}
	return text
}
