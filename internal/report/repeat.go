package report

import (
	"slices"
	"strings"
)

// folded is the rows with all repetitions of one in one: the worst verdict, every
// status that was seen, the mean time. Fifty repetitions of a catalogue are a page
// then, and a verdict that changes between them cannot be overlooked.
func (r Report) folded() []row {
	at := map[[3]string]int{}
	var rows []row
	for _, one := range r.rows() {
		one.scenario, _, _ = strings.Cut(one.scenario, "#")
		key := [3]string{one.scenario, one.kind, one.part}
		i, known := at[key]
		if !known {
			at[key] = len(rows)
			rows = append(rows, one)
			continue
		}
		rows[i].fold(one)
	}
	return rows
}

func (r *row) fold(other row) {
	if slices.Index(verdicts, other.verdict) > slices.Index(verdicts, r.verdict) {
		r.verdict, r.reason = other.verdict, other.reason
	}
	r.broken.Status, r.after.Status = either(r.broken.Status, other.broken.Status), either(r.after.Status, other.after.Status)
	if r.broken.Log == "" {
		r.broken.Log = other.broken.Log
	}
}

// either is one text, or both where they differ.
func either(a, b string) string {
	switch {
	case b == "" || slices.Contains(strings.Split(a, " / "), b):
		return a
	case a == "":
		return b
	}
	return a + " / " + b
}
