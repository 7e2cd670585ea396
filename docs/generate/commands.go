package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// commands are documented in this order, as their own help says it.
var commands = []string{"", "run", "list", "show", "validate", "new", "config record", "config check", "config advise", "config diff", "ps", "prune", "doctor", "images", "images list", "images save", "images load", "images prune", "version", "completion"}

func commandsMarkdown() (string, error) {
	folder, err := os.MkdirTemp("", "lab-docs-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "lab")
	if output, err := exec.Command("go", "build", "-o", binary, "./cmd/lab").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building lab: %w: %s", err, output)
	}
	var b strings.Builder
	b.WriteString("# Commands\n\n" + generated)
	for _, c := range commands {
		args := append(strings.Fields(c), "--help")
		help := exec.Command(binary, args...)
		help.Env = append(os.Environ(), "NO_COLOR=1", "COLUMNS=100")
		output, err := help.Output()
		if err != nil {
			return "", fmt.Errorf("lab %s: %w", strings.Join(args, " "), err)
		}
		fmt.Fprintf(&b, "## %s\n\n```\n%s\n```\n\n", strings.TrimSpace("lab "+c), strings.TrimSpace(string(output)))
	}
	return b.String(), nil
}
