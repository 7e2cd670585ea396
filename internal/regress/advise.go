package regress

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aymanbagabas/go-udiff"

	"github.com/gatewaylab/lab/internal/deployment"
)

// Advice is something that is wrong with a configuration whatever it was before: the
// trial that shows it, the fix, and the trial that shows that the fix does it.
type Advice struct {
	Rule     string   `json:"rule"`
	Severity string   `json:"severity"` // error, warning or note
	Server   string   `json:"server"`
	Location string   `json:"location"`
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Says     string   `json:"says"`
	Shown    []string `json:"shown"`  // what was seen under which fault
	Fix      string   `json:"fix"`    // the change, as a unified diff
	After    []string `json:"after"`  // what was seen with the fix
	Proven   bool     `json:"proven"` // the fix makes the difference that it is for
}

// Advise tries every rule at every target. What cannot be shown is not said.
func Advise(ctx context.Context, runner Runner, source *deployment.Source, options Options, probes []Probe) (*Config, []Advice, error) {
	c, err := Prepare(ctx, runner, source, options)
	if err != nil {
		return nil, nil, err
	}
	targets, err := c.Survey(ctx, runner, probes)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range c.lost {
		c.note(n.Says)
	}
	type job struct {
		target Target
		rule   rule
	}
	var jobs []job
	for _, t := range targets {
		for _, r := range rules {
			if t.Pass != nil && t.Behind == "" && slices.ContainsFunc(r.cells, t.has) {
				jobs = append(jobs, job{t, r})
			}
		}
	}
	found := make([]*Advice, len(jobs))
	done := 0
	err = c.each(len(jobs), len(jobs), func(i int) error {
		advice, err := c.advise(ctx, runner, jobs[i].target, jobs[i].rule, probes)
		found[i] = advice
		if err == nil && options.Progress != nil {
			c.mu.Lock()
			done++
			options.Progress(done, len(jobs))
			c.mu.Unlock()
		}
		return err
	})
	var all []Advice
	for _, a := range found {
		// Locations that lead to another one are all mended there.
		if a != nil && !slices.ContainsFunc(all, func(other Advice) bool { return other.Rule == a.Rule && a.Fix != "" && other.Fix == a.Fix }) {
			all = append(all, *a)
		}
	}
	slices.SortStableFunc(all, func(a, b Advice) int { return severity(a) - severity(b) })
	return c, all, err
}

func severity(a Advice) int { return slices.Index(Severities, a.Severity) }

// Severities is every severity of advice, the gravest first.
var Severities = []string{"error", "warning", "note"}

// advise tries one rule at one target: it shows what is wrong, fixes it, and proves the
// fix. nil: the rule does not apply.
func (c *Config) advise(ctx context.Context, runner Runner, t Target, r rule, probes []Probe) (*Advice, error) {
	before, err := c.show(ctx, runner, t, r)
	if err != nil || before == nil || !r.wrong(t, before) {
		return nil, err
	}
	a := &Advice{
		Rule: r.name, Severity: r.severity, Server: t.Location.Server.Label(), Location: t.Location.String(),
		Says: r.says(t, before), Shown: shown(r, before),
	}
	a.File, a.Line = c.place(t.Location, t.Pass, "")
	fixed, ok, err := c.fix(t, r, a)
	if err != nil || !ok {
		return a, err
	}
	return a, c.prove(ctx, runner, fixed, t, r, before, probes, a)
}

// shown is what the cells of a rule show, a line each.
func shown(r rule, cells []Cell) []string {
	var all []string
	for i, id := range r.cells {
		all = append(all, Say(id.Fault)+": "+cells[i].String())
	}
	return all
}

// fix makes a copy of the configuration with the fix, and writes it into the advice;
// false: lab knows no fix, or its place is in a file of the image's.
func (c *Config) fix(t Target, r rule, a *Advice) (*deployment.Source, bool, error) {
	edits := deployment.NewEdits(c.Site.Files)
	if !r.fix(t, edits) {
		return nil, false, nil
	}
	fixed := *c.Source
	fixed.Files = maps.Clone(c.Source.Files)
	for name, text := range edits.Result() {
		if _, ours := c.Source.Files[name]; !ours {
			return nil, false, nil
		}
		fixed.Files[name] = text
		// Without context and other values: what stands beside it may be a secret.
		was, text := c.Site.Masked(name, c.Source.Files[name]), c.Site.Masked(name, text)
		diff, err := udiff.ToUnified(c.ShownFile(name), c.ShownFile(name), was, udiff.Lines(was, text), 0)
		if err != nil {
			return nil, false, fmt.Errorf("showing the fix of %s: %w", r.name, err)
		}
		a.Fix += diff
	}
	if last := len(edits.Changes) - 1; last >= 0 {
		a.Line, a.File = edits.Changes[last].Line, c.ShownFile(edits.Changes[last].File)
	}
	return &fixed, true, nil
}

// prove runs the rule's cells with the fix and writes what was seen into the advice.
func (c *Config) prove(
	ctx context.Context, runner Runner, fixed *deployment.Source, t Target, r rule, before []Cell, probes []Probe, a *Advice,
) error {
	options := c.options
	options.Progress, options.Parallel = nil, 1
	options.only = []string{t.Key()}
	changed, err := Prepare(ctx, runner, fixed, options)
	if err != nil {
		return quietly(err)
	}
	targets, err := changed.Survey(ctx, runner, probes)
	if err != nil {
		return quietly(err)
	}
	for _, now := range targets {
		if now.Key() != t.Key() || now.Request() != t.Request() {
			continue
		}
		after, err := changed.show(ctx, runner, now, r)
		if err != nil || after == nil {
			return err
		}
		a.After, a.Proven = shown(r, after), r.right(before, after)
	}
	return nil
}

// quietly is nil for an error about the changed configuration: then the fix is unproven.
func quietly(err error) error {
	if IsConfig(err) {
		return nil
	}
	return err
}

// note adds a note, from wherever it comes.
func (c *Config) note(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Notes = append(c.Notes, text)
}

// show runs a rule's cells; nil: the target has not all of them, or nobody can tell.
func (c *Config) show(ctx context.Context, runner Runner, t Target, r rule) ([]Cell, error) {
	var cells []Cell
	for _, id := range r.cells {
		if !t.has(id) {
			return nil, nil
		}
		cell, doubt, err := c.cell(ctx, runner, t, id, r.requests)
		if err != nil {
			return nil, err
		}
		if doubt.why != "" {
			c.note(fmt.Sprintf("%s: the rule %s could not be tried: %s", t.Key(), r.name, doubt.why))
			return nil, nil
		}
		cells = append(cells, cell)
	}
	return cells, nil
}
