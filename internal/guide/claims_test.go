package guide

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/scenarios"
)

var loaded = sync.OnceValues(func() ([]scenario.Scenario, error) { return scenario.Load(scenarios.FS) })

func catalogue(t *testing.T) []scenario.Scenario {
	t.Helper()
	all, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const soundClaims = `guide: a guide of our own
claims:
  - id: A1
    at: {line: 3, fragment: "dead app", fingerprint: "0123456789ab"}
    claim: A dead app is a 502.
    cases:
      - {when: it is dead, scenario: wrong-port, expect: {status: 502}}
      - {when: it is moved, scenario: wrong-port, in: fix move-the-app, expect: {resolved: true}}
      - {when: both are looked at, scenario: slow-response, in: fix raise-three-timeouts, expect: {needed: [proxy_read_timeout]}}
  - id: A2
    at: {line: 4, fragment: "most often", fingerprint: "0123456789ab"}
    claim: That is most of them.
    untestable: "frequency: a matter of counting"
`

func TestLoadClaims(t *testing.T) {
	c, err := Load("a.yaml", soundClaims, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Claims) != 2 || c.Claims[0].Cases[0].Moment() != "broken" || c.Claims[0].Cases[1].Moment() != "fix move-the-app" ||
		c.Claims[1].Line != 10 {
		t.Errorf("loaded %+v", c)
	}
	if got := strings.Join(c.Scenarios(), " "); got != "slow-response wrong-port" {
		t.Errorf("they are decided by %q", got)
	}
}

func TestMistakesInClaims(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"unknown scenario": {"scenario: wrong-port, expect", "scenario: wrong-prot, expect",
			`a.yaml:7: A1: there is no scenario "wrong-prot", did you mean "wrong-port"?`},
		"unknown moment": {"in: fix move-the-app", "in: fix move-the-ap",
			`a.yaml:8: A1: the scenario "wrong-port" has no moment "fix move-the-ap", did you mean "fix move-the-app"?`},
		"unknown field": {"{status: 502}", "{stauts: 502}", `a.yaml:7: unknown field "stauts"`},
		"unknown probe": {"{status: 502}", "{probe: hom, status: 502}",
			`a.yaml:7: A1: the scenario "wrong-port" has no probe "hom"`},
		"an id twice":        {"id: A2", "id: A1", `a.yaml:10: the id "A1" appears twice; the first one is on line 3`},
		"an id that is none": {"id: A2", "id: 2", `a.yaml:10: "2" cannot be an id`},
		"no condition":       {"when: it is dead, ", "", `a.yaml:7: A1: when is missing`},
		"nothing predicted":  {"{status: 502}", "{}", `a.yaml:7: A1: expect is empty`},
		"a fix that is none": {"expect: {status: 502}", "expect: {resolved: true}",
			`a.yaml:7: A1: resolved, needed, idle and harmful are about a fix`},
		"nothing decides it": {`untestable: "frequency: a matter of counting"`, `correct: no`, `a.yaml:10: A2: nothing decides this claim`},
		"decided twice": {`untestable: "frequency`, "cases: [{when: so, scenario: wrong-port, expect: {status: " +
			"502}}]\n    untestable: \"frequency", `a.yaml:10: A2: a claim must not have both untestable and cases`},
		"a reason of no kind": {`"frequency: a matter`, `"a matter`, `a.yaml:10: A2: untestable must begin with the kind of the statement`},
		"no words":            {"claim: A dead app is a 502.", `claim: " "`, `a.yaml:3: A1: claim is missing`},
		"no fingerprint": {`fingerprint: "0123456789ab"`, `fingerprint: "0123"`,
			`a.yaml:3: A1: at must have line, fragment and fingerprint`},
		"no such expression": {"{status: 502}", "{log: [{level: error, match: '('}]}", "a.yaml:7: "},
		"proven of no trial": {"{status: 502}", "{proven: true}", "a.yaml:7: A1: proven is about a fix"},
		"subsets and more": {"{needed: [proxy_read_timeout]}", "{needed: [proxy_read_timeout], status: 502}",
			`a.yaml:9: A1: needed, idle and harmful are about separate trials`},
		"no claims whatsoever": {"claims:" + soundClaims[strings.Index(soundClaims, "\n  - id"):], "claims: []",
			"a.yaml:1: the file has no claims"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(soundClaims, test.old, test.new, 1)
			if text == soundClaims {
				t.Fatal("the mistake was not made")
			}
			_, err := Load("a.yaml", text, catalogue(t))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the mistake is called\n%v\nand should be\n%s", err, test.want)
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	text := strings.NewReplacer("id: A2", "id: A1", "{status: 502}", "{}").Replace(soundClaims)
	_, err := Load("a.yaml", text, catalogue(t))
	var mistakes strict.Mistakes
	if !errors.As(err, &mistakes) || len(mistakes) != 2 {
		t.Errorf("found %v, and there are two", err)
	}
}

func TestMoments(t *testing.T) {
	for _, s := range catalogue(t) {
		switch s.ID {
		case "wrong-port":
			if got := strings.Join(Moments(s), ", "); got != "healthy, broken, fix point-nginx-at-the-port, fix "+
				"move-the-app, wrong fix restart-the-app, wrong fix reload-nginx, wrong fix raise-timeouts" {
				t.Error(got)
			}
		case "wildcard-bind":
			if got := strings.Join(Moments(s), ", "); got != "healthy, shows ipv4-wildcard, shows ipv6-wildcard" {
				t.Error(got)
			}
		}
	}
}
