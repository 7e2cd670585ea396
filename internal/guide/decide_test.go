package guide

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/trial"
)

// saw returns a result as trials leave it: a broken state with this status and error log, one
// fix that resolves it, and one wrong fix that does not.
func saw(id string, status int, log string) experiment.Result {
	phase := func(name string, status int, log string) trial.PhaseSeen {
		a := trial.Answer{Probe: "home", Client: protocol.ProbeResult{Status: status, Complete: true,
			Took: protocol.Duration(40 * time.Millisecond)}}
		return trial.PhaseSeen{Name: name, Config: "proxy_read_timeout 5s;", Answers: []trial.Answer{a}, Log: nginx.ParseErrorLog(log)}
	}
	observation := func(name string, phases ...trial.PhaseSeen) trial.Observation {
		return trial.Observation{Trial: name, ID: id + "-" + name, Phases: phases}
	}
	return experiment.Result{ID: id, Verdict: experiment.Verified,
		Parts: []experiment.Part{
			{ID: "right", Kind: "fix", Trial: "fix right", Verdict: experiment.Verified},
			{ID: "wrong", Kind: "wrong fix", Trial: "wrong fix wrong", Verdict: experiment.Verified},
		},
		Trials: []trial.Observation{
			observation("healthy", phase("healthy", 200, "")),
			observation("fix right", phase("broken", status, log), phase("fixed", 200, "")),
			observation("wrong fix wrong", phase("broken", status, log), phase("wrong fix", status, log)),
		}}
}

const (
	refusedLine = "2024/05/06 07:08:09 [error] 111#111: *3 connect() failed (111: Connection refused) while connecting to " +
		"upstream, client: 127.0.0.1, server: , request: \"GET / HTTP/1.1\", upstream: \"http://127.0.0.1:3000/\", host: \"lab.test\"\n"
	missingLine = "2024/05/06 07:08:09 [crit] 111#111: *3 connect() to unix:/lab/run/app.sock failed (2: No such file or " +
		"directory) while connecting to upstream, client: 127.0.0.1, server: , request: \"GET / HTTP/1.1\", upstream: " +
		"\"http://unix:/lab/run/app.sock:/\", host: \"lab.test\"\n"
)

func seen() map[string]experiment.Result {
	skipped := experiment.Result{ID: "skipped", Verdict: experiment.Skipped, Reason: "asks for a privilege"}
	trouble := experiment.Result{ID: "trouble", Verdict: experiment.Inconclusive, Cause: experiment.Environment,
		Reason: "the engine is gone"}
	return map[string]experiment.Result{
		"refused": saw("refused", 502, refusedLine), "missing": saw("missing", 502, missingLine), "slow": saw("slow", 504, ""),
		"skipped": skipped, "trouble": trouble,
	}
}

func must(expression string) strict.Regexp {
	return strict.Regexp{Regexp: regexp.MustCompile(expression)}
}

func line(level, expression string) []scenario.LogPattern {
	return []scenario.LogPattern{{Level: scenario.Levels{level}, Match: must(expression)}}
}

// status returns a case that predicts a 502 in a scenario.
func predicts502(id string) Case {
	return Case{When: id + " happens", Scenario: id, Expect: Expect{Expect: scenario.Expect{Status: 502}}}
}

