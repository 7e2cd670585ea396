package scenario

import (
	"maps"
	slashpath "path"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/trial"
)

// delta checks a change to the stage base: the names in it must exist, and its steps must put
// the change into effect.
func (c *checker) delta(path []any, d Delta, base Stage, what string) {
	c.config(append(path, "nginx"), d.Nginx)
	c.user(append(path, "user"), d.User)
	c.memory(append(path, "memory"), int64(d.Memory))
	c.backends(append(path, "backends"), d.Backends, base.Backends)
	after := base.With(d)
	nginx, backend, container := false, false, false
	for i, step := range d.Apply {
		here := append(slices.Clone(path), "apply", i)
		kind, _ := trial.FindStep(step.Do)
		nginx, backend = nginx || kind.Nginx, backend || kind.Backend
		container = container || step.Do == "update-container"
		c.step(here, step, kind, after)
	}
	// Without steps the whole stage is started afresh, so every change takes effect.
	if len(d.Apply) == 0 {
		return
	}
	if (d.Nginx != "" || d.User != "") && !nginx && !slices.ContainsFunc(d.Apply, func(s trial.Step) bool { return s.Do == "check" }) {
		c.wrong(append(path, "apply"), "%s changes nginx's configuration, but no step puts it into effect: add apply: [check, reload]",
			what)
	}
	if len(d.Backends) > 0 && !backend {
		c.wrong(append(path, "apply"), "%s changes a backend, but no step starts it again: add apply: [restart-backend]", what)
	}
	if d.Memory != 0 && !container {
		c.wrong(append(path, "apply"), "%s changes the memory limit, but no step applies it: add apply: [update-container]", what)
	}
}

func (c *checker) step(path []any, s trial.Step, kind trial.StepKind, stage Stage) {
	switch kind.Object {
	case trial.NoObject:
		if c.managed() && strings.HasSuffix(s.Do, "-container") {
			c.wrong(path, "%s: with %s nginx and the app share one container, which cannot be changed or paused: remove this step", s.Do,
				c.s.Server)
		}
	case trial.AnyBackend:
		if _, ok := stage.Backends[s.Target]; s.Target != "" && !ok {
			c.wrong(path, "%s: there is no backend %q%s", s.Do, s.Target, c.suggest(s.Target, slices.Sorted(maps.Keys(stage.Backends))))
		}
	case trial.FileMode:
		if !octal(s.Mode) {
			c.wrong(path, "%s: mode %q is not an octal number such as 0660", s.Do, s.Mode)
		}
		c.socketPath(path, s.Do, s.Target)
	case trial.FileOwner:
		c.owner(path, s.Owner)
		c.socketPath(path, s.Do, s.Target)
	case trial.Path:
		c.socketPath(path, s.Do, s.Target)
	case trial.Command:
		if c.s.Server == "" {
			c.wrong(path, "run: a command runs in the container of a real server, but the scenario has none: add server: %s",
				strings.Join(server.Names(), " | "))
		}
		if strings.TrimSpace(s.Run) == "" {
			c.wrong(path, "run: the command is missing: write it as run: systemctl status app")
		}
	case trial.Time:
		if s.Wait.D() > maxWait {
			c.wrong(path, "wait: %s is more than %s, the longest wait", s.Wait, maxWait)
		}
	}
}

// socketPath checks that a file is inside the folder that the two containers share.
func (c *checker) socketPath(path []any, step, name string) {
	rest, ok := strings.CutPrefix(name, protocol.SocketDir+"/")
	if !ok || rest == "" || strings.Contains(rest, "..") || slashpath.Clean(name) != name {
		c.wrong(path, "%s: the path %q is not below %s, the folder that nginx and the backends share", step, name, protocol.SocketDir)
	}
}
