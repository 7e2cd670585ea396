package guide

import (
	"strings"
	"testing"
)

const toAccept = `guide: a guide of our own
claims:
  # A comment stays.
  - id: A1
    at: {line: 1, fragment: "dead gives", fingerprint: "000000000000"}
    claim: A dead app is a 502.
    untestable: "opinion: line: 7 and fingerprint: abc stay as they are"
  - id: A2
    at:
      line: 9
      fragment: "nginx -t"
      fingerprint: "000000000000"
    claim: A test comes first.
    untestable: "advice: an order"
`

func accepted(t *testing.T, guide, text string, ids ...string) (string, error) {
	t.Helper()
	claims, err := Load("a.yaml", text, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	return Accept(document(t, guide), claims, text, ids)
}

func TestAccept(t *testing.T) {
	text, err := accepted(t, aGuide, toAccept)
	if err != nil {
		t.Fatal(err)
	}
	d := document(t, aGuide)
	claims, err := Load("a.yaml", text, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range claims.Claims {
		if f := d.Find(c); f.Standing != Stands {
			t.Errorf("%s: %s: %s", c.ID, f.Standing, f.Note)
		}
	}
	for _, kept := range []string{"# A comment stays.", "line: 7 and fingerprint: abc stay as they are",
		"\n      fragment: \"nginx -t\"\n"} {
		if !strings.Contains(text, kept) {
			t.Errorf("%q is gone from\n%s", kept, text)
		}
	}
	if again, err := accepted(t, aGuide, text); err != nil || again != text {
		t.Errorf("a second time it changes: %v\n%s", err, again)
	}
}

func TestAcceptOne(t *testing.T) {
	text, err := accepted(t, aGuide, toAccept, "A2")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, `{line: 1, fragment: "dead gives", fingerprint: "000000000000"}`) || strings.Contains(text, "line: 9") {
		t.Errorf("not A2 alone was accepted:\n%s", text)
	}
}

func TestAcceptRefuses(t *testing.T) {
	for name, test := range map[string]struct{ guide, want string }{
		"a fragment that is gone": {"A text about something else.\n",
			`a.yaml:4: A1: no statement in "guide.txt" contains the fragment "dead gives"`},
		"a fragment of two statements": {aGuide + "\nOne that is dead gives nothing.\n",
			`a.yaml:4: A1: the fragment "dead gives" is on lines 1 and 8`},
		"and both mistakes of two at it": {"Nothing of it.\n", `a.yaml:8: A2: no statement`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := accepted(t, test.guide, toAccept); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("it said %v", err)
			}
		})
	}
}

// Two statements with the same words count as one.
func TestAcceptTheSameTwice(t *testing.T) {
	if _, err := accepted(t, aGuide+"\n- Then run nginx -t and reload.\n", toAccept); err != nil {
		t.Error(err)
	}
}

// The claim may come before at, and may contain text that looks like at.
func TestAcceptLeavesTheWords(t *testing.T) {
	const claim = "claim: \"It says line: 5, and fingerprint: abc\"\n    "
	text := strings.Replace(strings.Replace(toAccept, "    claim: A dead app is a 502.\n", "", 1), "at: {line: 1", claim+"at: {line: 1", 1)
	got, err := accepted(t, aGuide, text)
	if err != nil || !strings.Contains(got, claim) {
		t.Errorf("%v\n%s", err, got)
	}
}
