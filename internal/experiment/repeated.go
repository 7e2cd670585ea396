package experiment

import (
	"slices"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// Tally counts the outcomes of repetitions.
type Tally struct {
	Runs         int               `json:"runs"`
	Verified     int               `json:"verified"`
	Refuted      int               `json:"refuted"`
	Inconclusive int               `json:"inconclusive"`
	Skipped      int               `json:"skipped"`
	Trials       int               `json:"trials,omitempty"`   // the number of trials that were run
	Hearings     int               `json:"hearings,omitempty"` // how often a trial was run again, alone
	Stalled      int               `json:"stalled,omitempty"`  // trials in which a process waited as long as trial.TooSlow or longer
	Stall        protocol.Duration `json:"stall,omitzero"`     // the longest of these waits
	Took         protocol.Duration `json:"took"`               // the time of all repetitions together
}

// Add counts one repetition.
func (t *Tally) Add(v Verdict, took protocol.Duration) {
	t.Runs++
	t.Took += took
	switch v {
	case Verified:
		t.Verified++
	case Refuted:
		t.Refuted++
	case Inconclusive:
		t.Inconclusive++
	case Skipped:
		t.Skipped++
	}
}

// AddTrials counts the trials of a result.
func (t *Tally) AddTrials(r Result) {
	for _, seen := range r.Trials {
		if !seen.Started.IsZero() {
			t.Trials++
		}
		if seen.Stall >= trial.TooSlow {
			t.Stalled++
			t.Stall = max(t.Stall, seen.Stall)
		}
	}
	for _, h := range r.Hearings {
		if h.Number > 0 {
			t.Hearings++
		}
	}
}

// alike is how many results of a scenario with the same verdict and cause are kept with their
// evidence. Without this limit memory would grow with the number of repetitions.
const alike = 3

// repeated holds the repetitions of one scenario.
type repeated struct {
	tally  Tally
	parts  []Tally
	kept   []Result
	counts map[outcomeKind]int
}

type outcomeKind struct {
	verdict Verdict
	cause   Cause
}

// add counts a result, and keeps it if it is one of the first of its kind.
func (r *repeated) add(one Result) {
	r.tally.Add(one.Verdict, one.Took)
	r.tally.AddTrials(one)
	if r.counts == nil {
		r.counts, r.parts = map[outcomeKind]int{}, make([]Tally, len(one.Parts))
	}
	kinds := map[outcomeKind]bool{{one.Verdict, one.Cause}: true}
	for i, p := range one.Parts {
		r.parts[i].Add(p.Verdict, p.Took)
		kinds[outcomeKind{p.Verdict, p.Cause}] = true
	}
	most, wanted := alike, false
	for kind := range kinds {
		// For verified results, and for those that never ran, one result is enough.
		if most = alike; kind.verdict == Verified || kind.verdict == Skipped || kind.cause == Interrupted {
			most = 1
		}
		wanted = wanted || r.counts[kind] < most
	}
	if !wanted {
		return
	}
	for kind := range kinds {
		r.counts[kind]++
	}
	r.kept = append(r.kept, one)
}

// results returns the first verified repetition, or else the first repetition, with the counts
// of all of them. After it come the other results that were kept, in order.
func (r *repeated) results() []Result {
	if r.tally.Runs < 2 {
		return r.kept
	}
	kept := slices.SortedFunc(slices.Values(r.kept), func(a, b Result) int { return a.Repeat - b.Repeat })
	first := max(0, slices.IndexFunc(kept, func(one Result) bool { return one.Verdict == Verified }))
	base := kept[first]
	base.Repetitions = &r.tally
	base.Parts = slices.Clone(base.Parts)
	for i := range base.Parts {
		base.Parts[i].Repetitions = &r.parts[i]
	}
	return append([]Result{base}, slices.Delete(kept, first, first+1)...)
}
