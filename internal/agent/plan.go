package agent

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gatewaylab/lab/fixtures"
)

// Plan says how Binary would come by the agent for an architecture, and does nothing
// for it. ok is false when it would not.
func (s Source) Plan(arch string) (how string, ok bool) {
	if _, err := fixtures.Agents.ReadFile("agents/lab-agent-" + arch + ".gz"); err == nil {
		return "this build carries it for linux/" + arch, true
	}
	hash, err := sourceHash()
	if err != nil {
		return fmt.Sprintf("its embedded source cannot be read: %v", err), false
	}
	if _, err := os.Stat(filepath.Join(s.Cache, "agent", fmt.Sprintf("lab-agent-%s-%s", arch, hash))); err == nil {
		return "it was compiled for linux/" + arch + " before", true
	}
	if path, err := exec.LookPath("go"); err == nil {
		return fmt.Sprintf("it would be compiled for linux/%s with %s, which takes some 20 s once", arch, path), true
	}
	return "this build does not carry it for linux/" + arch + ", and there is no go command to compile it: install Go, or take a release build of lab", false
}
