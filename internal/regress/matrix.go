package regress

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// Row is a target and its cells.
type Row struct {
	Target Target
	Cells  []Seen
}

// Seen is one cell of the matrix: how a location behaves under one fault.
type Seen struct {
	ID cellID
	Cell
	Or    []Cell // what it was at other times, where nginx itself races
	Doubt doubt  // why nobody can tell; Cell is then only the last that was seen
}

// Matrix runs every cell of the targets so many times.
func (c *Config) Matrix(ctx context.Context, runner Runner, targets []Target, times int) ([]Row, error) {
	rows := make([]Row, len(targets))
	type job struct{ row, cell int }
	var jobs []job
	for i, t := range targets {
		rows[i].Target = t
		for _, id := range t.cells() {
			jobs = append(jobs, job{i, len(rows[i].Cells)})
			rows[i].Cells = append(rows[i].Cells, Seen{ID: id})
		}
	}
	// What waits longest begins first, so that the end is not one long wait.
	slices.SortStableFunc(jobs, func(a, b job) int {
		return rank(rows[a.row].Cells[a.cell].ID) - rank(rows[b.row].Cells[b.cell].ID)
	})
	waiting := 0
	for _, j := range jobs {
		waiting += times * (1 - rank(rows[j.row].Cells[j.cell].ID))
	}
	var done atomic.Int64
	look := func(j job) error {
		seen := &rows[j.row].Cells[j.cell]
		now, err := c.look(ctx, runner, targets[j.row], seen.ID, times)
		if err == nil {
			*seen = now
		}
		return err
	}
	err := c.each(len(jobs), waiting, func(i int) error {
		err := look(jobs[i])
		if n := done.Add(1); err == nil && c.options.Progress != nil {
			c.options.Progress(int(n), len(jobs))
		}
		return err
	})
	// What could not be told beside others may be told alone.
	for _, j := range jobs {
		if err == nil && rows[j.row].Cells[j.cell].Doubt.why != "" {
			err = look(j)
		}
	}
	return rows, err
}

// look runs a cell so many times.
func (c *Config) look(ctx context.Context, runner Runner, t Target, id cellID, times int) (Seen, error) {
	var cells []Cell
	for try := 0; try < times || try < times+more && unexpectedTimer(id, cells); try++ {
		cell, doubt, err := c.cell(ctx, runner, t, id, 0)
		if err != nil {
			return Seen{}, err
		}
		if doubt.why != "" {
			if cells == nil {
				return Seen{ID: id, Cell: cell, Doubt: doubt}, nil
			}
			break
		}
		if !slices.ContainsFunc(cells, func(other Cell) bool { return reflect.DeepEqual(other, cell) }) {
			cells = append(cells, cell)
		}
	}
	if rank(id) > 0 && slices.ContainsFunc(cells, untimed) {
		cells = slices.DeleteFunc(cells, func(one Cell) bool { return !untimed(one) })
	}
	slices.SortFunc(cells, func(a, b Cell) int { return strings.Compare(fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b)) })
	return Seen{ID: id, Cell: cells[0], Or: cells[1:]}, nil
}

// more is how often a cell is run again in which a timer ended what does not stall.
const more = 3

func untimed(c Cell) bool { return len(c.After) == 0 }

// unexpectedTimer reports whether a timer ended every try under a fault that does not
// stall: scaled timers are short, and a busy machine lets one run out now and then.
// Written down, that would make every check content with it.
func unexpectedTimer(id cellID, cells []Cell) bool {
	return rank(id) > 0 && !slices.ContainsFunc(cells, untimed)
}

// rank sorts cells: those that wait for a timeout have 0.
func rank(id cellID) int {
	if faultNamed(id.Fault).Waits {
		return 0
	}
	return 1
}

// tries is how often a cell is run whose observations say nothing.
const tries = 3

// cell runs one cell, with so many requests; 0 is as usual. Where its observation says
// nothing about the configuration it is run again, and the last doubt is returned.
func (c *Config) cell(ctx context.Context, runner Runner, t Target, id cellID, count int) (Cell, doubt, error) {
	for try := 1; ; try++ {
		seen, err := runTaken(ctx, runner, c.cellTrial(t, id, count))
		if err != nil {
			return Cell{}, doubt{}, fmt.Errorf("%s with %s: %w", t.Key(), Say(id.Fault), err)
		}
		if not := c.doubtful(t, id, seen); not.why == "" || try == tries {
			return c.observe(t, id, seen), not, nil
		}
	}
}

// requests is how many requests show whether a server that fails is avoided.
const requests = 4

func (c *Config) cellTrial(t Target, id cellID, count int) trial.Trial {
	f := faultNamed(id.Fault)
	probe := t.Probe
	if id.Method != "" {
		probe.Method, probe.Size = id.Method, max(probe.Size, 16)
	}
	attempts := 1
	faulty := t.faulty(id)
	if id.Fault != None {
		attempts = len(t.Peers) + len(t.Backups)
	}
	probe.Timeout = protocol.Duration(c.patience(attempts))
	probes := []protocol.Probe{probe}
	if id.At == one && id.Method == "" {
		probes = slices.Repeat(probes, cmp.Or(count, requests))
	}
	if f.Kept {
		probes = slices.Repeat(probes, len(t.Peers)) // each server has its turn
	}
	what := c.trial(id.Fault, probes, func(b *protocol.Backend, p *peer) {
		if f.set != nil && slices.Contains(faulty, p) {
			f.set(b)
		}
	})
	what.Deployment.Headers = map[string]string{insideHeader: "lab"}
	if id.At == first {
		for _, p := range faulty {
			what.Deployment.Once = append(what.Deployment.Once, p.id)
		}
	}
	if f.arrange != nil {
		f.arrange(t, &what)
	}
	return what
}
