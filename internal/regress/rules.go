package regress

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/nginx"
)

// rule is one kind of advice.
type rule struct {
	name, severity string
	// cells is what shows it; wrong reports whether they do, and right whether it is gone.
	cells []cellID
	wrong func(c *Config, t Target, cells []Cell) bool
	right func(before, after []Cell) bool
	says  func(c *Config, t Target, cells []Cell) string
	// fix changes the configuration; false: lab knows none.
	fix func(c *Config, t Target, e *deployment.Edits) bool
	// requests is how many are sent in a cell, where that is not as usual.
	requests int
}

func onlyFault(name string) []cellID { return []cellID{{Fault: name}} }

// timeout is the rule about a timeout that nobody has set.
func timeout(name, faultName, rest, value, what string) rule {
	return rule{
		name: name, severity: "warning", cells: onlyFault(faultName),
		wrong: func(c *Config, t Target, cells []Cell) bool {
			return t.Pass != nil && slices.Contains(cells[0].After, t.Pass.Family.Name+rest+" 60s") && deployment.Effective(t.Pass.Parent, t.Pass.Family.Name+rest) == nil
		},
		right: func(_, after []Cell) bool {
			return after[0].waits() > 0 && after[0].waits() < forEver && strings.Contains(strings.Join(after[0].After, ""), rest+" "+value)
		},
		says: func(c *Config, t Target, cells []Cell) string {
			return fmt.Sprintf("%s: a client waits %s for nothing where the upstream %s, since %s%s is nginx's default", t.Location, nginx.FormatTime(cells[0].waits()), what, t.Pass.Family.Name, rest)
		},
		fix: func(c *Config, t Target, e *deployment.Edits) bool {
			e.Below(t.Pass.Parent, t.Pass.Family.Name+rest+" "+value+";")
			return true
		},
	}
}

