package regress

import (
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/trial"
)

// turned makes a bend that changes what is seen under one fault, at one server alone; on
// says of each of these trials, counted from 0, whether it does.
func turned(fault string, on func(number int) bool, change func(*trial.Observation)) func(int, trial.Trial, *trial.Observation) {
	var count atomic.Int64
	return func(_ int, what trial.Trial, seen *trial.Observation) {
		if what.Name != fault || what.Probes["p000"].Exactly.Path != "/one" {
			return
		}
		if n := int(count.Add(1)) - 1; on(n) {
			change(seen)
		}
	}
}

func always(int) bool { return true }

func at(numbers ...int) func(int) bool {
	return func(n int) bool {
		for _, one := range numbers {
			if n == one {
				return true
			}
		}
		return false
	}
}

// answers418 is nothing that nginx says by itself.
func answers418(seen *trial.Observation) { seen.Phases[0].Answers[0].Client.Status = 418 }

func stalls(seen *trial.Observation) {
	answers418(seen)
	seen.Stall = protocol.Duration(2 * trial.TooSlow)
}

// A difference stands if each hearing says the same, and is inconclusive if they differ.
func TestSecondHearing(t *testing.T) {
	t.Parallel()
	recorded := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	const inconclusive = "/one with an upstream that closes the connection without an answer: inconclusive: "
	for _, row := range []struct {
		name       string
		on         func(int) bool
		change     func(*trial.Observation)
		believe    bool
		difference string
		unclear    string
		trials     int // with the fault
	}{
		{
			"each time", always, answers418, false,
			"/one with an upstream that closes the connection without an answer: 418 from nginx, tried 10.0.0.3:80, was 502", "", 4,
		},
		{"never", at(), answers418, false, "", "", 1},
		{"at first only", at(0), answers418, false, "", "", 4},
		{
			"at first and in the second hearing", at(0, 2), answers418, false, "",
			inconclusive + changing + ": 418 from nginx, tried 10.0.0.3:80; then as recorded; then 418 from nginx, tried 10.0.0.3:80", 3,
		},
		{
			"in all but the last hearing", at(0, 1, 2), answers418, false, "",
			inconclusive + changing + ": 418 from nginx, tried 10.0.0.3:80; then 418 from nginx, tried 10.0.0.3:80; " +
				"then 418 from nginx, tried 10.0.0.3:80; then as recorded", 4,
		},
		{"at first only, and believed", at(0), answers418, true, "/one with", "", 1},
		{
			"on a slow machine", always, stalls, false, "",
			inconclusive + "the machine is too slow to tell: in each of 3 runs a process waited for 100ms or more, 200ms in the last", 6,
		},
		{"on a machine that is slow beside other trials", at(0, 1, 2), stalls, false, "", "", 4},
		{
			"on a slow machine, and as recorded", always, func(seen *trial.Observation) { seen.Stall = protocol.Duration(time.Second) },
			false, "", "", 6,
		},
		{
			"at first, and as recorded on a slow machine then", always, func() func(*trial.Observation) {
				n := 0
				return func(seen *trial.Observation) {
					if n++; n == 1 {
						answers418(seen)
						return
					}
					seen.Stall = protocol.Duration(time.Second)
				}
			}(), false, "", "", 1 + 3*tries,
		},
		{
			"at first, and then the machine is slow", always, func() func(*trial.Observation) {
				n := 0
				return func(seen *trial.Observation) {
					if n++; n > 1 {
						stalls(seen)
					}
					answers418(seen)
				}
			}(), false, "", inconclusive + "the machine is too slow to tell", 4,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeNginx{t: t, bend: turned("close", row.on, row.change)}
			believing := options
			believing.NoSecondHearing = row.believe
			checked, err := Check(t.Context(), f, sourceOf(t, shop), believing, recorded)
			if err != nil {
				t.Fatal(err)
			}
			if got := only(checked.Differences, func(d Difference) string { return d.Says }); !begins(got, row.difference) {
				t.Errorf("differences: %q, want %q", got, row.difference)
			}
			if got := only(checked.Inconclusive, func(n Inconclusive) string { return n.Says }); !begins(got, row.unclear) {
				t.Errorf("inconclusive: %q, want %q", got, row.unclear)
			}
			of := 0
			for _, name := range f.ran {
				if name == "close /one" {
					of++
				}
			}
			if of != row.trials {
				t.Errorf("%d trials, want %d", of, row.trials)
			}
		})
	}
}

// only is the one sentence of a list, or how many there are.
func only[T any](all []T, says func(T) string) string {
	switch len(all) {
	case 0:
		return ""
	case 1:
		return says(all[0])
	}
	return "several"
}

func begins(got, want string) bool {
	if want == "" {
		return got == ""
	}
	return strings.HasPrefix(got, want)
}

