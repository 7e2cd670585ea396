package guide

import "testing"

func TestCovers(t *testing.T) {
	d := document(t, "# A title with a 502\n\n"+aGuide+"\nThat is a matter of taste.\n\n- Then run nginx -t and reload.\n")
	c := Claims{Claims: []Claim{at(t, d, "dead gives"), at(t, d, "nginx -t")}}
	got := d.Covers(c, false)
	// There are six sentences. One of them is only a matter of taste, and one appears twice.
	if got.Statements != 7 || got.Checkable != 6 || got.Counted != 6 || got.Claimed != 3 || len(got.Missing) != 3 || got.Percent() != 50 {
		t.Errorf("of those that look checkable: %+v", got)
	}
	if got := d.Covers(c, true); got.Counted != 7 || got.Claimed != 3 || len(got.Missing) != 4 || got.Percent() != 42 {
		t.Errorf("of all: %+v", got)
	}
	// A statement that has changed is not covered by the claim about the old one.
	changed := document(t, "An app that is dead gives a 504.\n")
	if got := changed.Covers(c, false); got.Claimed != 0 || got.Percent() != 0 {
		t.Errorf("of a changed statement: %+v", got)
	}
	if got := (Coverage{}).Percent(); got != 100 {
		t.Errorf("of nothing: %d", got)
	}
}

func TestCheckable(t *testing.T) {
	for text, want := range map[string]bool{
		"It answers 502.":                        true,
		"The log has (13: Permission denied).":   true,
		"Set keepalive_timeout in the location.": true,
		"Run systemctl status app.":              true,
		"The app listens on 127.0.0.1.":          true,
		"It waits for 5 seconds.":                true,
		"Only TLS 1.3 is spoken.":                true,
		"It is off by default.":                  true,
		"Reloading is harmless, a reload is.":    true,
		"We like short guides.":                  false,
		"Think before you act.":                  false,
		"There are many reasons.":                false,
	} {
		if got := (Statement{Kind: Sentence, Text: text}).Checkable(); got != want {
			t.Errorf("%q looks checkable: %t", text, got)
		}
	}
	if (Statement{Kind: Heading, Text: "The 502"}).Checkable() {
		t.Error("a heading looks checkable")
	}
	if !(Statement{Kind: Log, Text: "[error] anything"}).Checkable() {
		t.Error("a sample does not look checkable")
	}
}
