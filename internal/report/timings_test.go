package report

import (
	"io"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/trial"
)

func TestTimings(t *testing.T) {
	g := &Timings{
		Parallel:  4,
		Cores:     2,
		Preparing: ms(50),
		Testbed:   ms(400),
		Running:   ms(2000),
		Testbeds:  5,
		Start:     ms(400),
		Removal:   ms(60),
	}
	for n := range 20 {
		seen := trial.Observation{
			Trial:   "fix it",
			Started: time.Now(),
			Took:    ms(100 + n),
			Timings: trial.Timings{
				Nginx:    ms(10),
				Backends: ms(5),
				Waits:    ms(60),
				Probes:   ms(2),
				Engine:   ms(1),
				Testbed:  ms(3),
				Own:      ms(22 + n),
			},
		}
		g.Add("slow", "", seen)
	}
	g.Add("never run", "node", trial.Observation{Trial: "healthy"})
	for _, fastest := range []int{40, 32} {
		g.Add(
			"real",
			"node",
			trial.Observation{
				Trial:   "healthy",
				Started: time.Now(),
				Took:    ms(50),
				Timings: trial.Timings{Servers: ms(45), Own: ms(5), Starts: 5, Fastest: ms(fastest)},
			},
		)
	}
	if g.Complete(2600 * time.Millisecond); g.Limit != 0 || g.Ratio != 0 {
		t.Errorf("nothing was measured, and yet %+v", g)
	}
	if g.Measured(125, 100); g.BareNginx != ms(8) || g.Overlap != 1 {
		t.Errorf("slower side by side than one after the other: %+v", g)
	}
	g.Measured(125, 200)
	// 400 + 20*60/4 + (22*1.5*8 + 10*32)/1.6 = 1065
	if g.Complete(2600 * time.Millisecond); g.Trials != 22 || g.Limit != ms(1065) || g.Ratio < 2.44 || g.Ratio > 2.45 ||
		g.Ending != ms(150) {
		t.Errorf("%+v", g)
	}
	if len(g.Slowest) != slowest || g.Slowest[0].Took != ms(119) || g.Slowest[slowest-1].Took != ms(112) {
		t.Errorf("slowest %+v", g.Slowest)
	}
	golden(t, "timings.txt", written(t, func(w io.Writer) error {
		return Report{Run: Run{Took: 2600 * time.Millisecond, Timings: g}}.writeTimings(w, output.Screen{})
	}))
}
