package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/session"
	"github.com/gatewaylab/lab/internal/strict"
)

// privileges is all that scenarios can ask for.
func privileges() []string {
	var all []string
	for _, s := range server.Table {
		for _, p := range s.Privileges {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// slowTag marks the scenarios that would make a run of everything wait for them.
const slowTag = "slow"

// forbidden says why a scenario is not to be run: which privilege it asks for and was
// not given, or that it would run on another nginx than the one that was named.
func (r *running) forbidden(s scenario.Scenario) string {
	if one, _ := server.Lookup(s.Server); one.Manager && r.images.Nginx != "" {
		return fmt.Sprintf("runs on the nginx of its %s image, and --nginx names another", s.Server)
	}
	if r.unasked && slices.Contains(s.Tags, slowTag) {
		return fmt.Sprintf("takes a minute, nearly all of it waiting; `lab run %s` runs it", s.ID)
	}
	for _, p := range s.Privileges {
		if !slices.Contains(r.allowed, p) {
			return fmt.Sprintf("asks for the privilege %s; `lab run --privileges %s` gives it", p, p)
		}
	}
	return ""
}

// namedImages reads SERVER=IMAGE.
func namedImages(list []string) (map[string]string, error) {
	named := map[string]string{}
	for _, text := range list {
		name, ref, ok := strings.Cut(text, "=")
		if _, known := server.Lookup(name); !known {
			return nil, usage(
				"--image: there is no server %q%s; there are %s",
				name,
				strict.Suggest(name, server.Names()),
				strings.Join(server.Names(), ", "),
			)
		}
		if !ok || ref == "" {
			return nil, usage("--image: %q names no image: write it as %s=IMAGE", text, name)
		}
		named[name] = ref
	}
	return named, nil
}

func imageOf(got image.Obtained) report.Image {
	return report.Image{Name: got.Name, ID: got.Image.ID, Origin: got.Origin, Bytes: got.Image.Bytes}
}

// withoutImages says which scenarios have no server here, and why: where there cannot
// be an image they are skipped, and where there should be one they fail.
func (r *running) withoutImages(servers image.Servers) {
	for _, name := range r.images.Servers {
		if err := servers.Failed[name]; err != nil {
			r.progress.Warn("the scenarios with %s cannot be tried: %v", name, err)
		}
	}
	r.options.Skip = func(s scenario.Scenario) string {
		if why := r.forbidden(s); why != "" {
			return why
		}
		if err := servers.Failed[s.Server]; errors.Is(err, image.ErrNoSource) {
			return err.Error()
		}
		return ""
	}
}

// plainTestbeds is how many testbeds the trials without a server keep busy.
func (r *running) plainTestbeds() int {
	var plain []scenario.Scenario
	for _, s := range r.scenarios {
		if s.Server == "" && s.Needs == "" {
			plain = append(plain, s)
		}
	}
	if len(plain) == 0 {
		return 1
	}
	return min(r.options.Parallel, max(1, experiment.Trials(plain, r.options)/session.TrialsPerTestbed))
}
