package explain

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/signature"
	"github.com/gatewaylab/lab/scenarios"
)

// guide is where lab's own guide stands; it has an anchor for each signature.
const guide = "https://github.com/gatewaylab/lab/blob/main/docs/guide.md#"

// Book is what answers are made of.
type Book struct {
	set       *signature.Set
	scenarios []scenario.Scenario
	producers map[string][]string // signature's id -> scenarios' ids
	lastRun   func(id string) *LastRun
}

// LastRun is when and with which outcome this machine ran a scenario last.
type LastRun struct {
	When    time.Time `json:"when"`
	Nginx   string    `json:"nginx"`
	Verdict string    `json:"verdict"`
}

// NewBook takes the signatures and the catalogue together. Which scenarios produce a
// signature's line is not written down: it follows from their recorded lines.
func NewBook(
	set *signature.Set, all []scenario.Scenario, recorded []scenarios.RecordedLine, lastRun func(id string) *LastRun,
) *Book {
	b := &Book{set, all, map[string][]string{}, lastRun}
	for _, r := range recorded {
		for _, s := range set.MatchMessage(r.Message) {
			if !slices.Contains(b.producers[s.ID], r.Scenario) {
				b.producers[s.ID] = append(b.producers[s.ID], r.Scenario)
			}
		}
	}
	return b
}

// Answer is what is to be said of a cause.
type Answer struct {
	Title      string            `json:"title"`
	Means      string            `json:"means"`
	Status     string            `json:"status"`  // that the client got
	Retried    bool              `json:"retried"` // if there is another server it is asked, by default, and its answer is the client's
	Levels     []signature.Level `json:"levels"`  // that nginx writes it at
	Phases     []string          `json:"phases"`  // what nginx is doing then, "while …"; none: whatever
	Apart      []string          `json:"apart"`   // how to tell the scenarios apart
	LookAlikes []LookAlike       `json:"lookAlikes"`
	Scenarios  []Possible        `json:"scenarios"` // that produce the line
	Guide      string            `json:"guide"`
}

// LookAlike is another cause that is easily taken for this one.
type LookAlike struct {
	Cause string `json:"cause"`
	Title string `json:"title"`
	Tell  string `json:"tell"`
}

// Possible is a scenario that produces the line, with what repairs it.
type Possible struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Debrief string   `json:"debrief"`
	Fixes   []Fix    `json:"fixes"`
	LastRun *LastRun `json:"lastRun"` // null: not on this machine yet
	Run     string   `json:"run"`     // the command that shows it happen
}

// Fix is a fix that a scenario's run proves.
type Fix struct {
	ID  string `json:"id"`
	Say string `json:"say"`
}

// passOf is the directive by which a configuration leads to an upstream, by the scheme of
// its address in the error log; "": none does.
func passOf(scheme string) string {
	if f, _, ok := nginx.FamilyOfScheme(scheme); ok {
		scheme = f.Name
	} else if scheme != "memcached" {
		return ""
	}
	return scheme + "_pass"
}

// Answer is what is to be said of a signature, with an entry that it fits. Of the
// scenarios those are left that speak the protocol of the entry's upstream, if any do.
func (b *Book) Answer(s *signature.Signature, e Entry) Answer {
	a := Answer{Title: s.Title, Means: s.Means, Status: s.Status, Retried: s.Retried, Levels: s.Levels,
		Phases: append([]string{}, s.While...), Apart: append([]string{}, s.Apart...), LookAlikes: []LookAlike{}, Scenarios: []Possible{}, Guide: guide + s.ID}
	for _, l := range s.LookAlikes {
		a.LookAlikes = append(a.LookAlikes, LookAlike{l.ID, b.set.Find(l.ID).Title, l.Tell})
	}
	var all, narrowed []scenario.Scenario
	scheme, _, _ := strings.Cut(e.Upstream, "://")
	pass := passOf(scheme)
	for _, one := range b.scenarios {
		if !slices.Contains(b.producers[s.ID], one.ID) && !leaves(one, e) {
			continue
		}
		all = append(all, one)
		if strings.Contains(one.Files[one.BrokenStage().Nginx], pass+" ") {
			narrowed = append(narrowed, one)
		}
	}
	if pass != "" && len(narrowed) > 0 {
		all = narrowed
	}
	// What may happen to any app comes before what happens to one server's.
	slices.SortStableFunc(all, func(x, y scenario.Scenario) int { return cmp.Compare(min(len(x.Server), 1), min(len(y.Server), 1)) })
	for _, one := range all {
		p := Possible{ID: one.ID, Title: one.Title, Debrief: one.Debrief, Fixes: []Fix{}, LastRun: b.lastRun(one.ID), Run: "lab run " + one.ID}
		for _, f := range one.Fixes {
			p.Fixes = append(p.Fixes, Fix{f.ID, f.Say})
		}
		a.Scenarios = append(a.Scenarios, p)
	}
	return a
}

// leaves reports whether a scenario says of itself that it leaves such an entry: a
// team's own scenarios are not among the recorded ones.
func leaves(one scenario.Scenario, e Entry) bool {
	said := e.Message
	if e.Phase != "" {
		said += " while " + e.Phase
	}
	return slices.ContainsFunc(one.Symptom.Log, func(p scenario.LogPattern) bool { return p.Match.MatchString(said) })
}
