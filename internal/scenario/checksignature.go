package scenario

import (
	"maps"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/nginx"
)

func (c *checker) signature(path []any, s Signature) {
	for _, name := range slices.Sorted(maps.Keys(s.Probes)) {
		if _, ok := c.s.Healthy.Probes[name]; !ok {
			c.wrong(append(path, "probes", name), "no probe %q in healthy%s", name, c.suggestProbe(name))
		}
		c.expect(append(path, "probes", name), s.Probes[name])
	}
	for i, p := range s.Log {
		if len(p.Level) == 0 {
			c.wrong(append(path, "log", i), "level is missing: one of %s", strings.Join(nginx.Levels, ", "))
		}
		for _, level := range p.Level {
			if !slices.Contains(nginx.Levels, level) {
				c.wrong(append(path, "log", i, "level"), "%q is not a level of nginx's%s", level, c.suggest(level, nginx.Levels))
			}
		}
		if p.Match.IsZero() {
			c.wrong(append(path, "log", i), "match is missing: a regular expression on the message")
		}
	}
	for i, p := range s.BackendLog {
		if p.IsZero() {
			c.wrong(append(path, "backend_log", i), "an empty expression fits every line: give what a line of the server's log says")
		}
	}
	for i, o := range s.Output {
		if strings.TrimSpace(o.Run) == "" || o.Match.IsZero() {
			c.wrong(append(path, "output", i), "output needs the command and what it says: {run: systemctl status app, match: failed}")
		} else if strings.Join(strings.Fields(o.Run), " ") != o.Run {
			c.wrong(append(path, "output", i), "output: %q: a command's words are separated by one blank each", o.Run)
		} else if !c.runs(o.Run) {
			c.wrong(append(path, "output", i), "output: no step runs %q", o.Run)
		}
	}
	if len(s.BackendLog) > 0 && c.s.Server == "" {
		c.wrong(append(path, "backend_log"), "backend_log is about a real server's log, and the scenario has no server: %s", strings.Join(server.Names(), ", "))
	}
	if len(s.Probes) == 0 && len(s.Log) == 0 && len(s.BackendLog) == 0 && len(s.Output) == 0 && s.Check == nil {
		c.wrong(path, "nothing to see: give probes, log, backend_log, output or check")
	}
}

// runs reports whether a step of the scenario runs a command. What steps run under a
// service manager by themselves begins with its name.
func (c *checker) runs(command string) bool {
	var deltas []Delta
	if c.s.Broken != nil {
		deltas = append(deltas, *c.s.Broken)
	}
	for _, f := range slices.Concat(c.s.Fixes, c.s.WrongFixes) {
		deltas = append(deltas, f.Delta)
	}
	for _, d := range c.s.Demonstrates {
		deltas = append(deltas, d.Delta)
	}
	for _, d := range deltas {
		for _, s := range d.Apply {
			if strings.Join(strings.Fields(s.Run), " ") == command {
				return true
			}
		}
	}
	return c.managed() && strings.HasPrefix(command, "systemctl ")
}
