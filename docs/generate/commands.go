package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// commandsMarkdown asks lab itself for the help of its commands: only cmd/lab has the
// command tree, and it is no package that can be imported.
func commandsMarkdown() (string, error) {
	reference := exec.Command("go", "run", "./cmd/lab", "reference")
	reference.Stderr = os.Stderr
	text, err := reference.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(reference.Args, " "), err)
	}
	return string(text), nil
}
