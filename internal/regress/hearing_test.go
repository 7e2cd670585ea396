package regress

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/trial"
)

// Hearings are alone: nothing runs beside them.
func TestHearingsAreAlone(t *testing.T) {
	t.Parallel()
	recorded := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	f := &fakeNginx{t: t, lasts: 5 * time.Millisecond}
	if all := checkFake(t, f, sourceOf(t, strings.Replace(shop, "15s", "16s", 1)), recorded); len(all) != 5 {
		t.Errorf("%d differences", len(all))
	}
	f.lastAlone(5 * maxHearings)
	more := &fakeNginx{t: t, lasts: 5 * time.Millisecond}
	const two = `server { server_name two; location /a { proxy_pass http://10.0.0.4; } location /b { proxy_pass http://10.0.0.5; } }`
	if all := checkFake(t, more, sourceOf(t, shop+two), recorded); len(all) != 1 {
		t.Errorf("a new server: %d differences", len(all))
	}
	more.lastAlone(2 * 4 * maxHearings) // two locations, each alive and dead in three ways
	if slices.Max(f.beside) < 3 {
		t.Errorf("the other trials were not side by side: %v", f.beside)
	}
}

// A field that is another one in each hearing is chance, as with a method that draws lots;
// what is the same each time stands beside it.
func TestHearingsOfChance(t *testing.T) {
	t.Parallel()
	recorded := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	for _, row := range []struct {
		name    string
		change  func(n int, a *trial.Answer)
		fields  []string
		unclear int
	}{
		{"chance alone", func(n int, a *trial.Answer) { a.Client.Status = 500 + n }, nil, 1},
		{"chance and a change", func(n int, a *trial.Answer) { a.Client.Status, a.Client.Complete = 500+n, false }, []string{"cut"}, 0},
		{"a change", func(_ int, a *trial.Answer) { a.Client.Status, a.Client.Complete = 500, false }, []string{"status", "cut"}, 0},
	} {
		n := 0
		f := &fakeNginx{t: t, bend: turned("close", always, func(seen *trial.Observation) {
			n++
			row.change(n, &seen.Phases[0].Answers[0])
		})}
		checked, err := Check(t.Context(), f, sourceOf(t, shop), options, recorded)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range checked.Differences {
			got = append(got, d.Fields...)
		}
		if !slices.Equal(got, row.fields) || len(checked.Inconclusive) != row.unclear {
			t.Errorf("%s: fields %q, want %q; %+v", row.name, got, row.fields, checked.Inconclusive)
		}
	}
	// Of an expectation it is enough that it is never met.
	expecting := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	expecting.find("shop.example.com", "/one", "GET /one", Entry{Fault: "close"}).Expect = &Expect{Status: 418}
	n := 0
	f := &fakeNginx{t: t, bend: turned("close", always, func(seen *trial.Observation) {
		n++
		seen.Phases[0].Answers[0].Client.Status = 500 + n
	})}
	if all := checkFake(t, f, sourceOf(t, shop), expecting); len(all) != 1 || all[0].Was != "expected 418" {
		t.Errorf("%+v", all)
	}
	// And it must never be met: here it is in the second hearing.
	f = &fakeNginx{t: t, bend: turned("close", at(2), func(seen *trial.Observation) {
		seen.Phases[0].Answers[0].Client.Status = 418
	})}
	checked, err := Check(t.Context(), f, sourceOf(t, shop), options, expecting)
	if err != nil || len(checked.Differences) != 0 || len(checked.Inconclusive) != 1 {
		t.Errorf("%v: %+v and %+v", err, checked.Differences, checked.Inconclusive)
	}
}
