// Generate writes the documentation that follows from the code: the scenarios'
// schema, the tables and the index of the catalogue, the reference of faults, steps and
// certificates, and the commands' help. CI runs it and fails on a difference.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/scenarios"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "generating the documentation:", err)
		os.Exit(1)
	}
}

func generate() error {
	if err := toRoot(); err != nil {
		return err
	}
	all, err := scenario.Load(scenarios.FS)
	if err != nil {
		return err
	}
	index, err := scenario.MakeIndex(scenarios.FS)
	if err != nil {
		return err
	}
	schema, err := schemaJSON()
	if err != nil {
		return err
	}
	claims, err := claimsSchemaJSON()
	if err != nil {
		return err
	}
	commands, err := commandsMarkdown()
	if err != nil {
		return err
	}
	recorded, err := recordedLines(all)
	if err != nil {
		return err
	}
	for path, text := range map[string]string{
		"docs/scenario.schema.json": schema,
		"docs/claims.schema.json":   claims,
		"docs/reference.md":         referenceMarkdown(),
		"docs/commands.md":          commands,
		"docs/catalogue.md":         catalogueIndex(all, recorded),
		"scenarios/README.md":       catalogueMarkdown(all),
		"scenarios/index.tsv":       string(index),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return writeGuideTables("docs/guide.md", all, recorded)
}

// toRoot changes to the root of the repository.
func toRoot() error {
	for {
		if _, err := os.Stat("go.mod"); err == nil {
			return nil
		}
		if before, err := os.Getwd(); err != nil || filepath.Dir(before) == before {
			return errors.New("not inside lab's repository")
		}
		if err := os.Chdir(".."); err != nil {
			return err
		}
	}
}

// between replaces what stands between the two markers of a name.
func between(path, name, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := fmt.Sprintf("<!-- %s: generated -->\n", name), fmt.Sprintf("<!-- /%s -->\n", name)
	before, rest, ok := strings.Cut(string(old), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s lacks the markers %q and %q", path, begin, end)
	}
	updated := []byte(before + begin + text + end + after)
	if bytes.Equal(updated, old) {
		return nil
	}
	return os.WriteFile(path, updated, 0o644)
}
