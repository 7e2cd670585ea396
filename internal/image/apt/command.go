package apt

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// run runs a program of apt with the private configuration.
func (h *Host) run(ctx context.Context, stdout io.Writer, name string, args ...string) error {
	return h.command(ctx, []string{"APT_CONFIG=" + filepath.Join(h.Dir, "apt.conf")}, stdout, name, args...)
}

// command runs a program. Its error contains the end of what the program wrote to stderr.
func (h *Host) command(ctx context.Context, env []string, stdout io.Writer, name string, args ...string) error {
	var stderr tail
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"), env...)
	cmd.Stdout, cmd.Stderr = stdout, &stderr
	cmd.SysProcAttr = h.attr
	// The download methods of apt are child processes that keep the pipes open for a moment.
	// They end by themselves.
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("running %s: %w", name, context.Cause(ctx))
	}
	if err == nil {
		return nil
	}
	for i, arg := range args { // name the command, such as `apt-get update`, without its options
		if !strings.HasPrefix(arg, "-") && (i == 0 || args[i-1] != "-o") {
			name += " " + filepath.Base(arg)
			break
		}
	}
	if said := stderr.String(); said != "" {
		return fmt.Errorf("running %s: %w: %s", name, err, said)
	}
	return fmt.Errorf("running %s: %w", name, err)
}

// tail keeps only the end of what is written to it, because that is where the reason is.
type tail struct{ text []byte }

const tailBytes = 2048

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// String returns the text on one line, because it becomes part of an error.
func (t *tail) String() string {
	return strings.Join(strings.FieldsFunc(string(t.text), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
