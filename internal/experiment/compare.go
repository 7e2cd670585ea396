package experiment

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/trial"
)

// Failure is a difference between what was seen and what was expected.
type Failure struct {
	Phase    string   `json:"phase"`
	Expected string   `json:"expected"`
	Seen     string   `json:"seen"`
	Log      []string `json:"log,omitempty"` // the last lines of the error log in this phase
}

func (f Failure) String() string {
	return fmt.Sprintf("%s: expected %s, saw %s", f.Phase, f.Expected, f.Seen)
}

// http09 stands for the status 009, with which nginx logs an answer without a status line.
const http09 = 9

// compare returns the first difference between a phase and a signature, or nil.
func compare(p trial.PhaseSeen, earlier map[connection]bool, want scenario.Signature) *Failure {
	for _, name := range slices.Sorted(maps.Keys(want.Probes)) {
		if f := compareProbe(p, name, want.Probes[name]); f != nil {
			return f
		}
	}
	if want.Check != nil {
		if f := compareCheck(p, *want.Check); f != nil {
			return f
		}
	}
	if f := compareLog(p, earlier, want.Log); f != nil {
		return f
	}
	if f := compareBackendLog(p, want.BackendLog); f != nil {
		return f
	}
	if f := compareOOM(p, want.OOMKills); f != nil {
		return f
	}
	return compareOutput(p, want.Output)
}

func compareOOM(p trial.PhaseSeen, want int) *Failure {
	if p.OOMKills < want {
		return failure(p, fmt.Sprintf("the kernel to kill %d for memory", want), fmt.Sprintf("%d killed", p.OOMKills))
	}
	return nil
}

// compareOutput checks the output of commands. If a command was run several times, only the
// last output counts.
func compareOutput(p trial.PhaseSeen, want []scenario.Output) *Failure {
	said := map[string]string{}
	for _, s := range p.Steps {
		for _, ran := range s.Ran {
			said[ran.Command] = ran.Output
		}
	}
	for _, o := range want {
		output, ran := said[o.Run]
		switch {
		case !ran:
			return failure(p, fmt.Sprintf("the command %q to be run", o.Run), "it was not")
		case !o.Match.MatchString(output):
			return failure(p, fmt.Sprintf("%q to say %q", o.Run, o.Match), fmt.Sprintf("%q", output))
		}
	}
	return nil
}

// compareBackendLog checks the lines that the backends must have logged.
func compareBackendLog(p trial.PhaseSeen, want []strict.Regexp) *Failure {
	missing := trial.InLogs(p.Backends, want)
	if missing == nil {
		return nil
	}
	f := &Failure{Phase: p.Name, Expected: fmt.Sprintf("a backend to log %q", missing), Seen: "no such line"}
	for _, name := range slices.Sorted(maps.Keys(p.Backends)) {
		lines := strings.Split(strings.TrimSpace(p.Backends[name]), "\n")
		for _, line := range lines[max(0, len(lines)-lastLines):] {
			f.Log = append(f.Log, name+": "+line)
		}
	}
	return f
}

func compareProbe(p trial.PhaseSeen, name string, want scenario.Expect) *Failure {
	var statuses []int
	for _, a := range p.Answers {
		if a.Probe != name {
			continue
		}
		statuses = append(statuses, status(a))
		if expected, seen := mismatch(a, want); expected != "" {
			return failure(p, fmt.Sprintf("probe %q to see %s", name, expected), seen)
		}
	}
	if len(statuses) == 0 {
		return failure(p, fmt.Sprintf("an answer for probe %q", name), "none")
	}
	if len(want.Statuses) > 0 {
		expected := slices.Sorted(slices.Values(want.Statuses))
		slices.Sort(statuses)
		if !slices.Equal(statuses, expected) {
			return failure(p, fmt.Sprintf("probe %q to see the statuses %v", name, expected), fmt.Sprint(statuses))
		}
	}
	return nil
}

// mismatch compares one answer. If there is no difference, expected is "".
func mismatch(a trial.Answer, want scenario.Expect) (expected, seen string) {
	c := a.Client
	switch {
	case want.Status != 0 && status(a) != want.Status:
		return fmt.Sprintf("status %d", want.Status), describe(a)
	case want.Body != "" && !strings.Contains(c.Body+c.Raw, want.Body):
		return fmt.Sprintf("a body with %q", want.Body), fmt.Sprintf("%q", c.Body+c.Raw)
	case want.From != "" && author(a) != want.From:
		return "an answer from the " + want.From, "an answer from the " + author(a)
	case want.Complete != nil && c.Complete != *want.Complete:
		return fmt.Sprintf("complete: %t", *want.Complete), describe(a)
	case want.Bytes != nil && c.Bytes != *want.Bytes:
		return fmt.Sprintf("%d bytes", *want.Bytes), describe(a)
	case want.Recorded != 0 && recorded(a) != want.Recorded:
		return fmt.Sprintf("%d in the access log", want.Recorded), fmt.Sprint(recorded(a))
	case want.AtLeast != 0 && c.Took < want.AtLeast:
		return fmt.Sprintf("an answer after %s or more", want.AtLeast), c.Took.String()
	case want.AtMost != 0 && c.Took > want.AtMost:
		return fmt.Sprintf("an answer within %s", want.AtMost), c.Took.String()
	}
	return "", ""
}

