package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/agent"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/testbed"
)

func doctorCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:        "doctor",
		Usage:       "say what a run needs, and whether it is there",
		Description: "Looks and changes nothing. Exit code 3 means that `lab run` would fail.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "nginx", Usage: "the image `IMAGE` that the run would use"}, cacheFlag(), outputFlag(findingList(nil)),
		},
		Action: func(c *cli.Context) error {
			out := outputOf(c, std)
			cache, err := cacheDir(c)
			if err != nil {
				return err
			}
			findings := examine(c.Context, cache, c.String("nginx"))
			if err := out.write(findingList(findings)); err != nil {
				return err
			}
			if slices.ContainsFunc(findings, func(f finding) bool { return f.State == "fail" }) {
				return errExit{output.Environment, errors.New("`lab run` would fail here: see above for the remedy")}
			}
			return nil
		},
	}
}

// finding is one thing that was looked at.
type finding struct {
	What   string `json:"what"`
	State  string `json:"state"` // ok, warn or fail
	Detail string `json:"detail"`
}

func findingList(findings []finding) output.Listing {
	grid := output.Grid{Columns: []string{"WHAT", "STATE", "DETAIL"}}
	for _, f := range findings {
		grid.Rows = append(grid.Rows, []string{f.What, f.State, f.Detail})
	}
	// A remedy is to be read to its end.
	return output.Listing{Title: "What a run needs", Grid: grid, Fields: map[string]any{"findings": findings}, Whole: true}
}

const enoughMemory = 1 << 30

// examine looks at all that a run needs.
func examine(ctx context.Context, cache, ref string) []finding {
	e, err := docker.Dial(ctx)
	if err != nil {
		return append([]finding{{"engine", "fail", err.Error()}}, examineAgent(cache, ""))
	}
	defer func() { _ = e.Close() }()
	info, err := e.Info(ctx)
	if err != nil {
		return append([]finding{{"engine", "fail", err.Error()}}, examineAgent(cache, ""))
	}
	findings := examineEngine(info)
	findings = append(findings, examineImage(ctx, e, info, cache, ref)...)
	findings = append(findings, examineServers(ctx, e, info, cache)...)
	return append(findings, examineAgent(cache, info.Arch), examineLeftovers(ctx, e, cache))
}

func examineEngine(info engine.Info) []finding {
	about := finding{
		"engine",
		"ok",
		fmt.Sprintf(
			"%s %s, API %s, %s/%s, cgroup v%s, at %s",
			info.Name,
			info.Version,
			info.APIVersion,
			info.OS,
			info.Arch,
			info.CgroupVersion,
			info.Address,
		),
	}
	if info.OS != "linux" {
		about.State = "fail"
		about.Detail += ": its containers are not Linux ones; switch it to Linux containers"
	}
	size := finding{"size", "ok", fmt.Sprintf("%d cores, %s memory", info.Cores, output.Size(info.MemoryBytes))}
	if info.MemoryBytes < enoughMemory {
		size.State = "warn"
		size.Detail += ": a testbed may take 512 MB; --parallel 1 keeps it at one"
	}
	return []finding{about, size}
}

func examineImage(ctx context.Context, e *docker.Engine, info engine.Info, cache, ref string) []finding {
	source := image.Source{Engine: e, Info: info, Cache: cache}
	plan, err := source.Plan(ctx, image.Nginx(), ref)
	if err != nil {
		return []finding{{"image", "fail", err.Error()}}
	}
	found := finding{"image", "ok", plan.Name + ": " + plan.Reason}
	if plan.Origin != image.OriginPresent {
		found.State = "warn"
	}
	disk := finding{"disk", "ok", fmt.Sprintf("%s free in %s", output.Size(int64(plan.FreeBytes)), plan.CacheDir)}
	switch {
	case !plan.FreeMeasured:
		disk.Detail = "free space is not known for " + plan.CacheDir
	case plan.FreeBytes < image.NeedBytes:
		disk.State = "warn"
		disk.Detail += fmt.Sprintf(": obtaining an image may want %s there; --cache DIR names another folder", output.Size(image.NeedBytes))
	}
	return []finding{found, disk}
}

// examineServers looks for the images of real servers. A run that needs none does well
// without: nothing here is a failure.
func examineServers(ctx context.Context, e *docker.Engine, info engine.Info, cache string) []finding {
	source := image.Source{Engine: e, Info: info, Cache: cache}
	var findings []finding
	for _, s := range server.Table {
		plan, err := source.Plan(ctx, image.Server(s), "")
		f := finding{s.Name, "ok", plan.Name + ": " + plan.Reason}
		if err != nil {
			f.Detail = err.Error()
		}
		if err != nil || plan.Origin != image.OriginPresent {
			f.State = "warn"
		}
		findings = append(findings, f)
	}
	return findings
}

func examineAgent(cache, arch string) finding {
	if arch == "" {
		return finding{"agent", "warn", "without the engine its architecture is not known"}
	}
	how, ok := agent.Source{Cache: cache}.Plan(arch)
	if !ok {
		return finding{"agent", "fail", how}
	}
	return finding{"agent", "ok", how}
}

func examineLeftovers(ctx context.Context, e *docker.Engine, cache string) finding {
	found, err := testbed.List(ctx, e, cache)
	if err != nil {
		return finding{"leftovers", "warn", err.Error()}
	}
	old, err := toPrune(found, nil, false)
	switch {
	case err != nil:
		return finding{"leftovers", "warn", err.Error()}
	case len(old) > 0:
		return finding{"leftovers", "warn", testbed.Describe(old) + " of killed or expired runs: the next run or `lab prune` removes them"}
	case len(found) > 0:
		return finding{"leftovers", "ok", testbed.Describe(found) + " of live runs or kept on purpose: `lab ps` lists them"}
	}
	return finding{"leftovers", "ok", "none"}
}
