package agent

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gatewaylab/lab/fixtures"
)

// Plan describes how Binary would obtain the agent for an architecture, without doing it. If
// ok is false, Binary would fail, and how says why.
func (s Source) Plan(arch string) (how string, ok bool) {
	if _, err := fixtures.Agents.ReadFile("agents/lab-agent-" + arch + ".gz"); err == nil {
		return "this build of lab contains it for linux/" + arch, true
	}
	hash, err := sourceHash()
	if err != nil {
		return fmt.Sprintf("its embedded source cannot be read: %v", err), false
	}
	if _, err := os.Stat(filepath.Join(s.Cache, "agent", fmt.Sprintf("lab-agent-%s-%s", arch, hash))); err == nil {
		return "it was compiled for linux/" + arch + " earlier", true
	}
	if path, err := exec.LookPath("go"); err == nil {
		return fmt.Sprintf("it would be compiled for linux/%s with %s, which takes about 20 s the first time", arch, path), true
	}
	return "this build of lab does not contain it for linux/" + arch +
		", and there is no go command in PATH to compile it: install Go, or use a release build of lab", false
}
