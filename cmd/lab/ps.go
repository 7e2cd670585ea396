package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/testbed"
)

func psCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:  "ps",
		Usage: "list what lab has running on the engine",
		Description: "live: its run goes on. kept: its run is over and left it running.\n" +
			"dead: its run was killed. expired: past its time; `lab prune` removes these two.",
		Flags: []cli.Flag{cacheFlag(), outputFlag(leftoverList(nil))},
		Action: func(c *cli.Context) error {
			out := outputOf(c, std)
			e, found, err := dialLeftovers(c)
			if err != nil {
				return err
			}
			defer func() { _ = e.Close() }()
			return out.write(leftoverList(found))
		},
	}
}

// dialLeftovers lists what lab has on the engine, which stays open.
func dialLeftovers(c *cli.Context) (*docker.Engine, []testbed.Leftover, error) {
	cache, err := cacheDir(c)
	if err != nil {
		return nil, nil, err
	}
	e, err := docker.Dial(c.Context)
	if err != nil {
		return nil, nil, err
	}
	found, err := testbed.List(c.Context, e, cache)
	if err != nil {
		_ = e.Close()
		return nil, nil, err
	}
	return e, found, nil
}

// leftover is the JSON form of a leftover.
type leftover struct {
	Name    string    `json:"name"`
	Kind    string    `json:"kind"`
	ID      string    `json:"id"`
	Run     string    `json:"run"`
	Role    string    `json:"role,omitempty"`
	State   string    `json:"state,omitempty"`
	Status  string    `json:"status"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

func leftoverList(found []testbed.Leftover) output.Listing {
	list := []leftover{}
	grid := output.Grid{Columns: []string{"NAME", "KIND", "RUN", "ROLE", "STATE", "STATUS", "CREATED", "EXPIRES"}}
	for _, l := range found {
		list = append(list, leftover{l.Name, l.Kind, l.ID, l.Run, l.Role, l.State, l.Status, l.Created.UTC(), l.Expires.UTC()})
		grid.Rows = append(grid.Rows, []string{
			l.Name, l.Kind, l.Run, l.Role, l.State, l.Status, l.Created.UTC().Format(time.RFC3339), l.Expires.UTC().Format(time.RFC3339),
		})
	}
	return output.Listing{Title: "What lab has on the engine", Grid: grid, Fields: map[string]any{"leftovers": list}}
}
