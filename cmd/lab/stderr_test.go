//go:build unix

package main

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// stderr is what a lab that runs says, line by line.
type stderr struct{ *bufio.Reader }

// startHeard starts a lab whose standard error is read.
func startHeard(t *testing.T, cmd *exec.Cmd) stderr {
	t.Helper()
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // of a test that failed
	return stderr{bufio.NewReader(pipe)}
}

// until reads up to a line with text.
func (s stderr) until(t *testing.T, text string) {
	t.Helper()
	for {
		line, err := s.ReadString('\n')
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			t.Fatalf("stderr ended before %q: %v", text, err)
		}
	}
}

// rest reads up to the end of lab.
func (s stderr) rest(t *testing.T) string {
	t.Helper()
	text, err := io.ReadAll(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
