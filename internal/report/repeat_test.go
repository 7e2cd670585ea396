package report

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/trial"
)

// A verdict that changes between repetitions cannot be overlooked.
func TestRepetitionsAreFolded(t *testing.T) {
	one := func(repeat int, v experiment.Verdict, status string) experiment.Result {
		return experiment.Result{ID: "flaky", Repeat: repeat, Verdict: v, Took: ms(100 * repeat), Symptom: experiment.Look{Status: "502"},
			Parts: []experiment.Part{
				{ID: "repair", Kind: "fix", Verdict: v, After: experiment.Look{Status: status}, Took: ms(10 * repeat)},
			}}
	}
	all, fixes := experiment.Tally{
		Runs:     3,
		Verified: 2,
		Refuted:  1,
		Trials:   9,
		Took:     ms(600),
	}, experiment.Tally{
		Runs:     3,
		Verified: 2,
		Refuted:  1,
		Took:     ms(60),
	}
	first := one(1, experiment.Verified, "200")
	first.Repetitions, first.Parts[0].Repetitions = &all, &fixes
	r := New(Run{}, []experiment.Result{first, one(2, experiment.Refuted, "502")})
	both := Verdicts{Total: 3, Verified: 2, Refuted: 1}
	if want := (Counts{Scenarios: both, Parts: both, Trials: 9}); r.Counts != want || r.Verdict != experiment.Refuted ||
		r.ExitCode != output.Failed {
		t.Errorf("%+v %s %d, want %+v", r.Counts, r.Verdict, r.ExitCode, want)
	}
	golden(t, "repeated.txt", written(t, func(w io.Writer) error { return r.table().WriteTable(w, output.Screen{}) }))
	golden(t, "repeated-plain.txt", written(t, r.plain().WritePlain))
}

// A run on a busy machine says so, with the figure, and a single wait is no busy machine.
func TestBusyMachine(t *testing.T) {
	result := experiment.Result{ID: "x", Verdict: experiment.Verified}
	for i := range 40 {
		seen := trial.Observation{Trial: "t", Started: time.Unix(1, 0), Stall: trial.TooSlow - 1}
		if i < 2 {
			seen.Stall = protocol.Duration(1300+100*i) * protocol.Duration(time.Millisecond)
		}
		result.Trials = append(result.Trials, seen)
	}
	text := New(Run{}, []experiment.Result{result}).Summary()
	want := "The machine was busy: in 2 of 40 trials a process waited 100ms or more for a CPU or a disk, 1.4s at the longest"
	if !strings.HasSuffix(text, want) {
		t.Errorf("%s, want at its end: %s", text, want)
	}
	result.Trials[0].Stall = 0
	if text := New(Run{}, []experiment.Result{result}).Summary(); strings.Contains(text, "busy") {
		t.Error(text)
	}
}

// A refutation says how often it was heard again.
func TestFailureSaysItsHearings(t *testing.T) {
	result := experiment.Result{
		ID: "x", Verdict: experiment.Refuted, Reason: "fix repair: not resolved",
		Parts: []experiment.Part{{ID: "repair", Kind: "fix", Trial: "fix repair", Verdict: experiment.Refuted, Reason: "not resolved"}},
	}
	if text := New(Run{}, []experiment.Result{result}).failures()[0].evidence(); strings.Contains(text, "again") {
		t.Error(text)
	}
	for _, n := range []int{0, 1, 2, 3} {
		result.Hearings = append(result.Hearings, experiment.Hearing{Trial: "fix repair", Number: n})
	}
	text := New(Run{}, []experiment.Result{result}).failures()[0].evidence()
	if !strings.Contains(text, "run 3 times more, alone: the same\n") {
		t.Error(text)
	}
}
