package docs

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/gatewaylab/lab/"

// imports maps each package, by its folder, to what its files import; tests are left out.
// It parses the files here, because the result of a test that asks `go list` is cached
// although the files have changed.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", path), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder := filepath.ToSlash(filepath.Dir(path))
		all[folder] = append(all[folder], []string{}...) // also a package without imports
		for _, i := range file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			all[folder] = append(all[folder], name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestLibrariesStayBehindTheirWalls checks who imports a library that few packages may use.
func TestLibrariesStayBehindTheirWalls(t *testing.T) {
	walls := map[string][]string{
		"github.com/docker/":                {"internal/engine/docker"},
		"github.com/urfave/cli/":            {"cmd/lab"},
		"github.com/olekukonko/tablewriter": {"internal/output"},
		"github.com/schollz/progressbar/":   {"cmd/lab"},
		"github.com/invopop/jsonschema":     {"docs/generate"},
		"github.com/nginxinc/":              {"internal/guide/scan"},
		module + "internal/engine/docker":   {"cmd/lab", "internal/session", "internal/labtest", "internal/image/imagetest"},
		module + "internal/labtest":         {},
		module + "internal/image/imagetest": {"internal/labtest"},
	}
	used := map[string]bool{}
	for folder, list := range imports(t) {
		for _, name := range list {
			for wall, allowed := range walls {
				if !strings.HasPrefix(name, wall) {
					continue
				}
				used[wall] = true
				if !slices.Contains(allowed, folder) {
					t.Errorf("%s imports %s; only %v may", folder, name, allowed)
				}
			}
		}
	}
	for wall, allowed := range walls {
		if len(allowed) > 0 && !used[wall] {
			t.Errorf("no package imports %s: remove its row from this test", wall)
		}
	}
}

// agentAndServers is what the program inside the containers is made of. It uses the
// standard library only, since lab compiles it from its embedded source.
const agentAndServers = "fixtures/backends"

// tools is packages that any package of lab may import: they know nothing of it.
var tools = []string{"internal/lazy", "internal/wholefile"}

// TestArrows holds every package of the module to the packages of the module that it may
// import. A package without a row fails: its arrows are a decision.
func TestArrows(t *testing.T) {
	arrows := map[string][]string{
		// The program inside the containers carries nothing of lab.
		"fixtures":                   {},
		"fixtures/backends":          {"fixtures/backends/agent", "fixtures/backends/fault", "fixtures/backends/protocol"},
		"fixtures/backends/agent":    {"fixtures/backends/protocol", "fixtures/backends/server"},
		"fixtures/backends/fault":    {"fixtures/backends/protocol"},
		"fixtures/backends/protocol": {},
		"fixtures/backends/server":   {},

		// Data.
		"guides":    {},
		"scenarios": {},

		// Languages and vocabularies. They compute and read.
		"internal/lazy":      {},
		"internal/wholefile": {},
		"internal/strict":    {},
		"internal/nginx":     {},
		"internal/trial":     {"fixtures/backends/protocol", "internal/certificate", "internal/nginx", "internal/strict"},
		"internal/signature": {"internal/nginx", "internal/strict"},
		"internal/scenario": {
			"fixtures/backends/fault", "fixtures/backends/protocol", "fixtures/backends/server",
			"internal/certificate", "internal/nginx", "internal/strict", "internal/trial",
		},

		// Uses: each makes trials of something and judges what was observed. None opens an engine.
		"internal/experiment": {"fixtures/backends/protocol", "internal/nginx", "internal/scenario", "internal/strict", "internal/trial"},
		"internal/explain":    {"internal/nginx", "internal/scenario", "internal/signature", "scenarios"},
		"internal/guide": {
			"fixtures/backends/protocol",
			"internal/experiment",
			"internal/nginx",
			"internal/scenario",
			"internal/strict",
		},
		"internal/guide/scan": {
			"fixtures/backends/protocol", "internal/experiment", "internal/guide", "internal/nginx", "internal/scenario",
			"internal/strict", "internal/trial",
		},
		"internal/deployment": {"fixtures/backends/protocol", "internal/certificate", "internal/nginx", "internal/strict"},
		"internal/regress": {
			"fixtures/backends/fault", "fixtures/backends/protocol", "internal/certificate", "internal/deployment",
			"internal/nginx", "internal/strict", "internal/trial",
		},

		// Container work.
		"internal/agent":         {"fixtures"},
		"internal/certificate":   {"fixtures"},
		"internal/engine":        {},
		"internal/engine/docker": {"internal/engine"},
		"internal/image":         {"fixtures/backends/server", "internal/engine", "internal/image/apt"},
		"internal/image/apt":     {"internal/engine"},
		"internal/testbed": {
			"fixtures", "fixtures/backends/protocol", "fixtures/backends/server",
			"internal/certificate", "internal/engine", "internal/nginx", "internal/trial",
		},

		"internal/session": {
			"internal/agent", "internal/certificate", "internal/engine", "internal/engine/docker", "internal/image", "internal/testbed",
		},

		// Products in forms. It knows nothing of what lab is about.
		"internal/output": {"internal/strict"},

		// What the uses have to say, and the command line.
		"internal/report": {
			"fixtures", "fixtures/backends/protocol", "internal/engine", "internal/experiment", "internal/explain",
			"internal/guide", "internal/guide/scan", "internal/output", "internal/regress", "internal/scenario", "internal/trial",
		},
		"cmd/lab": {
			"fixtures", "fixtures/backends/protocol", "fixtures/backends/server", "guides", "scenarios",
			"internal/agent", "internal/deployment", "internal/engine", "internal/engine/docker",
			"internal/experiment", "internal/explain", "internal/guide", "internal/guide/scan", "internal/image",
			"internal/output", "internal/regress", "internal/report", "internal/scenario", "internal/session", "internal/signature",
			"internal/strict", "internal/testbed", "internal/trial",
		},

		// What only tests, the documentation and releases need.
		"benchmarks": {
			"fixtures/backends/protocol", "fixtures/backends/server", "internal/engine",
			"internal/experiment", "internal/scenario", "internal/session", "scenarios",
		},
		"docs": {},
		"docs/generate": {
			"fixtures", "fixtures/backends/fault", "fixtures/backends/protocol", "fixtures/backends/server",
			"internal/guide", "internal/nginx", "internal/scenario", "internal/strict", "internal/trial", "scenarios",
		},
		"internal/image/imagetest": {"internal/engine", "internal/engine/docker", "internal/image", "internal/image/apt"},
		"internal/labtest": {
			"fixtures/backends/server", "internal/agent", "internal/certificate", "internal/engine", "internal/engine/docker",
			"internal/experiment", "internal/image", "internal/image/imagetest", "internal/session", "internal/testbed",
		},
		"release": {},
	}
	all := imports(t)
	for folder := range arrows {
		if _, exists := all[folder]; !exists {
			t.Errorf("there is no package %s: remove its row from this test", folder)
		}
	}
	for folder, list := range all {
		allowed, known := arrows[folder]
		if !known {
			t.Errorf("the package %s has no row in this test: add what it may import", folder)
		}
		for _, name := range list {
			own, isOwn := strings.CutPrefix(name, module)
			if known && isOwn && !slices.Contains(tools, own) && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s; it may import %v", folder, own, allowed)
			}
			standard := !strings.Contains(strings.Split(name, "/")[0], ".")
			if strings.HasPrefix(folder, agentAndServers) && !isOwn && !standard {
				t.Errorf("%s imports %s; it may only use the standard library", folder, name)
			}
		}
	}
}
