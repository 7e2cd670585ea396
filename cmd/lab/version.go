package main

import (
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"

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
		Flags: []cli.Flag{outputFlag()},
		Action: func(c *cli.Context) error {
			out := outputOf(c, std)
			agents := embeddedAgents()
			carried := "compiled when needed"
			if len(agents) > 0 {
				carried = "embedded"
			}
			switch out.form {
			case "json", "yaml":
				return out.write(product{value: map[string]any{
					"schemaVersion": output.SchemaVersion, "lab": labVersion(), "go": runtime.Version(),
					"os": runtime.GOOS, "arch": runtime.GOARCH, "agentEmbedded": len(agents) > 0,
				}})
			case "name":
				_, err := fmt.Fprintln(out.out, labVersion())
				return err
			}
			_, err := fmt.Fprintf(out.out, "lab %s (%s, %s/%s), agent %s\n", labVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, carried)
			return err
		},
	}
}