func TestVerdicts(t *testing.T) {
	here := Found{Standing: Stands}
	for name, test := range map[string]struct {
		claim   Claim
		found   Found
		verdict Verdict
		reason  string
		skipped bool
	}{
		"all agree": {Claim{Cases: []Case{predicts502("refused"), predicts502("missing")}}, here, Holds,
			"when refused happens; when missing happens", false},
		"all disagree": {Claim{Cases: []Case{predicts502("slow")}}, here, Refuted,
			`when slow happens (status 504; the claim predicts status 502)`, false},
		"both": {Claim{Cases: []Case{predicts502("refused"), predicts502("slow")}}, here, Conditional,
			`holds when refused happens; does not when slow happens (status 504; `, false},
		"none can tell": {Claim{Untestable: "opinion: taste"}, here, Untestable, "opinion: taste", false},
		"trouble": {Claim{Cases: []Case{predicts502("trouble")}}, here, Inconclusive,
			`broken "trouble": the engine is gone`, false},
		"trouble keeps it open": {Claim{Cases: []Case{predicts502("refused"), predicts502("trouble")}}, here, Inconclusive,
			"the engine is gone", false},
		"but for both sides": {Claim{Cases: []Case{predicts502("refused"), predicts502("slow"), predicts502("trouble")}}, here,
			Conditional, "holds when", false},
		"a skipped one is no side": {Claim{Cases: []Case{predicts502("refused"), predicts502("skipped")}}, here, Holds,
			"(not tried: when skipped happens, because asks for a privilege)", false},
		"skipped ones alone": {Claim{Cases: []Case{predicts502("skipped")}}, here, Inconclusive,
			"none of its trials was run:  asks for a privilege", true},
		"not run": {Claim{Cases: []Case{predicts502("another")}}, here, Inconclusive, "the scenario was not run", true},
		"moved": {Claim{Cases: []Case{predicts502("refused")}}, Found{Standing: Moved, Note: "A1 has moved"}, Holds,
			"when refused", false},
		"changed": {Claim{Cases: []Case{predicts502("refused")}}, Found{Standing: Changed, Note: "A1 reads differently"},
			Inconclusive, "A1 reads differently", false},
		"gone": {Claim{Untestable: "opinion: taste"}, Found{Standing: Gone, Note: "A1 no longer stands"}, Inconclusive,
			"A1 no longer stands", false},
	} {
		t.Run(name, func(t *testing.T) {
			d := Plan{}.decide(test.claim, test.found, seen())
			if d.Verdict != test.verdict || !strings.Contains(d.Reason, test.reason) || d.Skipped != test.skipped ||
				len(d.Evidence) != len(test.claim.Cases) {
				t.Errorf("%s, skipped %t: %s", d.Verdict, d.Skipped, d.Reason)
			}
		})
	}
}

func TestPredictions(t *testing.T) {
	yes, no := true, false
	for name, test := range map[string]struct {
		scenario, in string
		expect       Expect
		want         Outcome
		seen         string
	}{
		"a line of this level": {"refused", "", Expect{Log: line("error", `connect\(\) failed \(111: `)}, Agrees, ""},
		"its fields": {"refused", "", Expect{Log: line("error",
			`request: "GET / HTTP/1\.1", upstream: "http://127\.0\.0\.1:3000/", host:`)}, Agrees, ""},
		"its beginning": {"refused", "", Expect{Log: line("error", `^connect`)}, Agrees, ""},
		"no such field": {"refused", "", Expect{Log: line("error", `:3000/"$`)}, Disagrees,
			"[error] connect() failed (111: Connection refused) while connecting to upstream"},
		"another level": {"missing", "", Expect{Log: line("error", `failed \(2: `)}, Disagrees,
			"[crit] connect() to unix:/lab/run/app.sock failed (2: No such file or directory) while connecting to upstream"},
		"no line of a kind": {"refused", "", Expect{Absent: line("error", `\(2: `)}, Agrees, ""},
		"one there is":      {"refused", "", Expect{Absent: line("error", `\(111: `)}, Disagrees, "one"},
		"silence":           {"slow", "", Expect{Silent: &yes}, Agrees, ""},
		"silence, and a line": {"refused", "", Expect{Silent: &yes}, Disagrees,
			"[error] connect() failed (111: Connection refused) while connecting to upstream"},
		"no silence":     {"slow", "", Expect{Silent: &no}, Disagrees, none},
		"a fix resolves": {"refused", "fix right", Expect{Resolved: &yes}, Agrees, ""},
		"a fix does not": {"refused", "fix right", Expect{Resolved: &no}, Disagrees, "a healthy stage (200)"},
		"a wrong fix resolves": {"refused", "wrong fix wrong", Expect{Resolved: &yes}, Disagrees,
			"a stage that is still broken (502)"},
		"after the fix":         {"refused", "fix right", Expect{Expect: scenario.Expect{Status: 200}, Silent: &yes}, Agrees, ""},
		"before anything":       {"refused", "healthy", Expect{Expect: scenario.Expect{Status: 200}}, Agrees, ""},
		"a configuration":       {"refused", "", Expect{Config: []strict.Regexp{must(`read_timeout 5s`)}}, Agrees, ""},
		"another configuration": {"refused", "", Expect{Config: []strict.Regexp{must(`read_timeout 9s`)}}, Disagrees, "another"},
		"the slowest answer":    {"refused", "", Expect{Slowest: protocol.Duration(30 * time.Millisecond)}, Agrees, ""},
		"one as slow as this":   {"refused", "", Expect{Slowest: protocol.Duration(time.Second)}, Disagrees, "40ms for the slowest"},
		"the slowest of another": {"refused", "", Expect{Probe: "other", Slowest: protocol.Duration(time.Millisecond)}, Disagrees,
			"none"},
		"a moment that there is not":  {"refused", "fix other", Expect{Resolved: &yes}, Undecided, ""},
		"a moment of a skipped trial": {"skipped", "", Expect{Resolved: &yes}, Untried, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := Plan{}.ask(Case{Scenario: test.scenario, In: test.in, Expect: test.expect}, seen())
			if e.Outcome != test.want || e.Seen != test.seen {
				t.Errorf("%s: expected %q, saw %q (%s)", e.Outcome, e.Expected, e.Seen, e.Reason)
			}
			if (e.Expected == e.Seen) != (e.Outcome != Disagrees) {
				t.Errorf("expected %q, and saw it", e.Expected)
			}
			if (e.Outcome == Undecided || e.Outcome == Untried) && e.Reason == "" {
				t.Error("it does not say why")
			}
			if e.Outcome == Agrees && e.Trial == "" {
				t.Error("it does not say which trial")
			}
		})
	}
}

