package report

import (
	"fmt"
	"strings"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/trial"
)

// failing is one thing that is not verified, with all that helps to see why.
type failing struct {
	name    string // scenario, and part if it is one
	title   string
	verdict experiment.Verdict
	reason  string
	heard   int      // how often it was run again, alone
	phases  []string // those that went well before it
	failure *experiment.Failure
	look    string // the one command to look inside
	remark  string
}

// failures lists what is not verified. A part that only suffers from its scenario's
// controls is not listed: the controls are. Nor is what was interrupted: it has not
// failed, and there may be a lot of it.
func (r Report) failures() []failing {
	var list []failing
	for _, result := range r.Results {
		if result.Verdict == experiment.Verified || result.Verdict == experiment.Skipped {
			continue
		}
		if verdict, reason, failure := controls(result); verdict != experiment.Verified {
			if result.Cause == experiment.Interrupted {
				continue
			}
			f := failing{name: label(result), title: result.Title, verdict: verdict, reason: reason, failure: failure}
			r.inside(&f, result, "")
			list = append(list, f)
			continue
		}
		for _, p := range result.Parts {
			if p.Verdict == experiment.Verified || p.Verdict == experiment.Skipped || p.Cause == experiment.Interrupted {
				continue
			}
			f := failing{
				name:    label(result) + ": " + p.Kind + " " + p.ID,
				title:   p.Say,
				verdict: p.Verdict,
				reason:  p.Reason,
				failure: p.Failure,
			}
			for _, t := range result.Trials {
				if t.Trial == p.Trial {
					f.phases = passed(t, p.Failure)
				}
			}
			for _, h := range result.Hearings {
				if h.Trial == p.Trial {
					f.heard = max(f.heard, h.Number)
				}
			}
			r.inside(&f, result, p.Trial)
			list = append(list, f)
		}
	}
	return list
}

// passed lists the phases of a trial before the one that failed.
func passed(t trial.Observation, failure *experiment.Failure) []string {
	var names []string
	for _, phase := range t.Phases {
		if failure == nil || phase.Name == failure.Phase {
			break
		}
		names = append(names, phase.Name)
	}
	return names
}

// inside finds the command to look inside with.
func (r Report) inside(f *failing, result experiment.Result, trial string) {
	if causeOf(result, trial) == experiment.Environment {
		return
	}
	for _, t := range result.Trials {
		if t.Testbed != "" && (trial == "" || t.Trial == trial) {
			f.look = Client(r.Engine) + " exec -it " + t.Testbed + "-nginx sh"
			f.remark = "an image without a shell has none to offer: `lab ps` names the containers"
			return
		}
	}
	f.look = "lab run " + result.ID + r.Again + " --keep-on-failure"
}

func causeOf(result experiment.Result, trial string) experiment.Cause {
	for _, p := range result.Parts {
		if p.Trial == trial {
			return p.Cause
		}
	}
	return result.Cause
}

// Client is the engine's own command.
func Client(info engine.Info) string {
	if strings.HasPrefix(info.Name, "Podman") {
		return "podman"
	}
	return "docker"
}

// text is the failure for a person.
func (f failing) text(screen output.Screen) string {
	return paint(string(f.verdict), screen.Color) + "  " + oneLine(f.name) + "\n" + f.evidence()
}

// evidence is what is known of the failure, a line or more for each.
func (f failing) evidence() string {
	var b strings.Builder
	line := func(name, text string) {
		if text = strings.TrimSpace(clean(text)); text != "" {
			fmt.Fprintf(&b, "  %-9s %s\n", name, strings.ReplaceAll(text, "\n", "\n            "))
		}
	}
	line("what", oneLine(f.title))
	line("why", f.reason)
	// Where the outcomes differ the reason says so.
	if f.heard > 0 && f.verdict == experiment.Refuted {
		line("again", fmt.Sprintf("run %s more, alone: the same", timesOf(f.heard)))
	}
	line("passed", strings.Join(f.phases, ", "))
	if f.failure != nil {
		line("phase", f.failure.Phase)
		line("expected", f.failure.Expected)
		line("saw", f.failure.Seen)
		line("log", strings.Join(f.failure.Log, "\n"))
	}
	line("look", f.look)
	line("", f.remark)
	return b.String()
}

// unfinished lists the scenarios that an interruption kept from their end.
func (r Report) unfinished() []string {
	var names []string
	for _, result := range r.Results {
		cut := result.Cause == experiment.Interrupted
		for _, p := range result.Parts {
			cut = cut || p.Cause == experiment.Interrupted
		}
		if cut {
			names = append(names, label(result))
		}
	}
	return someOf(names)
}

// skips lists the scenarios that were not tried, by the reason, in order.
func (r Report) skips() []string {
	var reasons, texts []string
	names := map[string][]string{}
	for _, result := range r.Results {
		if result.Verdict != experiment.Skipped {
			continue
		}
		if _, known := names[result.Reason]; !known {
			reasons = append(reasons, result.Reason)
		}
		names[result.Reason] = append(names[result.Reason], label(result))
	}
	for _, reason := range reasons {
		texts = append(texts, oneLine(strings.Join(someOf(names[reason]), ", ")+": "+reason))
	}
	return texts
}

// someNamed is how many scenarios of many are named; every one stands in the report
// itself.
const someNamed = 8

func someOf(names []string) []string {
	if extra := len(names) - someNamed; extra > 0 {
		names = append(names[:someNamed:someNamed], fmt.Sprintf("and %d more", extra))
	}
	return names
}

// timesOf is a count of times in words.
func timesOf(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
