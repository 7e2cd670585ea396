//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const refusedLine = `2026/11/22 20:01:02 [error] 12#12: *3 connect() failed (111: Connection refused) while connecting to upstream, client: 203.0.113.9, server: , request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:3000/"` + "\n"

// Without an argument a terminal is not waited for, and a log is a table there. What is
// shown of the reading is gone afterwards.
func TestExplainOnTerminal(t *testing.T) {
	t.Setenv("LAB_CACHE", t.TempDir())
	if out, _, failed := onTerminal(t, "", "explain"); failed == nil ||
		!strings.Contains(failed.Error(), "nothing to explain: give a line") ||
		out != "" {
		t.Errorf("%q, %v", out, failed)
	}
	path := filepath.Join(t.TempDir(), "error.log.1.gz")
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(refusedLine)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _, failed := onTerminal(t, "", "explain", path)
	if failed != nil || !strings.Contains(out, "\nCAUSE ") || !strings.Contains(out, "\nconnection-refused  1 ") {
		t.Errorf("%s\n%v", out, failed)
	}
	if err := os.WriteFile(path, packed.Bytes()[:12], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, failed := onTerminal(t, "", "explain", path); failed == nil || !strings.Contains(failed.Error(), "unexpected EOF") {
		t.Errorf("half a log: %v", failed)
	}
}

// A log is followed until the interrupt, and so is a pipe that has nothing to say.
func TestExplainIsInterrupted(t *testing.T) {
	lab, err := exec.LookPath("lab") // testscript.Main puts it there
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "error.log")
	if err := os.WriteFile(path, []byte(refusedLine), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"a file": {"explain", "-f", path}, "a pipe": {"explain", "-o", "jsonl"}} {
		cmd := exec.Command(lab, args...)
		cmd.Env = append(os.Environ(), "LAB_CACHE="+t.TempDir())
		var errors bytes.Buffer
		cmd.Stderr = &errors
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		first := make(chan string, 1)
		go func() {
			buffer := make([]byte, 4096)
			n, _ := out.Read(buffer)
			first <- string(buffer[:n])
		}()
		text := ""
		for range 100 { // until it follows
			log, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = log.WriteString(refusedLine)
			log.Close()
			if err == nil {
				_, err = in.Write([]byte(refusedLine))
			}
			if err != nil {
				t.Fatal(err)
			}
			select {
			case text = <-first:
			case <-time.After(100 * time.Millisecond):
				continue
			}
			break
		}
		if !strings.Contains(text, "connection-refused") {
			t.Errorf("%s: %q", name, text)
		}
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 130 || !strings.Contains(errors.String(), "interrupt") {
			t.Errorf("%s: exit code %d, %s", name, code, errors.String())
		}
	}
}
