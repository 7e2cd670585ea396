package report

import (
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/output"
)

// guideDocument is the JSON form of a report on a guide.
type guideDocument struct {
	SchemaVersion int                `json:"schemaVersion"`
	Lab           string             `json:"lab"`
	Guide         string             `json:"guide"`
	ClaimsFile    string             `json:"claimsFile"`
	Started       time.Time          `json:"started"`
	Took          protocol.Duration  `json:"took"`
	Trials        int                `json:"trials"`
	Hearings      int                `json:"hearings,omitempty"`
	Nginx         protocol.NginxInfo `json:"nginx"`
	Image         Image              `json:"image"`
	ExitCode      int                `json:"exitCode"`
	Counts        map[string]int     `json:"counts"`
	Coverage      guideCoverage      `json:"coverage"`
	Claims        []guideClaim       `json:"claims"`
}

type guideCoverage struct {
	Statements int              `json:"statements"`
	Checkable  int              `json:"checkable"`
	Counted    int              `json:"counted"`
	Claimed    int              `json:"claimed"`
	Percent    int              `json:"percent"`
	Missing    []guideUnsettled `json:"missing"`
}

type guideUnsettled struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

type guideClaim struct {
	ID       string          `json:"id"`
	Verdict  guide.Verdict   `json:"verdict"`
	Allowed  bool            `json:"allowed,omitempty"`
	Line     int             `json:"line"`
	Standing guide.Standing  `json:"standing"`
	Note     string          `json:"note,omitempty"`
	Text     string          `json:"text,omitempty"` // the guide's own
	Claim    string          `json:"claim"`
	Reason   string          `json:"reason"`
	Correct  string          `json:"correct,omitempty"`
	Evidence []guideEvidence `json:"evidence"`
}

type guideEvidence struct {
	When     string          `json:"when"`
	Scenario string          `json:"scenario"`
	In       string          `json:"in"`
	Outcome  guide.Outcome   `json:"outcome"`
	Expected string          `json:"expected,omitempty"`
	Seen     string          `json:"seen,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	Trial    string          `json:"trial,omitempty"`
	Status   string          `json:"status,omitempty"`
	Log      string          `json:"log,omitempty"`
	Ablation *guide.Ablation `json:"ablation,omitempty"`
	Run      string          `json:"run"`
}

func (g Guide) value() any {
	d := guideDocument{
		SchemaVersion: output.SchemaVersion, Lab: g.Lab, Guide: g.Guide, ClaimsFile: g.Claims, Started: g.Started.UTC(),
		Took: protocol.Duration(g.Took), Trials: g.Trials, Hearings: g.Hearings,
		Nginx: g.Nginx, Image: g.Image, ExitCode: g.ExitCode, Counts: map[string]int{"total": len(g.Decisions)}, Claims: []guideClaim{},
		Coverage: guideCoverage{
			g.Coverage.Statements,
			g.Coverage.Checkable,
			g.Coverage.Counted,
			g.Coverage.Claimed,
			g.Coverage.Percent(),
			[]guideUnsettled{},
		},
	}
	for _, v := range claimVerdicts {
		d.Counts[string(v)] = g.Counts[v]
	}
	for _, s := range g.Coverage.Missing {
		d.Coverage.Missing = append(d.Coverage.Missing, guideUnsettled{s.Line, s.Text})
	}
	for _, one := range g.Decisions {
		c := guideClaim{
			ID: one.Claim.ID, Verdict: one.Verdict, Allowed: one.Verdict == guide.Refuted && g.allowed(one), Line: line(one),
			Standing: one.Found.Standing, Note: one.Found.Note,
			Text: one.Found.Statement.Text, Claim: one.Claim.Say, Reason: one.Reason, Evidence: []guideEvidence{},
		}
		if one.Verdict == guide.Refuted || one.Verdict == guide.Conditional {
			c.Correct = one.Claim.Correct
		}
		for _, e := range one.Evidence {
			c.Evidence = append(
				c.Evidence,
				guideEvidence{
					e.Case.When,
					e.Case.Scenario,
					e.Case.Moment(),
					e.Outcome,
					e.Expected,
					e.Seen,
					e.Reason,
					e.Trial,
					e.Status,
					e.Log,
					e.Subsets,
					"lab run " + e.Case.Scenario,
				},
			)
		}
		d.Claims = append(d.Claims, c)
	}
	return d
}