// rules is every rule, in the order of advice of one severity.
var rules = sync.OnceValue(func() []rule {
	return []rule{
		timeout("default-read-timeout", "stall", "_read_timeout", "10s", "stalls"),
		timeout("default-connect-timeout", "connect-stall", "_connect_timeout", "3s", "takes no connection"),
		{
			name: "sent-twice", severity: "error", cells: []cellID{{"stall", one, "POST"}, {"close", one, "POST"}, {"status-503", one, "POST"}},
			wrong: func(_ *Config, _ Target, cells []Cell) bool {
				return slices.ContainsFunc(cells, func(c Cell) bool { return c.Twice })
			},
			right: func(_, after []Cell) bool {
				return !slices.ContainsFunc(after, func(c Cell) bool { return c.Twice })
			},
			says: func(_ *Config, t Target, _ []Cell) string {
				return fmt.Sprintf("%s: a POST is sent to a second server after the first one had it", t.Location)
			},
			fix: func(c *Config, t Target, e *deployment.Edits) bool {
				d := deployment.Effective(t.Pass.Parent, t.Pass.Family.Name+"_next_upstream")
				if d == nil || !slices.Contains(d.Args, "non_idempotent") {
					return false
				}
				rest := slices.DeleteFunc(slices.Clone(d.Args), func(word string) bool { return word == "non_idempotent" })
				e.Replace(d, d.Name+" "+strings.Join(rest, " ")+";", "")
				return len(rest) > 0
			},
		},
		{
			name: "never-avoided", severity: "warning", cells: []cellID{{Fault: "refuse", At: one}}, requests: 12,
			wrong: func(_ *Config, _ Target, cells []Cell) bool { return retriesAtLast(cells[0]) },
			right: func(_, after []Cell) bool { return !retriesAtLast(after[0]) },
			says: func(_ *Config, t Target, _ []Cell) string {
				return fmt.Sprintf("%s: a server of %s that is dead is tried again and again, since max_fails=0 forgets its failures", t.Location, t.Group)
			},
			fix: func(c *Config, t Target, e *deployment.Edits) bool {
				if t.Pass.Upstream == nil {
					return false
				}
				changed := false
				for _, p := range t.Pass.Upstream.Peers {
					if slices.Contains(p.D.Args, "max_fails=0") {
						rest := slices.DeleteFunc(slices.Clone(p.D.Args), func(word string) bool { return word == "max_fails=0" })
						e.Replace(p.D, "server "+strings.Join(rest, " ")+";", "")
						changed = true
					}
				}
				return changed
			},
		},
		{
			name: "unverified", severity: "error", cells: []cellID{{Fault: "tls-self-signed"}, {Fault: "tls-expired"}, {Fault: "tls-other-name"}, {Fault: None}},
			wrong: func(_ *Config, _ Target, cells []Cell) bool {
				return slices.ContainsFunc(cells[:3], accepted) && accepted(cells[3])
			},
			right: func(_, after []Cell) bool { return !slices.ContainsFunc(after[:3], accepted) && accepted(after[3]) },
			says: func(_ *Config, t Target, _ []Cell) string {
				return fmt.Sprintf("%s: the upstream's certificate is not verified: a wrong one is accepted", t.Location)
			},
			fix: func(c *Config, t Target, e *deployment.Edits) bool {
				family := t.Pass.Family.Name
				lines := []string{family + "_ssl_verify on;", family + "_ssl_verify_depth 3;"}
				if d := deployment.Effective(t.Pass.Parent, family+"_ssl_verify"); d != nil {
					e.Replace(d, family+"_ssl_verify on;", "")
					lines = nil
				}
				if deployment.Effective(t.Pass.Parent, family+"_ssl_trusted_certificate") == nil {
					lines = append(lines, family+"_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;")
				}
				host, _, err := net.SplitHostPort(t.Peers[0].name)
				if err != nil {
					host = t.Peers[0].name
				}
				if deployment.Effective(t.Pass.Parent, family+"_ssl_name") == nil && (t.Pass.Upstream != nil && t.Pass.Upstream.D != nil || net.ParseIP(host) != nil) {
					if net.ParseIP(host) != nil {
						host = "the-name-in-the-certificate.example"
					}
					lines = append(lines, fmt.Sprintf("%s_ssl_name %s;", family, host))
				}
				if lines != nil {
					e.Below(t.Pass.Parent, lines...)
				}
				return true
			},
		},
		{
			name: "no-sni", severity: "warning", cells: []cellID{{Fault: "tls-needs-sni"}, {Fault: None}},
			wrong: func(_ *Config, _ Target, cells []Cell) bool { return !accepted(cells[0]) && accepted(cells[1]) },
			right: func(_, after []Cell) bool { return accepted(after[0]) && accepted(after[1]) },
			says: func(_ *Config, t Target, _ []Cell) string {
				return fmt.Sprintf("%s: nginx does not tell the upstream its name (SNI): a server with several certificates refuses or presents the wrong one", t.Location)
			},
			fix: func(c *Config, t Target, e *deployment.Edits) bool {
				name := t.Pass.Family.Name + "_ssl_server_name"
				lines := []string{name + " on;"}
				host, _, err := net.SplitHostPort(t.Peers[0].name)
				if err == nil && net.ParseIP(host) != nil && deployment.Effective(t.Pass.Parent, t.Pass.Family.Name+"_ssl_name") == nil {
					lines = append(lines, t.Pass.Family.Name+"_ssl_name the-name-in-the-certificate.example;") // an address is no name for SNI
				}
				if d := deployment.Effective(t.Pass.Parent, name); d != nil {
					e.Replace(d, strings.Join(lines, " "), "")
				} else {
					e.Below(t.Pass.Parent, lines...)
				}
				return true
			},
		},
		{
			name: "keepalive-race", severity: "warning", cells: []cellID{{Fault: "idle-close", Method: "POST"}},
			wrong: func(_ *Config, _ Target, cells []Cell) bool { return slices.Contains(cells[0].Status, 502) },
			right: func(_, after []Cell) bool { return accepted(after[0]) },
			says: func(_ *Config, t Target, _ []Cell) string {
				return fmt.Sprintf("%s: nginx keeps connections to %s for 60s: a POST on one that the application is just closing fails, since nginx may not send it again", t.Location, t.Group)
			},
			fix: func(c *Config, t Target, e *deployment.Edits) bool {
				const text = "keepalive_timeout 4s;" // less than what the application keeps them for
				for _, d := range t.Pass.Upstream.D.Block {
					if d.Is("keepalive_timeout") {
						e.Replace(d, text, "")
						return true
					}
				}
				for _, d := range t.Pass.Upstream.D.Block {
					if d.Is("keepalive") {
						e.After(d, text)
					}
				}
				return true
			},
		},
		{
			name: "error-page-of-the-upstream", severity: "note", cells: onlyFault("status-500"),
			wrong: func(_ *Config, _ Target, cells []Cell) bool {
				return slices.Contains(cells[0].Shows, "the upstream's error page")
			},
			right: func(_, after []Cell) bool { return after[0].From == fromConfig },
			says: func(_ *Config, t Target, _ []Cell) string {
				return fmt.Sprintf("%s: a client gets the upstream's own error page, with whatever it says of the inside", t.Location)
			},
			fix: func(c *Config, t Target, e *deployment.Edits) bool {
				server := t.Pass.In("server")
				if server == nil {
					return false
				}
				e.Below(server, "location @upstream_failed {", "    default_type text/plain;", `    return 503 "The service is not available.\n";`, "}")
				e.Below(t.Pass.Parent, t.Pass.Family.Name+"_intercept_errors on;", "error_page 500 502 503 504 @upstream_failed;")
				return true
			},
		},
		{
			name: "error-page-behind-the-upstream", severity: "warning", cells: onlyFault("refuse"),
			wrong: func(c *Config, t Target, cells []Cell) bool { return askedAgain(t, cells[0]) },
			right: func(before, after []Cell) bool {
				return len(attemptsOf(after[0])) < len(attemptsOf(before[0]))
			},
			says: func(_ *Config, t Target, cells []Cell) string {
				return fmt.Sprintf("%s: when the upstream fails, nginx asks the same upstream for the error page, and a client waits twice", t.Location)
			},
			fix: func(c *Config, t Target, e *deployment.Edits) bool {
				d := deployment.Effective(t.Pass.Parent, "error_page")
				server := t.Pass.In("server")
				if d == nil || server == nil || !strings.HasPrefix(d.Arg(len(d.Args)-1), "/") {
					return false
				}
				e.Below(server, fmt.Sprintf("location = %s {", d.Arg(len(d.Args)-1)), "    internal;", "}")
				return true
			},
		},
	}
})

func accepted(c Cell) bool { return len(c.Status) == 1 && c.Status[0] == 200 && c.From == fromUpstream }

// retriesAtLast reports whether the last requests still went to the server that is dead.
func retriesAtLast(c Cell) bool {
	if len(c.Tried) < 4 {
		return len(c.Tried) == 1 && strings.Contains(c.Tried[0], ",")
	}
	return slices.ContainsFunc(c.Tried[len(c.Tried)-4:], func(tried string) bool { return strings.Contains(tried, ",") })
}

func attemptsOf(c Cell) []string {
	if len(c.Tried) == 0 {
		return nil
	}
	return strings.Split(c.Tried[0], ", ")
}

// askedAgain reports whether an upstream of one server was tried twice, by way of another
// location.
func askedAgain(t Target, c Cell) bool {
	tried := attemptsOf(c)
	return len(t.Peers) == 1 && len(t.Backups) == 0 && len(tried) == 2 && tried[0] == tried[1] && len(c.Via) > 0
}
