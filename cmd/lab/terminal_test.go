package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/engine"
)

// onTerminal runs lab as on a terminal and returns what it writes and its error.
func onTerminal(t *testing.T, answer string, args ...string) (out, err string, failed error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	std := streams{
		in:          strings.NewReader(answer),
		out:         &stdout,
		err:         &stderr,
		inTerminal:  true,
		outTerminal: true,
		errTerminal: true,
		width:       90,
	}
	failed = execute(t.Context(), append([]string{"lab"}, args...), std)
	return stdout.String(), stderr.String(), failed
}

func TestTerminalGetsTableAndColor(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nonexistent/engine.sock")
	t.Setenv("LAB_CACHE", t.TempDir())
	for _, test := range []struct {
		name  string
		env   string
		args  []string
		color bool
	}{
		{"by default", "", nil, true},
		{"NO_COLOR", "1", nil, false},
		{"always beats NO_COLOR", "1", []string{"--color", "always"}, true},
		{"never", "", []string{"--color", "never"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", test.env)
			out, _, failed := onTerminal(t, "", append([]string{"doctor"}, test.args...)...)
			if failed == nil || !strings.HasPrefix(out, "WHAT ") {
				t.Errorf("no table: %q, %v", out, failed)
			}
			if strings.Contains(out, "\x1b[") != test.color {
				t.Errorf("colour is not %t: %q", test.color, out)
			}
		})
	}
}

// A table fits into the terminal: its last column is cut.
func TestTableFits(t *testing.T) {
	out, _, failed := onTerminal(t, "", "list", "wrong-port", "service-dead")
	if failed != nil {
		t.Fatal(failed)
	}
	for line := range strings.Lines(out) {
		if n := len([]rune(line)); n > 91 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
}

func TestConfirm(t *testing.T) {
	for _, test := range []struct {
		answer          string
		force, terminal bool
		agreed          bool
	}{
		{"y\n", false, true, true},
		{"Yes\n", false, true, true},
		{"n\n", false, true, false},
		{"\n", false, true, false},
		{"", false, true, false},
		{"y\n", false, false, false}, // nobody was asked
		{"", true, false, true},
	} {
		var asked bytes.Buffer
		out := console{streams: streams{in: strings.NewReader(test.answer), err: &asked, inTerminal: test.terminal}}
		if err := confirm(out, test.force, "remove it?"); (err == nil) != test.agreed {
			t.Errorf("%+v: %v", test, err)
		}
		if strings.Contains(asked.String(), "remove it? [y/N]") != (test.terminal && !test.force) {
			t.Errorf("%+v: asked %q", test, asked.String())
		}
	}
}

func TestProgress(t *testing.T) {
	for _, test := range []struct {
		name            string
		terminal, quiet bool
		want, never     []string
	}{
		{"a terminal", true, false, []string{"fetching", "50%", "a line\n", "lab: a warning\n", "3 verified, 0 not"}, nil},
		{"a pipe", false, false, []string{"fetching\na line\nlab: a warning\n"}, []string{"%", "\r", "verified"}},
		{"quiet", true, true, []string{"lab: a warning\n"}, []string{"fetching", "a line", "verified"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			p := &progress{out: console{streams: streams{err: &b, errTerminal: test.terminal}, quiet: test.quiet}}
			p.Bytes(engine.Progress{What: "fetching", Done: 0, Total: 100})
			p.Bytes(engine.Progress{What: "fetching", Done: 50, Total: 100})
			p.Line("a line\x1b[2J")
			p.Bytes(engine.Progress{What: "a warning", Warning: true})
			p.Trials(3, 10, "3 verified, 0 not")
			p.Done()
			for _, want := range test.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("no %q in %q", want, b.String())
				}
			}
			for _, never := range append(test.never, "\x1b[2J") {
				if strings.Contains(b.String(), never) {
					t.Errorf("%q in %q", never, b.String())
				}
			}
		})
	}
}

func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{"./my/dir": "./my/dir", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'"} {
		if got := quoted(in); got != want {
			t.Errorf("quoted(%q) = %s, want %s", in, got, want)
		}
	}
}
