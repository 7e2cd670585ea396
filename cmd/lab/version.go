package main

import (
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/fixtures"
	"github.com/gatewaylab/lab/internal/output"
)

// version is set by release builds: -ldflags "-X main.version=v1.2.3".
var version string

// labVersion is the version of this build.
func labVersion() string {
	info, ok := debug.ReadBuildInfo()
	switch {
	case version != "":
		return version
	case ok && info.Main.Version != "" && info.Main.Version != "(devel)":
		return info.Main.Version
	}
	if ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return "devel-" + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return "devel"
}

// embeddedAgents lists the agents that this build carries.
func embeddedAgents() []string {
	files, _ := fs.Glob(fixtures.Agents, "agents/*.gz") // the pattern is well-formed
	return files
}

func versionCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "say which lab this is",
		Flags: []cli.Flag{outputFlag(build{})},
		Action: func(c *cli.Context) error {
			out := outputOf(c, std)
			return out.write(build{})
		},
	}
}

// build is which lab this is, as a product.
type build struct{}

func (build) Forms() []output.Form {
	agents := embeddedAgents()
	facts := [][]string{
		{"lab", labVersion()}, {"go", runtime.Version()}, {"os", runtime.GOOS}, {"arch", runtime.GOARCH},
		{"agentEmbedded", strconv.FormatBool(len(agents) > 0)},
	}
	list := output.Listing{
		Title: "lab " + labVersion(), Grid: output.Grid{Columns: []string{"WHAT", "VALUE"}, Rows: facts},
		Fields: map[string]any{
			"lab": labVersion(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH, "agentEmbedded": len(agents) > 0,
		},
	}
	carried := "compiled when needed"
	if len(agents) > 0 {
		carried = "embedded"
	}
	line := func(text string) func(io.Writer, output.Screen) error {
		return func(w io.Writer, _ output.Screen) error {
			_, err := fmt.Fprintln(w, text)
			return err
		}
	}
	whole := line(fmt.Sprintf("lab %s (%s, %s/%s), agent %s", labVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, carried))
	forms := output.Replaced(list.Forms(), output.NameForm, line(labVersion()))
	return output.Replaced(output.Replaced(forms, output.TableForm, whole), output.PlainForm, whole)
}
