package scenarios

import "testing"

// Every row of recorded.tsv is read: a parser that drops some writes another file.
func TestRecorded(t *testing.T) {
	t.Parallel()
	if lines := Recorded(); len(lines) == 0 || FormatRecorded(lines) != recorded {
		t.Errorf("recorded.tsv has rows that are not read: it has\n%s\nand what was read is\n%s", recorded, FormatRecorded(lines))
	}
}
