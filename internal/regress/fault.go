package regress

import (
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/fault"
	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/nginx"
)

// Fault is one way in which what is behind nginx fails.
type Fault struct {
	Name  string
	Say   string // completes "/api with …"
	Set   func(*protocol.Backend)
	TLS   bool // of upstreams with TLS only
	Retry bool // worth another server: also with one server that fails, and with POST
	Once  bool // also on the first attempt only
}

// Faults is every fault of the matrix, in the order of a request's life.
var Faults = []Fault{
	{Name: "refuse", Say: "an upstream that refuses connections", Set: named("refuse"), Retry: true},
	{Name: "connect-stall", Say: "an upstream that takes no connection", Set: named("backlog-full"), Retry: true},
	{Name: "tls-stall", Say: "an upstream that is silent in the TLS handshake", Set: named("tls-stall"), TLS: true},
	{Name: "tls-close", Say: "an upstream that ends the TLS handshake", Set: named("tls-close"), TLS: true},
	{Name: "tls-expired", Say: "an upstream whose certificate has expired", Set: presents("expired"), TLS: true},
	{Name: "tls-self-signed", Say: "an upstream with a self-signed certificate", Set: presents("self-signed"), TLS: true},
	{Name: "tls-unknown-ca", Say: "an upstream whose certificate nobody trusts", Set: presents("unknown-ca"), TLS: true},
	{Name: "tls-other-name", Say: "an upstream whose certificate is for another name", Set: presents("other-name"), TLS: true},
	{Name: "tls-needs-sni", Say: "an upstream that wants to be told its name (SNI)", Set: func(b *protocol.Backend) { b.TLS.RequireSNI = "*" }, TLS: true},
	{Name: "tls-needs-certificate", Say: "an upstream that wants a client certificate", Set: func(b *protocol.Backend) { b.TLS.RequireCert = true }, TLS: true},
	{Name: "stall", Say: "a stalled upstream", Set: func(b *protocol.Backend) { b.Fault, b.Delay = "slow-header", protocol.Duration(10*time.Minute) }, Retry: true, Once: true},
	{Name: "close", Say: "an upstream that closes the connection without an answer", Set: named("close-before-header"), Retry: true, Once: true},
	{Name: "reset", Say: "an upstream that resets the connection", Set: named("reset-unread")},
	{Name: "goaway", Say: "an upstream that ends the HTTP/2 connection", Set: named("goaway")},
	{Name: "garbage", Say: "an upstream whose answer has a malformed header", Set: named("malformed-header")},
	{Name: "big-header", Say: "an upstream whose answer has too large a header", Set: named("header-too-big")},
	{Name: "status-404", Say: "an upstream that answers 404", Set: answers(404)},
	{Name: "status-500", Say: "an upstream that answers 500", Set: answers(500)},
	{Name: "status-503", Say: "an upstream that answers 503", Set: answers(503), Retry: true},
	{Name: "body-stall", Say: "an upstream that falls silent in the middle of its answer", Set: named("stall-body")},
	{Name: "body-cut", Say: "an upstream that closes the connection in the middle of its answer", Set: named("close-mid-body")},
	{Name: nameUnknown, Say: "an upstream whose name does not exist"},
	{Name: nameSilent, Say: "a name server that says nothing"},
	{Name: staleRefuse, Say: "an upstream that refuses connections when the cached answer is too old"},
}

// None is the healthy upstream.
const None = "none"

const (
	nameUnknown = "name-unknown"
	nameSilent  = "name-silent"
	staleRefuse = "refuse-stale"
	idleClose   = "idle-close" // of advice only: it takes as long as such servers keep connections
)

// idleTime is how long Node.js keeps a connection that nobody uses; of the servers that
// are often behind nginx few keep it longer.
const idleTime = 5 * time.Second

// Say completes "/api with …" for a fault's name.
func Say(name string) string {
	for _, f := range Faults {
		if f.Name == name {
			return f.Say
		}
	}
	switch name {
	case None:
		return "a healthy upstream"
	case idleClose:
		return "an upstream that closes a connection after 5 s of idleness, as a POST comes"
	}
	return name
}

func named(name string) func(*protocol.Backend) {
	return func(b *protocol.Backend) { b.Fault = name }
}

func presents(certificate string) func(*protocol.Backend) {
	return func(b *protocol.Backend) { b.TLS.Certificate = certificate }
}

func answers(status int) func(*protocol.Backend) {
	return func(b *protocol.Backend) { b.Fault, b.Status = "error-status", status }
}

// fits reports whether a fault can be had of a target's upstream, and makes sense.
func (f Fault) fits(t Target) bool {
	if len(t.Peers) == 0 {
		return false
	}
	switch f.Name {
	case nameUnknown, nameSilent:
		return t.Runtime && !strings.HasPrefix(t.Peers[0].name, t.Peers[0].address)
	case staleRefuse:
		return t.cached()
	}
	p := t.Peers[0]
	if f.TLS != strings.HasPrefix(p.listen, "tls:") && f.TLS {
		return false
	}
	b := protocol.Backend{Listen: p.listen, Protocol: p.protocol}
	f.Set(&b)
	of, ok := fault.Lookup(b.Fault)
	return ok && of.Unfit(p.protocol) == "" && !(of.TCPOnly && strings.HasPrefix(p.listen, "unix:")) &&
		!(b.Fault == "header-too-big" && p.protocol == "grpc")
}

// The positions of a fault among the servers of an upstream.
const (
	all     = ""
	one     = "one server"
	first   = "first attempt"
	backups = "also the backups"
)

// cellID is one cell of the matrix.
type cellID struct {
	Fault  string
	At     string
	Method string // "": as the target's
}

// cells is the cells of a target's row.
func (t Target) cells() []cellID {
	ids := []cellID{{Fault: None}}
	for _, f := range Faults {
		if !f.fits(t) {
			continue
		}
		ids = append(ids, cellID{Fault: f.Name})
		if f.Name == "refuse" && len(t.Backups) > 0 {
			ids = append(ids, cellID{Fault: f.Name, At: backups})
		}
		if len(t.Peers)+len(t.Backups) < 2 || t.First == nil {
			continue
		}
		if f.Retry {
			ids = append(ids, cellID{Fault: f.Name, At: one})
			if t.Probe.Method == "GET" && f.Name != "connect-stall" {
				ids = append(ids, cellID{Fault: f.Name, At: one, Method: "POST"})
			}
		}
		if f.Once {
			ids = append(ids, cellID{Fault: f.Name, At: first})
		}
	}
	return ids
}

// keeps reports whether nginx keeps connections to the target's upstream.
func (t Target) keeps() bool {
	if t.Pass == nil || t.Pass.Upstream == nil || t.Pass.Upstream.D == nil || t.Pass.Family.Name != "proxy" || t.Probe.Method != "GET" {
		return false
	}
	return slices.ContainsFunc(t.Pass.Upstream.D.Block, func(d *nginx.Directive) bool { return d.Is("keepalive") })
}

// faulty is the servers that fail in a cell.
func (t Target) faulty(id cellID) []*peer {
	switch id.At {
	case one:
		return []*peer{t.First}
	case backups:
		return slices.Concat(t.Peers, t.Backups)
	}
	return t.Peers
}
