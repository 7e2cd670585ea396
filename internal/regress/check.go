package regress

import (
	"context"

	"github.com/gatewaylab/lab/internal/deployment"
)

// Checked is what a comparison with a recorded behaviour comes to.
type Checked struct {
	Config       *Config
	Behaviour    Behaviour // as it is now
	Differences  []Difference
	Inconclusive []Inconclusive // what was recorded, and nobody can tell whether it holds
}

// Check looks at each cell once and compares. What differs is heard again, alone.
func Check(
	ctx context.Context, runner Runner, source *deployment.Source, options Options, recorded Behaviour,
) (Checked, error) {
	r, err := Record(ctx, runner, source, options, recorded, 1)
	if err != nil {
		return Checked{}, err
	}
	checked := Checked{Config: r.Config, Behaviour: r.Behaviour}
	checked.Differences, checked.Inconclusive = Compare(recorded, r.Behaviour, r.Config)
	if options.NoSecondHearing || len(checked.Differences) == 0 {
		return checked, nil
	}
	h := hearing{c: r.Config, runner: runner, rows: r.Rows, recorded: recorded, checked: &checked}
	return checked, h.hear(ctx)
}
