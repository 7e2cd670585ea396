package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/scenarios"
)

// guideTables are those of docs/guide.md: their markers, and which scenarios stand in
// them.
var guideTables = []struct{ name, tag string }{
	{
		"table 500",
		"500",
	}, {"table 502", "502"}, {"table 503", "503"}, {"table 504", "504"}, {"table others", ""}, {"table no failure", "none"},
}

// writeGuideTables writes every scenario of the catalogue into one table of the guide.
func writeGuideTables(path string, all []scenario.Scenario, lines map[string]string) error {
	for _, table := range guideTables {
		var b strings.Builder
		columns := guide.Columns
		if table.tag == "none" {
			columns = guide.Shown
		}
		fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
		for _, s := range all {
			if tableOf(s) != table.name {
				continue
			}
			cells := guide.Cells(s, lines[s.ID])
			for i, text := range cells {
				cells[i] = cell(text)
			}
			cells[0] = fmt.Sprintf("[%s](../scenarios/%s/scenario.yaml)", s.ID, s.ID)
			if s.Broken != nil && lines[s.ID] != "" {
				cells[3] = "`" + cells[3] + "`"
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		}
		b.WriteString("\n")
		if err := between(path, table.name, b.String()); err != nil {
			return err
		}
	}
	return nil
}

func tableOf(s scenario.Scenario) string {
	if s.Broken == nil {
		return "table no failure"
	}
	for _, table := range guideTables {
		if slices.Contains(s.Tags, table.tag) {
			return table.name
		}
	}
	return "table others"
}

const recordThem = "go test ./internal/experiment -run Recorded -update"

// recordedLines returns the first error line that was recorded of each scenario. It fails
// where one is missing: the tables would say that nginx logs nothing.
func recordedLines(all []scenario.Scenario) (map[string]string, error) {
	lines := map[string]string{}
	for _, l := range scenarios.Recorded() {
		if lines[l.Scenario] == "" {
			lines[l.Scenario] = l.String()
		}
	}
	for _, s := range all {
		if len(s.Symptom.Log) > 0 && lines[s.ID] == "" {
			return nil, fmt.Errorf("no log line of the scenario %s is recorded; run %s", s.ID, recordThem)
		}
	}
	return lines, nil
}
