package scenario

import (
	"crypto/tls"
	"maps"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/fault"
	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/strict"
)

// These are the longest times for which a scenario can make lab wait.
const (
	maxWait   = time.Minute
	maxAnswer = 75 * time.Second // for an answer: nginx itself gives up after 60 s by default
)

var ownerForm = lazy.Regexp(`^(nginx|root|[0-9]{1,7}:[0-9]{1,7})$`)

// backends checks the backends of a stage, or of a change to the stage base. For a stage
// itself base is nil.
func (c *checker) backends(path []any, given, base map[string]protocol.Backend) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		here := append(slices.Clone(path), name)
		if !word().MatchString(name) {
			c.wrong(here, "backend %q: a name may contain only lowercase letters, digits, dots and hyphens", name)
		}
		b := mergeBackend(base[name], given[name])
		c.listen(here, name, b)
		if c.s.Server != "" && (strings.Contains(name, ".") || len(name) > 60 || name == "nginx") {
			c.wrong(here, "backend %q: the name is used for a folder and a service: it must have no dots and at most 60 "+
				"characters, and must not be nginx", name)
		}
		switch {
		case c.managed():
			c.unit(here, name, b, given[name])
		case b.Real():
			c.real(here, name, b, given[name])
			continue
		}
		c.fault(here, b, given[name])
		c.tls(here, b)
		if b.Owner != "" {
			c.owner(append(here, "owner"), b.Owner)
		}
		if b.Mode != "" && !octal(b.Mode) {
			c.wrong(append(here, "mode"), "mode %q is not an octal number such as 0660", b.Mode)
		}
		for field, d := range map[string]protocol.Duration{"boot": b.Boot, "limit": b.Limit} {
			if d.D() > maxWait {
				c.wrong(append(here, field), "%s: %s is more than %s, the longest wait", field, d, maxWait)
			}
		}
		if b.Delay.D() > maxAnswer {
			c.wrong(append(here, "delay"), "delay: %s is more than %s, the longest wait for an answer", b.Delay, maxAnswer)
		}
	}
}

func (c *checker) listen(path []any, name string, b protocol.Backend) {
	scheme, address, ok := strings.Cut(b.Listen, "://")
	here := append(slices.Clone(path), "listen")
	if b.Listen == "" {
		c.wrong(path, "backend %q has no address: add listen: tcp://127.0.0.1:3000", name)
		return
	}
	switch {
	case ok && scheme == "unix":
		c.socketPath(here, "listen", address)
	case ok && (scheme == "tcp" || scheme == "tls"):
		host, port, err := net.SplitHostPort(address)
		if number, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil || number == 0 || net.ParseIP(host) == nil {
			c.wrong(here, "listen: %q is not an IP address with a port, such as 127.0.0.1:3000 or [::1]:3000", address)
		}
	default:
		c.wrong(here, "listen: %q must be tcp://IP:PORT, tls://IP:PORT or unix://%s/NAME.sock", b.Listen, protocol.SocketDir)
	}
	if !fault.KnownProtocol(b.Protocol) {
		c.wrong(append(path, "protocol"), "protocol: %q is not one of %s", b.Protocol, strings.Join(fault.Protocols, ", "))
	}
}

// managed reports whether the backends run as services of a service manager.
func (c *checker) managed() bool {
	s, _ := server.Lookup(c.s.Server)
	return s.Manager
}

// unit checks the fields that only a backend that runs as a service has.
func (c *checker) unit(path []any, name string, b, given protocol.Backend) {
	at := func(field string) []any { return append(slices.Clone(path), field) }
	c.config(at("config"), given.Config)
	if b.Config == "" {
		c.wrong(path, "backend %q has no unit file: add config: %s.service", name, name)
	}
	if given.Application != "" {
		c.wrong(at("application"), "a service runs one of lab's own backends, which fault describes: remove application")
	}
	if b.Owner != "" || b.Mode != "" {
		c.wrong(path, "backend %q: owner and mode belong in the unit file: remove them here", name)
	}
}

