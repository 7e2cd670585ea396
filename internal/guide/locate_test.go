package guide

import (
	"slices"
	"strings"
	"testing"
)

// This guide is made up for the tests.
const aGuide = `An app that is dead gives a 502. A slow one gives a 504 after 60 s.

2024/05/06 07:08:09 [error] 11#11: *3 connect() failed (111: Connection refused) while connecting to upstream

- Set proxy_read_timeout 90s; for reports.
- Then run nginx -t and reload.
`

func document(t *testing.T, text string) Document {
	t.Helper()
	d, err := Read("guide.txt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// at returns a claim about the only statement of a guide with this fragment.
func at(t *testing.T, d Document, fragment string) Claim {
	t.Helper()
	c := Claim{ID: "A1", At: Place{Fragment: fragment}}
	found := d.withFragment(c)
	if len(found) != 1 {
		t.Fatalf("%d statements have %q", len(found), fragment)
	}
	c.At.Line, c.At.Fingerprint = found[0].Line, Fingerprint(found[0].Text)
	return c
}

func TestFind(t *testing.T) {
	for name, test := range map[string]struct {
		fragment, old, new string
		standing           Standing
		line               int
	}{
		"untouched":            {"dead gives", "", "", Stands, 1},
		"in other quotes":      {"proxy_read_timeout", "proxy_read_timeout 90s;", "`proxy_read_timeout 90s;`", Stands, 5},
		"with other blanks":    {"dead gives", "is dead gives", "is\u00a0dead  gives", Stands, 1},
		"in capitals":          {"dead gives", "An app that is dead", "AN APP that is DEAD", Stands, 1},
		"moved":                {"proxy_read_timeout", "- Set", "\nA new paragraph.\n\n- Set", Moved, 8},
		"a status altered":     {"dead gives", "502", "503", Changed, 1},
		"a number altered":     {"slow one", "60 s", "30 s", Changed, 1},
		"a level altered":      {"connect() failed", "[error]", "[crit]", Changed, 3},
		"an errno altered":     {"connect() failed", "(111:", "(110:", Changed, 3},
		"its text altered":     {"connect() failed", "Connection refused", "Connection reset", Changed, 3},
		"a value altered":      {"proxy_read_timeout", "90s", "900s", Changed, 5},
		"the fragment altered": {"proxy_read_timeout", "proxy_read_timeout", "proxy_send_timeout", Gone, 0},
		"a command altered":    {"nginx -t", "and reload", "and restart", Changed, 6},
		"an option altered":    {"and reload", "nginx -t", "nginx -T", Changed, 6},
		"negated":              {"dead gives", "gives a 502", "gives no 502", Changed, 1},
		"taken away":           {"slow one", " A slow one gives a 504 after 60 s.", "", Gone, 0},
		"a sample taken away": {"connect() failed", "2024/05/06 07:08:09 [error] 11#11: *3 connect() failed (111: " +
			"Connection refused) while connecting to upstream", "", Gone, 0},
	} {
		t.Run(name, func(t *testing.T) {
			claim := at(t, document(t, aGuide), test.fragment)
			text := strings.Replace(aGuide, test.old, test.new, 1)
			if test.old != "" && text == aGuide {
				t.Fatal("nothing was altered")
			}
			f := document(t, text).Find(claim)
			if f.Standing != test.standing || f.Statement.Line != test.line {
				t.Errorf("found %s on line %d (%q), and it is %s on line %d", f.Standing, f.Statement.Line, f.Note, test.standing,
					test.line)
			}
			if (f.Note == "") != (test.standing == Stands) || f.Here() != (test.standing == Stands || test.standing == Moved) {
				t.Errorf("%s: here: %t, %q", f.Standing, f.Here(), f.Note)
			}
		})
	}
}

// If two statements are the same, the nearer one is meant.
func TestFindTheNearest(t *testing.T) {
	d := document(t, "Run nginx -t first.\n\nSomething else.\n\nRun nginx -t first.\n")
	claim := at(t, d, "nginx -t")
	for line, want := range map[int]int{1: 1, 2: 1, 4: 5, 5: 5} {
		claim.At.Line = line
		if f := d.Find(claim); f.Statement.Line != want {
			t.Errorf("from line %d it is found on line %d, not %d", line, f.Statement.Line, want)
		}
	}
}

// If that one has changed, the other one must not be taken for it.
func TestFindWithATwin(t *testing.T) {
	const text = "Run nginx -t first.\n\nSomething else.\n\nRun nginx -t first.\n"
	claim := at(t, document(t, text), "nginx -t")
	for altered, want := range map[string]Found{
		strings.Replace(text, "first", "last", 1):           {Standing: Changed, Statement: Statement{Line: 1}},
		strings.Replace(text, "Run nginx -t first.", "", 1): {Standing: Moved, Statement: Statement{Line: 5}},
		text[:len(text)-len("first.\n")] + "last.\n":        {Standing: Stands, Statement: Statement{Line: 1}},
	} {
		if f := document(t, altered).Find(claim); f.Standing != want.Standing || f.Statement.Line != want.Statement.Line {
			t.Errorf("of %q: %s on line %d", altered, f.Standing, f.Statement.Line)
		}
	}
}

func TestFits(t *testing.T) {
	d := document(t, aGuide)
	c := Claims{Claims: []Claim{at(t, d, "dead gives"), at(t, d, "slow one"),
		{At: Place{Fragment: "nowhere", Fingerprint: "000000000000"}}}}
	if n := c.Fits(d); n != 2 {
		t.Errorf("%d claims fit, and 2 do", n)
	}
	if n := c.Fits(document(t, "A text about something else.\n")); n != 0 {
		t.Errorf("%d claims fit a text about something else", n)
	}
}

// If two statements have the same words, each has its own claim. When one of them is changed
// or removed, only its own claim is affected.
func TestTwins(t *testing.T) {
	const text = "tail -n 50 error.log\n\nBetween them.\n\nMore.\n\ntail -n 50 error.log\n"
	claims := Claims{Claims: []Claim{
		{ID: "A1", At: Place{Line: 1, Fragment: "tail -n", Fingerprint: Fingerprint("tail -n 50 error.log")}},
		{ID: "A2", At: Place{Line: 7, Fragment: "tail -n", Fingerprint: Fingerprint("tail -n 50 error.log")}},
		{ID: "A3", At: Place{Line: 7, Fragment: "tail -n", Fingerprint: Fingerprint("tail -n 50 error.log")}},
	}}
	for name, test := range map[string]struct {
		text string
		want []Standing
	}{
		"both":              {text, []Standing{Stands, Stands, Stands}},
		"both moved":        {"New.\n\n" + text, []Standing{Moved, Moved, Moved}},
		"the first gone":    {"Between them.\n\nMore.\n\ntail -n 50 error.log\n", []Standing{Gone, Moved, Moved}},
		"the second gone":   {"tail -n 50 error.log\n\nBetween them.\n\nMore.\n", []Standing{Stands, Gone, Gone}},
		"the first altered": {strings.Replace(text, "50", "20", 1), []Standing{Changed, Stands, Stands}},
	} {
		d, err := Read("guide.txt", []byte(test.text))
		if err != nil {
			t.Fatal(err)
		}
		var got []Standing
		for _, f := range d.FindAll(claims) {
			got = append(got, f.Standing)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