// A location that no request gets to in one survey may be there in the next.
func TestSecondSurvey(t *testing.T) {
	t.Parallel()
	recorded := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	lost := func(seen *trial.Observation) {
		for i := range seen.Phases[0].Answers {
			seen.Phases[0].Answers[i].Access = nil
		}
	}
	for _, row := range []struct {
		on         func(int) bool
		difference string
		unclear    string
	}{
		{always, "the location /one of shop.example.com is gone, or no request gets there", ""},
		{at(), "", ""},
		{
			at(0), "", "/one: inconclusive: " + changing +
				": no request gets there; then GET /one gets to 10.0.0.3:80, which can fail in 12 ways",
		},
	} {
		f := &fakeNginx{t: t, bend: turned("survey", row.on, lost)}
		checked, err := Check(t.Context(), f, sourceOf(t, shop), options, recorded)
		if err != nil {
			t.Fatal(err)
		}
		if got := only(checked.Differences, func(d Difference) string { return d.Says }); got != row.difference {
			t.Errorf("differences: %q, want %q", got, row.difference)
		}
		if got := only(checked.Inconclusive, func(n Inconclusive) string { return n.Says }); got != row.unclear {
			t.Errorf("inconclusive: %q, want %q", got, row.unclear)
		}
	}
}

// What nobody can tell is not written down: what was recorded before stays, and a cell
// that was not recorded is left out.
func TestRecordOnASlowMachine(t *testing.T) {
	t.Parallel()
	before := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	close := Entry{Fault: "close"}
	slow := func() *fakeNginx { return &fakeNginx{t: t, bend: turned("close", always, stalls)} }
	for _, row := range []struct {
		name   string
		before Behaviour
		want   *Entry
	}{
		{"for the first time", Behaviour{}, nil},
		{"again", before, before.find("shop.example.com", "/one", "GET /one", close)},
	} {
		r, err := Record(t.Context(), slow(), sourceOf(t, shop), options, row.before, 2)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Behaviour.find("shop.example.com", "/one", "GET /one", close); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: recorded is %+v, want %+v", row.name, got, row.want)
		}
		if len(r.Inconclusive) != 1 || r.Inconclusive[0].Fault != "close" || r.Inconclusive[0].Line != 10 {
			t.Errorf("%s: inconclusive is %+v", row.name, r.Inconclusive)
		}
		if text, err := r.Behaviour.Bytes(); err != nil || strings.Contains(string(text), "418") {
			t.Errorf("%s: %v, %s", row.name, err, text)
		}
	}
}

// A location that no request gets to on a slow machine stays as it was recorded; it is
// neither gone nor left out without a word.
func TestLostLocation(t *testing.T) {
	t.Parallel()
	before := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	slow := func(on func(int) bool) *fakeNginx {
		return &fakeNginx{t: t, bend: turned("survey", on, func(seen *trial.Observation) {
			for i := range seen.Phases[0].Answers {
				seen.Phases[0].Answers[i].Access = nil
			}
			seen.Stall = protocol.Duration(trial.TooSlow)
		})}
	}
	const says = "/one: inconclusive: no request got there: the machine is too slow to tell"
	r, err := Record(t.Context(), slow(always), sourceOf(t, shop), options, before, 1)
	if err != nil {
		t.Fatal(err)
	}
	was, _ := before.Bytes()
	if is, _ := r.Behaviour.Bytes(); string(is) != string(was) {
		t.Errorf("recorded is\n%s\nwant\n%s", is, was)
	}
	if got := only(r.Inconclusive, func(n Inconclusive) string { return n.Says }); !begins(got, says) {
		t.Errorf("inconclusive: %q", got)
	}
	checked, err := Check(t.Context(), slow(always), sourceOf(t, shop), options, before)
	if err != nil {
		t.Fatal(err)
	}
	if got := only(checked.Inconclusive, func(n Inconclusive) string { return n.Says }); !begins(got, says) || checked.Differences != nil {
		t.Errorf("inconclusive: %q; differences: %+v", got, checked.Differences)
	}
	r, err = Record(t.Context(), slow(at(0, 1)), sourceOf(t, shop), options, Behaviour{}, 1) // the third try is quick
	if err != nil || r.Inconclusive != nil || len(matrixText(r.Behaviour, "/one")) == 0 {
		t.Errorf("%v: %+v", err, r.Inconclusive)
	}
}

// A cell of which nobody can tell is no cell that cannot happen any more, under whatever
// name its server goes, and one that a rule ignores does not matter.
func TestInconclusiveIsNoDifference(t *testing.T) {
	t.Parallel()
	recorded := recordFake(t, &fakeNginx{t: t}, sourceOf(t, shop), Behaviour{}, 1)
	ignoring := recorded
	ignoring.Ignore = []Ignore{{Fault: "close"}}
	moved := strings.Replace(shop, "listen 80;", "listen 81;", 1)
	for _, row := range []struct {
		name        string
		recorded    Behaviour
		text        string
		differences int
		unclear     int
	}{
		{"as before", recorded, shop, 0, 1},
		{"ignored", ignoring, shop, 0, 0},
		{"elsewhere", recorded, moved, 1, 1}, // it listens on another port
	} {
		f := &fakeNginx{t: t, bend: turned("close", always, stalls)}
		checked, err := Check(t.Context(), f, sourceOf(t, row.text), options, row.recorded)
		if err != nil {
			t.Fatal(err)
		}
		if len(checked.Differences) != row.differences || len(checked.Inconclusive) != row.unclear {
			t.Errorf("%s: %+v and %+v", row.name, checked.Differences, checked.Inconclusive)
		}
	}
}