// real checks a backend that is a real server.
func (c *checker) real(path []any, name string, b, given protocol.Backend) {
	at := func(field string) []any { return append(slices.Clone(path), field) }
	c.config(at("config"), given.Config)
	c.config(at("application"), given.Application)
	s, known := server.Lookup(c.s.Server)
	switch {
	case c.s.Server == "":
		c.wrong(path, "backend %q has a config or an application, but the scenario names no server: add server: %s", name,
			strings.Join(server.Names(), " | "))
	case !known: // the mistake is reported where the server is named
	case b.Application == "":
		c.wrong(path, "backend %q has no application: add application: %s", name, s.Application)
	case s.Config != "" && b.Config == "":
		c.wrong(path, "backend %q has no configuration for %s: add config: %s", name, s.Name, s.Config)
	case s.Config == "" && given.Config != "":
		c.wrong(at("config"), "%s has no configuration file, only an application: remove config", s.Name)
	}
	if strings.HasPrefix(b.Listen, "tls://") {
		c.wrong(at("listen"), "listen: %q: a real server can listen only at tcp:// or unix://", b.Listen)
	}
	if b.Boot.D() > maxWait {
		c.wrong(at("boot"), "boot: %s is more than %s, the longest wait", b.Boot, maxWait)
	}
	// The other fields belong to lab's own backends.
	given.Listen, given.Running, given.Boot, given.Config, given.Application = "", nil, 0, "", ""
	fields := reflect.ValueOf(given)
	for i := range fields.NumField() {
		if field, _ := strict.FieldName(fields.Type().Field(i)); !fields.Field(i).IsZero() {
			c.wrong(at(field), "%s does not apply to a real server, whose configuration and application decide how it behaves: remove it",
				field)
		}
	}
}

func (c *checker) fault(path []any, b, given protocol.Backend) {
	if b.Fault == "" {
		return
	}
	f, ok := fault.Lookup(b.Fault)
	if !ok && given.Fault == "" {
		return // the mistake is reported where the fault is named
	}
	if !ok {
		var names []string
		for _, f := range fault.Table {
			names = append(names, f.Name)
		}
		c.wrong(append(path, "fault"), "unknown fault %q%s", b.Fault, c.suggest(b.Fault, names))
		return
	}
	if strings.HasPrefix(b.Listen, "unix://") && f.TCPOnly {
		c.wrong(append(path, "fault"), "the fault %q cannot reset a unix socket: use reset-unread", b.Fault)
	}
	if why := f.Unfit(b.Protocol); why != "" {
		c.wrong(append(path, "fault"), "the fault %q %s", b.Fault, why)
	}
	for field, set := range map[string]bool{"delay": given.Delay != 0, "limit": given.Limit != 0, "size": given.Size != 0,
		"status": given.Status != 0} {
		if set && !slices.Contains(f.Uses, field) {
			c.wrong(append(path, field), "the fault %q does not use %s; the fields it uses are %s", b.Fault, field,
				strings.Join(append(slices.Clone(f.Uses), "the common fields"), ", "))
		}
	}
}

func (c *checker) tls(path []any, b protocol.Backend) {
	t, path := b.TLS, append(slices.Clone(path), "tls")
	isTLS := strings.HasPrefix(b.Listen, "tls://")
	if !isTLS {
		return
	}
	names, err := certificate.Names()
	if err != nil {
		c.wrong(path, "%v", err)
	}
	if t.Certificate != "" && !slices.Contains(names, t.Certificate) {
		c.wrong(append(path, "certificate"), "there is no certificate %q%s; the certificates are %s", t.Certificate,
			c.suggest(t.Certificate, names), strings.Join(names, ", "))
	}
	for field, v := range map[string]string{"min": t.Min, "max": t.Max} {
		if v != "" && !slices.Contains([]string{"1.0", "1.1", "1.2", "1.3"}, v) {
			c.wrong(append(path, field), "%s: %q is not one of 1.0, 1.1, 1.2 and 1.3", field, v)
		}
	}
	var suites []string
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		suites = append(suites, suite.Name)
	}
	for i, name := range t.Ciphers {
		if !slices.Contains(suites, name) {
			c.wrong(append(path, "ciphers", i), "crypto/tls has no cipher suite %q%s", name, c.suggest(name, suites))
		}
	}
}

func (c *checker) owner(path []any, owner string) {
	if !ownerForm().MatchString(owner) {
		c.wrong(path, "owner %q must be nginx (the user of its workers), root or UID:GID", owner)
	}
}