// status returns the status of an answer. It is http09 if the client got no status line.
func status(a trial.Answer) int {
	if a.Client.Status == 0 && a.Access != nil && a.Access.Status == "009" {
		return http09
	}
	return a.Client.Status
}

// recorded returns the status in nginx's access log, or 0 if nginx wrote no record.
func recorded(a trial.Answer) int {
	if a.Access == nil {
		return 0
	}
	n, _ := strconv.Atoi(a.Access.Status)
	return n
}

// author returns who wrote an answer. Backends mark their answers.
func author(a trial.Answer) string {
	if _, signed := a.Client.Headers[protocol.TrialHeader]; signed {
		return "backend"
	}
	return "nginx"
}

// describe says in a few words what the client saw.
func describe(a trial.Answer) string {
	c := a.Client
	text := fmt.Sprintf("status %d", status(a))
	if c.Status == 0 && c.Raw == "" {
		text = "no answer"
	}
	if c.ContentLength >= 0 && c.Bytes != c.ContentLength {
		text += fmt.Sprintf(", %d of %d bytes", c.Bytes, c.ContentLength)
	}
	if c.Error != "" {
		text += " (" + c.Error + ")"
	}
	return text
}

func compareCheck(p trial.PhaseSeen, want scenario.Check) *Failure {
	for _, s := range slices.Backward(p.Steps) {
		if s.Check == nil {
			continue
		}
		if s.Check.OK != want.OK {
			return failure(p, fmt.Sprintf("nginx -t to say ok: %t", want.OK), fmt.Sprintf("ok: %t: %s", s.Check.OK, s.Check.Output))
		}
		if !want.Match.IsZero() && !want.Match.MatchString(s.Check.Output) {
			return failure(p, fmt.Sprintf("nginx -t to say %q", want.Match), fmt.Sprintf("%q", s.Check.Output))
		}
		return nil
	}
	return failure(p, "a step check", "none")
}

// connection identifies a client connection of a worker. It is the key by which entries of the
// error log are joined to requests.
type connection struct {
	pid    int
	number int64
}

// connections collects the connections of the answers in a phase.
func connections(p trial.PhaseSeen, into map[connection]bool) {
	for _, a := range p.Answers {
		if a.Access != nil {
			into[connection{a.Access.PID, a.Access.Connection}] = true
		}
	}
}

// compareLog checks that every entry of level error or above matches a pattern, and that every
// pattern matches an entry. Entries about requests of earlier phases do not count, because
// nginx may write them late.
func compareLog(p trial.PhaseSeen, earlier map[connection]bool, want []scenario.LogPattern) *Failure {
	matched := make([]bool, len(want))
	for _, entry := range p.Log {
		if earlier[connection{entry.PID, entry.Connection}] {
			continue
		}
		known := false
		for i, pattern := range want {
			if slices.Contains(pattern.Level, entry.Level) && pattern.Match.MatchString(entry.Message) {
				matched[i], known = true, true
			}
		}
		if !known && entry.AtLeast("error") {
			if len(want) == 0 {
				return failure(p, "no error line", entry.Gist())
			}
			return failure(p, "only error lines that match "+patterns(want), entry.Gist())
		}
	}
	for i, pattern := range want {
		if !matched[i] {
			return failure(p, "an error line that matches "+patterns([]scenario.LogPattern{pattern}), worst(p))
		}
	}
	return nil
}

func patterns(list []scenario.LogPattern) string {
	var texts []string
	for _, p := range list {
		texts = append(texts, fmt.Sprintf("[%s] %s", strings.Join(p.Level, "|"), p.Match))
	}
	return strings.Join(texts, " or ")
}

// worst returns the last error entry of a phase in a few words.
func worst(p trial.PhaseSeen) string {
	entries := errorEntries(p)
	if len(entries) == 0 {
		return "none"
	}
	return entries[len(entries)-1].Gist()
}

func errorEntries(p trial.PhaseSeen) []nginx.Entry {
	var entries []nginx.Entry
	for _, e := range p.Log {
		if e.AtLeast("error") {
			entries = append(entries, e)
		}
	}
	return entries
}

// lastLines is how many lines of the log a failure contains.
const lastLines = 6

func failure(p trial.PhaseSeen, expected, seen string) *Failure {
	f := &Failure{Phase: p.Name, Expected: expected, Seen: seen}
	for _, e := range p.Log[max(0, len(p.Log)-lastLines):] {
		f.Log = append(f.Log, e.Raw)
	}
	return f
}
