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

// guide is the address of lab's own guide, which has an anchor for each signature.
const guide = "https://github.com/gatewaylab/lab/blob/main/docs/guide.md#"

// Book contains what answers are made from.
type Book struct {
	set       *signature.Set
	scenarios []scenario.Scenario
	producers map[string][]string // maps the id of a signature to the ids of the scenarios that produce its line
	lastRun   func(id string) *LastRun
}

// LastRun is the time and the outcome of a scenario's last run on this machine.
type LastRun struct {
	When    time.Time `json:"when"`
	Nginx   string    `json:"nginx"`
	Verdict string    `json:"verdict"`
}

// NewBook combines the signatures and the catalogue. Which scenarios produce a signature's
// line follows from the recorded lines of the scenarios; it is not written down anywhere.
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

// Answer is everything that lab can say about a cause.
type Answer struct {
	Title  string `json:"title"`
	Means  string `json:"means"`
	Status string `json:"status"` // the status that the client got
	// Retried says whether by default nginx asks another server, if there is one, whose answer the
	// client then gets.
	Retried    bool              `json:"retried"`
	Levels     []signature.Level `json:"levels"` // the levels at which nginx writes the line
	Phases     []string          `json:"phases"` // what nginx is doing at that moment, "while …"; empty if it can be anything
	Apart      []string          `json:"apart"`  // how to tell the scenarios apart
	LookAlikes []LookAlike       `json:"lookAlikes"`
	Scenarios  []Possible        `json:"scenarios"` // the scenarios that produce the line
	Guide      string            `json:"guide"`
}

// LookAlike is another cause that is easily mistaken for this one.
type LookAlike struct {
	Cause string `json:"cause"`
	Title string `json:"title"`
	Tell  string `json:"tell"`
}

// Possible is a scenario that produces the line, with its fixes.
type Possible struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Debrief string   `json:"debrief"`
	Fixes   []Fix    `json:"fixes"`
	LastRun *LastRun `json:"lastRun"` // null if the scenario has not run on this machine
	Run     string   `json:"run"`     // the command that demonstrates it
}

// Fix is a fix that is proven when the scenario runs.
type Fix struct {
	ID  string `json:"id"`
	Say string `json:"say"`
}

// passOf returns the directive that passes requests to an upstream, by the scheme of the
// upstream's address in the error log. It returns "" if there is none.
func passOf(scheme string) string {
	if f, _, ok := nginx.FamilyOfScheme(scheme); ok {
		scheme = f.Name
	} else if scheme != "memcached" {
		return ""
	}
	return scheme + "_pass"
}

// Answer returns everything that lab can say about a signature and an entry that matches it.
// If some scenarios use the protocol of the entry's upstream, it returns only those.
func (b *Book) Answer(s *signature.Signature, e Entry) Answer {
	a := Answer{Title: s.Title, Means: s.Means, Status: s.Status, Retried: s.Retried, Levels: s.Levels,
		Phases: append([]string{}, s.While...), Apart: append([]string{},
			s.Apart...), LookAlikes: []LookAlike{}, Scenarios: []Possible{}, Guide: guide + s.ID}
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
	// Scenarios for any app come before those for one server.
	slices.SortStableFunc(all, func(x, y scenario.Scenario) int { return cmp.Compare(min(len(x.Server), 1), min(len(y.Server), 1)) })
	for _, one := range all {
		p := Possible{ID: one.ID, Title: one.Title, Debrief: one.Debrief, Fixes: []Fix{}, LastRun: b.lastRun(one.ID),
			Run: "lab run " + one.ID}
		for _, f := range one.Fixes {
			p.Fixes = append(p.Fixes, Fix{f.ID, f.Say})
		}
		a.Scenarios = append(a.Scenarios, p)
	}
	return a
}

// leaves reports whether the symptom of a scenario matches an entry. It is for a team's own
// scenarios, which have no recorded lines.
func leaves(one scenario.Scenario, e Entry) bool {
	said := e.Message
	if e.Phase != "" {
		said += " while " + e.Phase
	}
	return slices.ContainsFunc(one.Symptom.Log, func(p scenario.LogPattern) bool { return p.Match.MatchString(said) })
}
