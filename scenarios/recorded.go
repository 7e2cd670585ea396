package scenarios

import (
	_ "embed"
	"strings"
)

//go:embed recorded.tsv
var recorded string

// RecordedLine is an error line that the broken state of a scenario of the catalogue left
// on real nginx.
type RecordedLine struct{ Scenario, Level, Message string }

// String is the line without its time and its numbers.
func (l RecordedLine) String() string { return "[" + l.Level + "] " + l.Message }

// Recorded returns all recorded lines, ordered by scenario.
// `go test ./internal/experiment -run Recorded -update` records them.
func Recorded() []RecordedLine {
	var all []RecordedLine
	for row := range strings.Lines(recorded) {
		if field := strings.SplitN(strings.TrimSuffix(row, "\n"), "\t", 3); len(field) == 3 {
			all = append(all, RecordedLine{field[0], field[1], field[2]})
		}
	}
	return all
}

// FormatRecorded writes lines as recorded.tsv holds them.
func FormatRecorded(lines []RecordedLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Scenario + "\t" + l.Level + "\t" + strings.ReplaceAll(l.Message, "\n", " ") + "\n")
	}
	return b.String()
}
