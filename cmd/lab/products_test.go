package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/regress"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/testbed"
)

var update = flag.Bool("update", false, "write the golden files")

// products is what the commands of this package write themselves; what uses have to say is
// tested in internal/report.
func products() map[string]output.Product {
	day := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	mistakes := strict.Mistakes{
		{File: "bad/scenario.yaml", Line: 4, Text: `unknown field "titel"`},
		{File: "bad/scenario.yaml", Line: 8, Text: "999 is not an HTTP status"},
		{File: "worse/scenario.yaml", Line: 1, Text: "hints are missing"},
	}
	behaviour := regress.Behaviour{Version: 1, Nginx: "1.22.1", Servers: []regress.ServerBehaviour{{
		Server: "shop.example", Listen: []string{"80"}, Locations: []regress.LocationBehaviour{{
			Location: "/checkout", Probe: "GET /checkout", Upstream: []string{"shop"}, Faults: []regress.Entry{
				{Fault: "refuse", At: "first", Cell: regress.Cell{Status: strict.Numbers{502}, From: "nginx"}},
				{
					Fault: "reset", Method: "POST", Cell: regress.Cell{Status: strict.Numbers{502}, From: "nginx"},
					Or: []regress.Cell{{Status: strict.Numbers{504}, From: "nginx"}},
				},
			},
		}},
	}}}
	changes := regress.Config{
		Source: &deployment.Source{}, Nginx: "1.22.1", Notes: []string{"a file was left out"},
		Changes: []deployment.Change{
			{File: "nginx.conf", Line: 3, Was: "proxy_read_timeout 60s", Now: "proxy_read_timeout 600ms", Why: "times are divided by 100"},
			{Now: "error_log stderr", Why: "to read it"},
		},
	}
	return map[string]output.Product{
		"list": scenarioList([]scenario.Entry{
			{ID: "wrong-port", Title: "The wrong port", Tags: []string{"502", "tcp"}, Fixes: 2, WrongFixes: 3},
		}),
		"ps": leftoverList([]testbed.Leftover{
			{
				Run: "0a1b2c3d", Kind: "container", ID: "f00", Name: "lab-0a1b2c3d-1-nginx",
				Role: "nginx", State: "running", Created: day, Expires: day, Status: "kept",
			},
		}),
		"images": imageList([]engine.Image{
			{
				ID: "sha256:0123456789abcdef", Tags: []string{"lab/nginx:1.22.1"}, Bytes: 31_100_000, Created: day, Arch: "amd64",
				Labels: map[string]string{engine.LabelImage: "assembled"},
			},
			{ID: "sha256:fedcba9876543210", Created: day, Arch: "arm64"},
		}),
		"doctor": findingList([]finding{
			{"engine", "ok", "Docker Engine 20.10"}, {"disk", "warn", "little is free"},
			{"image", "fail", "there is none | " + strings.Repeat("and long ", 20)},
		}),
		"dryrun": trialList([]experiment.Listed{
			{Scenario: "wrong-port", Trial: "healthy", Phases: []string{"healthy"}, Steps: []string{}},
			{Scenario: "wrong-port", Trial: "fix move", Phases: []string{"broken", "fixed"}, Steps: []string{"check", "reload"}},
		}, 2),
		"record":   behaviourMatrix("nginx.lab.yaml", behaviour, nil),
		"changes":  changeList(&changes),
		"new":      nameList("Files of the scenario my-own", "files", []string{"my-own/nginx.conf", "my-own/scenario.yaml"}),
		"validate": validated{catalogue{dir: "mine", mistakes: mistakes}},
		"valid":    validated{catalogue{scenarios: make([]scenario.Scenario, 3)}},
	}
}

// Every product of the commands in each of its forms.
func TestProducts(t *testing.T) {
	files := map[string]bool{}
	for name, p := range products() {
		for _, form := range p.Forms() {
			files[name+"."+form.Name] = true
			t.Run(name+"."+form.Name, func(t *testing.T) {
				var b bytes.Buffer
				if err := form.Write(&b, output.Screen{Width: 100}); err != nil {
					t.Fatal(err)
				}
				got := strings.ReplaceAll(b.String(), labVersion(), "VERSION")
				path := filepath.Join("testdata", "products", name+"."+form.Name)
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("%s differs; look at it and run the test with -update if that is meant:\n%s", path, got)
				}
			})
		}
	}
	// A form that is gone must not go unnoticed.
	entries, err := os.ReadDir("testdata/products")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !files[entry.Name()] {
			t.Errorf("testdata/products/%s is of no product and form", entry.Name())
		}
	}
}

// What is declared before there is anything to say has the forms of what is said later.
func TestDeclaredFormsAreThose(t *testing.T) {
	for name, declared := range map[string]output.Product{
		"list": scenarioList(nil), "ps": leftoverList(nil), "images": imageList(nil), "doctor": findingList(nil),
		"record": behaviourMatrix("", regress.Behaviour{}, nil), "new": nameList("", "", nil), "validate": validated{},
		"changes": changeList(&regress.Config{}),
	} {
		if got, want := output.Names(declared), output.Names(products()[name]); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s declares the forms %v and has %v", name, got, want)
		}
	}
}
