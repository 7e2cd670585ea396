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
			c.wrong(append(path, "probes", name), "healthy has no probe %q%s", name, c.suggestProbe(name))
		}
		c.expect(append(path, "probes", name), s.Probes[name])
	}
	for i, p := range s.Log {
		if len(p.Level) == 0 {
			c.wrong(append(path, "log", i), "level is missing: give one of %s", strings.Join(nginx.Levels, ", "))
		}
		for _, level := range p.Level {
			if !slices.Contains(nginx.Levels, level) {
				c.wrong(append(path, "log", i, "level"), "%q is not a log level of nginx%s", level, c.suggest(level, nginx.Levels))
			}
		}
		if p.Match.IsZero() {
			c.wrong(append(path, "log", i), "match is missing: give a regular expression for the message")
		}
	}
	for i, p := range s.BackendLog {
		if p.IsZero() {
			c.wrong(append(path, "backend_log", i), "an empty expression matches every line: give a part of the line in the server's log")
		}
	}
	for i, o := range s.Output {
		if strings.TrimSpace(o.Run) == "" || o.Match.IsZero() {
			c.wrong(append(path, "output", i), "output must have the command and what it prints: {run: systemctl status app, "+
				"match: failed}")
		} else if strings.Join(strings.Fields(o.Run), " ") != o.Run {
			c.wrong(append(path, "output", i), "output: %q: separate the words of a command with single spaces", o.Run)
		} else if !c.runs(o.Run) {
			c.wrong(append(path, "output", i), "output: no step runs the command %q", o.Run)
		}
	}
	if len(s.BackendLog) > 0 && c.s.Server == "" {
		c.wrong(append(path, "backend_log"), "backend_log is the log of a real server, but the scenario has no server: name one of %s",
			strings.Join(server.Names(), ", "))
	}
	if len(s.Probes) == 0 && len(s.Log) == 0 && len(s.BackendLog) == 0 && len(s.Output) == 0 && s.Check == nil {
		c.wrong(path, "nothing is expected here: add probes, log, backend_log, output or check")
	}
}

// runs reports whether a step of the scenario runs a command. The commands that steps run by
// themselves under a service manager all begin with the manager's name.
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
