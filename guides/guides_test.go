package guides_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/guides"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/scenarios"
)

const parallel = 10

func catalogue(t *testing.T) []scenario.Scenario {
	t.Helper()
	all, err := scenario.Load(scenarios.FS)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func read(t *testing.T, file string) guide.Claims {
	t.Helper()
	text, err := guides.FS.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := guide.Load(file, string(text), catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// own is lab's own guide and the claims about it.
func own(t *testing.T) (guide.Document, guide.Claims) {
	t.Helper()
	text, err := os.ReadFile("../docs/guide.md")
	if err != nil {
		t.Fatal(err)
	}
	d, err := guide.Read("guide.md", text)
	if err != nil {
		t.Fatal(err)
	}
	return d, read(t, "guide.yaml")
}

// Claims name what is in the catalogue, and directives that can be tried singly.
func TestClaimsFit(t *testing.T) {
	files, err := fs.Glob(guides.FS, "*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if _, err := guide.NewPlan(guide.Document{}, read(t, file), catalogue(t)); err != nil {
			t.Error(err)
		}
	}
}

// Every statement of lab's own guide has a claim, and so has every scenario a row.
func TestOwnGuideIsCovered(t *testing.T) {
	d, claims := own(t)
	plan, err := guide.NewPlan(d, claims, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	c := d.Covers(plan.Claims, true)
	for _, s := range c.Missing {
		t.Errorf("docs/guide.md:%d: no claim: %s", s.Line, s.Text)
	}
	for _, s := range catalogue(t) {
		if !slices.ContainsFunc(plan.Claims.Claims, func(c guide.Claim) bool { return c.ID == "row-"+s.ID }) {
			t.Errorf("docs/guide.md has no row for the scenario %s", s.ID)
		}
	}
}

var (
	number = regexp.MustCompile(`\d`)
	word   = regexp.MustCompile(`[a-z]{4,}`)
)

// Whichever statement is altered or taken away, its claim is not there any more.
func TestEveryAlterationOfTheOwnGuideIsNoticed(t *testing.T) {
	d, claims := own(t)
	plan, err := guide.NewPlan(d, claims, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	gone := func(altered guide.Document, claims []guide.Claim) bool {
		return slices.ContainsFunc(claims, func(c guide.Claim) bool { return !altered.Find(c).Here() })
	}
	if gone(d, plan.Claims.Claims) {
		t.Fatal("the guide as it stands does not fit its claims")
	}
	for i, s := range d.Statements {
		if s.Kind == guide.Heading {
			continue
		}
		// To try all claims on all alterations takes an hour.
		about := slices.DeleteFunc(
			slices.Clone(plan.Claims.Claims),
			func(c guide.Claim) bool { return c.At.Fingerprint != guide.Fingerprint(s.Text) },
		)
		twice := slices.ContainsFunc(d.Statements, func(o guide.Statement) bool {
			return o.Line != s.Line && guide.Fingerprint(o.Text) == guide.Fingerprint(s.Text)
		})
		for _, change := range []func(string) string{
			func(text string) string { return "" },
			func(text string) string { return number.ReplaceAllString(text, "7") + " 7" },
			func(text string) string { return word.ReplaceAllString(text, "other") + " not" },
		} {
			altered := guide.Document{Statements: slices.Clone(d.Statements)}
			altered.Statements[i].Text = change(s.Text)
			if !gone(altered, about) && !twice {
				t.Errorf("docs/guide.md:%d: nobody notices that %q became %q", s.Line, s.Text, altered.Statements[i].Text)
			}
		}
	}
}

// The product's sentence, for every scenario on the real engine: the fault is live, nginx
// says what the scenario says, each fix works and each wrong one does not. And what lab's
// own guide says follows from it.
func TestOwnGuideIsTrue(t *testing.T) {
	d, claims := own(t)
	plan, err := guide.NewPlan(d, claims, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	made := func(id string) bool { return strings.Contains(id, "/") }
	pool := labtest.Pool(t)
	results := experiment.Run(t.Context(), pool, plan.Scenarios, experiment.Options{Parallel: parallel})
	proven, u := 0, &labtest.Undecided{TB: t}
	for _, r := range results {
		if made(r.ID) {
			continue
		}
		proven++
		if r.Verdict != experiment.Verified && len(r.Parts) == 0 {
			u.Note(u.Busy(r.Verdict, r.Cause), "%s: %s: %s: %v", r.ID, r.Verdict, r.Reason, r.Failure)
		}
		for _, p := range r.Parts {
			if p.Verdict != experiment.Verified {
				u.Note(u.Busy(p.Verdict, p.Cause), "%s: %s %s: %s: %s: %v", r.ID, p.Kind, p.ID, p.Verdict, p.Reason, p.Failure)
			}
		}
	}
	if all := catalogue(t); proven != len(all) {
		t.Errorf("%d scenarios were run, and there are %d", proven, len(all))
	}
	decided, _ := plan.Hear(d, plan.Decide(d, results), func(again []scenario.Scenario) []experiment.Result {
		return experiment.Run(t.Context(), pool, again, experiment.Options{NoSecondHearing: true})
	})
	for _, d := range decided {
		if d.Verdict != guide.Holds && d.Verdict != guide.Untestable {
			u.Note(d.Verdict == guide.Inconclusive && d.Found.Here(), "docs/guide.md:%d: %s: %s: %s",
				d.Found.Statement.Line, d.Claim.ID, d.Verdict, d.Reason)
		}
	}
}
