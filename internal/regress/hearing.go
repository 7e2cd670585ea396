package regress

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// maxHearings is how often what differs is looked at again.
const maxHearings = 3

// hearing looks again, one trial after the other and nothing beside it, at what differs
// from the recorded behaviour: a difference that is seen beside ten other trials on a busy
// machine may be the machine's. A field differs if it has the same other value in each
// hearing. A cell of which no field does, although something differed, is inconclusive. If
// each time all is as recorded there is no difference.
type hearing struct {
	c        *Config
	runner   Runner
	rows     []Row
	recorded Behaviour
	checked  *Checked
}

func (h *hearing) hear(ctx context.Context) error {
	parallel, progress := h.c.options.Parallel, h.c.options.Progress
	h.c.options.Parallel = 1
	defer func() { h.c.options.Parallel = parallel }()
	all := h.checked.Differences
	stands := make([]bool, len(all))
	done := 0
	// A survey may replace the stand-ins that the targets of cells know, so it comes last.
	for _, ofCells := range []bool{true, false} {
		for i := range all {
			if (all[i].of != nil) != ofCells {
				continue
			}
			var err error
			if ofCells {
				all[i], stands[i], err = h.cell(ctx, all[i])
			} else {
				stands[i], err = h.site(ctx, all[i])
			}
			if err != nil {
				return err
			}
			if done++; progress != nil {
				progress(done, len(all))
			}
		}
	}
	h.checked.Differences = nil
	for i, d := range all {
		if stands[i] {
			h.checked.Differences = append(h.checked.Differences, d)
		}
	}
	return nil
}

// target finds what a difference is about.
func (h *hearing) target(d Difference) (Target, bool) {
	for _, r := range h.rows {
		t := r.Target
		if t.Location.Server.Label() == d.Server && t.Location.String() == d.Location && t.Request() == d.Probe {
			return t, true
		}
	}
	return Target{}, false
}

// cell hears a cell that differs. It returns what differs, and whether that stands.
func (h *hearing) cell(ctx context.Context, d Difference) (Difference, bool, error) {
	id := cellID{d.Fault, d.At, d.Method}
	t, ok := h.target(d)
	is := h.checked.Behaviour.find(d.Server, d.Location, d.Probe, Entry{Fault: d.Fault, At: d.At, Method: d.Method})
	if !ok || is == nil {
		return d, true, nil // it is not this run's
	}
	heard := []string{d.Now}
	unclear := func(why string) (Difference, bool, error) {
		h.checked.Inconclusive = append(h.checked.Inconclusive, h.c.inconclusive(t, id, why, heard))
		*is = d.of.recorded
		return d, false, nil
	}
	var was Cell       // in the first hearing
	var stand []string // the fields that differ from the record in each hearing, each time alike
	differed := false
	for number := 1; number <= maxHearings; number++ {
		cell, doubt, err := h.c.cell(ctx, h.runner, t, id, 0)
		if err != nil {
			return d, false, err
		}
		e := Entry{Fault: d.Fault, At: d.At, Method: d.Method, Cell: cell}
		now, _ := h.c.compareCell(d.Server, *d.of, e, nil)
		now.Fields = h.recorded.counted(now)
		if len(now.Fields) == 0 {
			now.Now = "as recorded"
		}
		heard = append(heard, now.Now)
		if doubt.why != "" && !(doubt.slow && len(now.Fields) == 0) {
			return unclear(doubt.why)
		}
		if number == 1 {
			was, stand = cell, now.Fields
		}
		stand = common(stand, now.Fields)
		if d.of.recorded.Expect == nil { // what is expected is not there, whatever is instead
			moving := differing(was, cell)
			stand = slices.DeleteFunc(stand, func(name string) bool { return slices.Contains(moving, name) })
		}
		if differed = differed || len(now.Fields) > 0; differed && len(stand) == 0 {
			return unclear(changing)
		}
		if number == maxHearings {
			is.Cell, is.Or = cell, nil
			d, _ = h.c.compareCell(d.Server, *d.of, e, stand)
		}
	}
	return d, differed, nil
}

// site hears a difference in what there is: a location that no request gets to any more,
// or that is new, and what is behind it.
func (h *hearing) site(ctx context.Context, d Difference) (stands bool, err error) {
	var keys []string
	for _, l := range h.c.Site.Locations {
		if l.Server.Label() == d.Server && (d.Location == "" || l.String() == d.Location) {
			keys = append(keys, Target{Location: l}.Key())
		}
	}
	if keys == nil {
		return true, nil // the configuration itself says so
	}
	notes := h.c.Notes
	h.c.options.only = keys
	defer func() { h.c.Notes, h.c.options.only = notes, nil }()
	var first []Target
	for _, r := range h.rows {
		if slices.Contains(keys, r.Target.Key()) {
			first = append(first, r.Target)
		}
	}
	heard := []string{outline(first)}
	for range maxHearings {
		targets, err := h.c.Survey(ctx, h.runner, h.recorded.Probes)
		if err != nil && !IsConfig(err) {
			return false, err
		}
		if heard = append(heard, outline(targets)); heard[len(heard)-1] != heard[0] {
			h.checked.Inconclusive = append(h.checked.Inconclusive, Inconclusive{
				Server: d.Server, Location: d.Location, Heard: heard, File: d.File, Line: d.Line,
				Why:  changing,
				Says: fmt.Sprintf("%s: inconclusive: %s: %s", cmp.Or(d.Location, d.Server), changing, strings.Join(heard, "; then ")),
			})
			return false, nil
		}
	}
	return true, nil
}

// changing is why a hearing settles nothing.
const changing = "it was not the same each time, although nothing ran beside it"

// outline is what a survey has found, in short.
func outline(targets []Target) string {
	if len(targets) == 0 {
		return "no request gets there"
	}
	var all []string
	for _, t := range targets {
		behind := cmp.Or(t.Group, "no upstream")
		all = append(all, fmt.Sprintf("%s gets to %s, which can fail in %d ways", t.Request(), behind, len(t.cells())-1))
	}
	return strings.Join(all, " and ")
}
