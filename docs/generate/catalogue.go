package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/scenario"
)

// noLine stands for a symptom without a line of level error or above.
const noLine = "no line of level error or above"

// catalogueIndex finds a scenario by its symptom: what the client sees, and then what
// nginx logs.
func catalogueIndex(all []scenario.Scenario, recorded map[string]string) string {
	groups := map[string]map[string][]scenario.Scenario{} // by status, and then by log line
	for _, s := range all {
		status, line := seen(s), logged(s, recorded)
		if groups[status] == nil {
			groups[status] = map[string][]scenario.Scenario{}
		}
		groups[status][line] = append(groups[status][line], s)
	}
	var b strings.Builder
	b.WriteString("# Scenarios by symptom\n\n" + generated)
	fmt.Fprintf(&b, "The %d scenarios of lab's catalogue, by what the client sees and by what nginx logs first. ", len(all))
	b.WriteString("Each name leads to the scenario's fixes and wrong fixes. `lab show ID` tells the story of a scenario, ")
	b.WriteString("`lab run ID` proves it, and `lab explain` finds the cause of a line in your own log.\n\n")
	statuses := slices.Sorted(maps.Keys(groups))
	for _, status := range statuses {
		fmt.Fprintf(&b, "- [%s](#%s): %d\n", status, anchor(status), size(groups[status]))
	}
	for _, status := range statuses {
		fmt.Fprintf(&b, "\n## %s\n", status)
		for _, line := range mostFirst(groups[status]) {
			if status != noFailure {
				fmt.Fprintf(&b, "\n%s\n", quoted(line))
			}
			b.WriteString("\n")
			for _, s := range groups[status][line] {
				fmt.Fprintf(&b, "- [%s](../scenarios/README.md#%s): %s\n", s.ID, s.ID, oneLine(s.Title))
			}
		}
	}
	return b.String()
}

const noFailure = "No failure"

// seen is what the client sees of a failure.
func seen(s scenario.Scenario) string {
	if s.Broken == nil {
		return noFailure
	}
	var failures []string
	for _, e := range s.Symptom.Probes {
		list := append(slices.Clone(e.Statuses), e.Status)
		for _, status := range list {
			switch {
			case status == 9:
				failures = append(failures, "An answer without a status line")
			case status >= 400:
				failures = append(failures, fmt.Sprint(status))
			case e.Complete != nil && !*e.Complete:
				failures = append(failures, fmt.Sprintf("%d with a cut body", status))
			}
		}
	}
	if len(failures) == 0 {
		return "A success that hides a failure"
	}
	slices.Sort(failures)
	return strings.Join(slices.Compact(failures), " and ")
}

var socket = regexp.MustCompile(`unix:\S+`)

// logged is the first error line that was recorded of a scenario, without the path of a
// socket.
func logged(s scenario.Scenario, recorded map[string]string) string {
	if line := recorded[s.ID]; line != "" {
		return socket.ReplaceAllString(line, "unix:PATH")
	}
	return noLine
}

func quoted(line string) string {
	if line == noLine {
		return "nginx logs " + noLine + ":"
	}
	return "`" + line + "`"
}

// mostFirst sorts lines by how many scenarios have them.
func mostFirst(group map[string][]scenario.Scenario) []string {
	return slices.SortedFunc(maps.Keys(group), func(a, b string) int {
		if n := len(group[b]) - len(group[a]); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
}

func size(group map[string][]scenario.Scenario) int {
	n := 0
	for _, list := range group {
		n += len(list)
	}
	return n
}

// anchor is GitHub's anchor of a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(strings.ToLower(heading), " ", "-")
}
