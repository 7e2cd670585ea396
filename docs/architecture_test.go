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

// imports maps each package (its folder) to what it imports, tests left out. It
// parses in this process: a test that asks `go list` is cached and goes stale.
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
		all[folder] = append(all[folder], []string{}...) // there, be it without imports
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

// Who may import a library that should stay behind one wall.
func TestLibrariesStayBehindTheirWalls(t *testing.T) {
	walls := map[string][]string{
		"github.com/docker/":                {"internal/engine/docker"},
		"github.com/urfave/cli/":            {"cmd/lab"},
		"github.com/olekukonko/tablewriter": {"internal/report"},
		"github.com/schollz/progressbar/":   {"cmd/lab"},
		"github.com/invopop/jsonschema":     {"docs/generate"},
		module + "internal/engine/docker":   {"cmd/lab", "internal/labtest", "internal/image/imagetest", "benchmarks"},
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
			t.Errorf("nobody imports %s: the wall, or this test, is out of date", wall)
		}
	}
}

// What a package may import of lab's own.
func TestArrows(t *testing.T) {
	arrows := map[string][]string{
		// What runs in the containers carries nothing of the lab.
		"fixtures/backends":          {"fixtures/backends/agent", "fixtures/backends/fault", "fixtures/backends/protocol"},
		"fixtures/backends/server":   {},
		"fixtures/backends/agent":    {"fixtures/backends/protocol", "fixtures/backends/server"},
		"fixtures/backends/fault":    {"fixtures/backends/protocol"},
		"fixtures/backends/protocol": {},
		// Anybody may be lazy; it imports nothing.
		"internal/lazy": {},
		// Pure: these compute and read.
		"internal/nginx":      {},
		"internal/signature":  {"internal/nginx", "internal/strict"},
		"internal/strict":     {},
		"internal/trial":      {"fixtures/backends/protocol", "internal/certificate", "internal/nginx", "internal/strict"},
		"internal/scenario":   {"fixtures/backends/fault", "fixtures/backends/protocol", "fixtures/backends/server", "internal/certificate", "internal/strict", "internal/trial"},
		"internal/explain":    {"internal/nginx", "internal/scenario", "internal/signature"},
		"internal/guide":      {"fixtures/backends/protocol", "internal/experiment", "internal/nginx", "internal/scenario", "internal/strict", "internal/trial"},
		"internal/guide/scan": {"fixtures/backends/protocol", "internal/experiment", "internal/guide", "internal/nginx", "internal/scenario", "internal/strict", "internal/trial"},
		"internal/experiment": {"fixtures/backends/protocol", "internal/nginx", "internal/scenario", "internal/strict", "internal/trial"},
		"internal/deployment": {"fixtures/backends/protocol", "internal/certificate", "internal/lazy", "internal/strict"},
		"internal/regress":    {"fixtures/backends/fault", "fixtures/backends/protocol", "internal/certificate", "internal/deployment", "internal/lazy", "internal/strict", "internal/trial"},
		// Container work.
		"internal/engine":        {},
		"internal/engine/docker": {"internal/engine"},
		"internal/testbed":       {"fixtures", "fixtures/backends/protocol", "fixtures/backends/server", "internal/certificate", "internal/engine", "internal/nginx", "internal/strict", "internal/trial"},
	}
	all := imports(t)
	for folder, allowed := range arrows {
		list, exists := all[folder]
		if !exists {
			t.Errorf("no package %s: this test is out of date", folder)
		}
		for _, name := range list {
			own, isOwn := strings.CutPrefix(name, module)
			if isOwn && own != "internal/lazy" && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s; it may import %v", folder, own, allowed)
			}
			standard := !strings.Contains(strings.Split(name, "/")[0], ".")
			if strings.HasPrefix(folder, "fixtures/backends") && !isOwn && !standard {
				t.Errorf("%s imports %s; the standard library is all it may use", folder, name)
			}
		}
	}
}
