package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// docs/commands.md has the help of every command.
func TestReferenceIsUpToDate(t *testing.T) {
	var got bytes.Buffer
	if err := writeReference(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Error("docs/commands.md does not follow the commands: run `go generate ./...`")
	}
	// The two could agree and still lack a command.
	all := 0
	each(newApp(streams{}).Commands, func(c *cli.Command) {
		if c.Hidden {
			return
		}
		all++
		if !strings.Contains(got.String(), c.Usage+"\n") {
			t.Errorf("docs/commands.md does not mention %s: %s", c.Name, c.Usage)
		}
	})
	if headings := strings.Count(got.String(), "\n## lab "); headings != all {
		t.Errorf("docs/commands.md has %d commands; lab has %d", headings, all)
	}
}