// If a fix did not hold, both the fix and a claim that it resolves the failure must be
// refuted.
func TestAFixThatFails(t *testing.T) {
	r := saw("refused", 502, refusedLine)
	r.Parts[0].Verdict, r.Trials[1].Phases[1] = experiment.Refuted, r.Trials[1].Phases[0]
	r.Parts[1].Verdict, r.Parts[1].Reason = experiment.Refuted, experiment.Resolves+": it is healthy"
	yes := true
	for in, want := range map[string]Outcome{"fix right": Disagrees, "wrong fix wrong": Agrees} {
		e := Plan{}.ask(Case{Scenario: "refused", In: in, Expect: Expect{Resolved: &yes}}, map[string]experiment.Result{"refused": r})
		if e.Outcome != want {
			t.Errorf("%s: %s: %s", in, e.Outcome, e.Seen)
		}
	}
}

func TestEvidenceHasTheLine(t *testing.T) {
	e := Plan{}.ask(predicts502("missing"), seen())
	if e.Log+"\n" != missingLine || e.Status != "502" {
		t.Errorf("status %s, line %q", e.Status, e.Log)
	}
}

func TestNewPlan(t *testing.T) {
	claims, err := Load("a.yaml", soundClaims, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlan(Document{}, claims, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range p.Scenarios {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	if got := fmt.Sprint(ids); got != "[slow-response slow-response/fix-raise-three-timeouts wrong-port]" {
		t.Error(got)
	}
	text := strings.Replace(soundClaims, "in: fix move-the-app, expect: {resolved: true}",
		"in: fix move-the-app, expect: {needed: [proxy_pass]}", 1)
	if claims, err = Load("a.yaml", text, catalogue(t)); err != nil {
		t.Fatal(err)
	}
	_, err = NewPlan(Document{}, claims, catalogue(t))
	if err == nil || !strings.Contains(err.Error(), `a.yaml:8: A1: the effect of single directives cannot be tried in the `+
		`scenario "wrong-port": it does not change the configuration of nginx`) {
		t.Errorf("it said %v", err)
	}
}

func TestDecideAsksTheDocument(t *testing.T) {
	d := document(t, aGuide)
	claim := at(t, d, "dead gives")
	claim.Cases = []Case{predicts502("refused")}
	p := Plan{Claims: Claims{Claims: []Claim{claim}}}
	results := []experiment.Result{saw("refused", 502, refusedLine), saw("refused", 200, "")} // of repetitions the first counts
	if got := p.Decide(d, results); len(got) != 1 || got[0].Verdict != Holds {
		t.Errorf("%+v", got)
	}
	if got := p.Decide(document(t, strings.Replace(aGuide, "502", "500", 1)), results); got[0].Verdict != Inconclusive {
		t.Errorf("of an altered guide: %s", got[0].Verdict)
	}
}
