package experiment

import (
	_ "embed"
	"strings"
)

//go:embed testdata/recorded.tsv
var recordedLines string

// RecordedLine is an error line that the broken state of a scenario of the catalogue
// left on real nginx: `go test ./internal/experiment -run Recorded -update` writes them.
type RecordedLine struct{ Scenario, Level, Message string }

// RecordedLines are all of them.
func RecordedLines() []RecordedLine {
	var all []RecordedLine
	for row := range strings.Lines(recordedLines) {
		if field := strings.SplitN(strings.TrimSuffix(row, "\n"), "\t", 3); len(field) == 3 {
			all = append(all, RecordedLine{field[0], field[1], field[2]})
		}
	}
	return all
}
