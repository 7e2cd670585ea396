package output

import (
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

var hostileFinding = Finding{
	Rule: "C12", Level: "error", File: "a,b:c.md", Line: 3, End: 4,
	Title: "100% \x1b[31mwrong", Message: "first\nsecond\u202e::error::third",
}

func TestSARIFIsValid(t *testing.T) {
	var b strings.Builder
	findings := []Finding{hostileFinding, {Rule: "C13", Level: "note", File: "g.md", Title: "t", Message: "m"}}
	if err := writeSARIF(&b, "v1", findings); err != nil {
		t.Fatal(err)
	}
	read, err := sarif.FromString(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := read.Validate(); err != nil {
		t.Fatal(err)
	}
	results := read.Runs[0].Results
	if len(results) != 2 || *results[0].RuleID != "C12" || results[0].Level != "error" ||
		*results[0].Locations[0].PhysicalLocation.Region.EndLine != 4 {
		t.Errorf("results: %s", b.String())
	}
	if strings.Contains(b.String(), "\u202e") {
		t.Error("what turns the direction of writing is still there")
	}
}

func TestSARIFWithoutFindingsHasResults(t *testing.T) {
	var b strings.Builder
	if err := writeSARIF(&b, "v1", nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"results": []`) {
		t.Errorf("code scanning wants a list: %s", b.String())
	}
}

func TestGitHubAnnotations(t *testing.T) {
	var b strings.Builder
	if err := writeGitHub(&b, []Finding{hostileFinding}); err != nil {
		t.Fatal(err)
	}
	want := "::error file=a%2Cb%3Ac.md,line=3,endLine=4,title=C12%3A 100%25 wrong::first%0Asecond::error::third\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}
