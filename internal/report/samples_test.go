package report

import (
	"time"

	"github.com/gatewaylab/lab/internal/explain"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/guide/scan"
	"github.com/gatewaylab/lab/internal/regress"
)

// verified is a guide with a claim for each verdict.
func verified() Guide {
	claim := func(id, say string, line int) guide.Claim {
		return guide.Claim{ID: id, Say: say, At: guide.Place{Line: line}}
	}
	at := func(line int, text string) guide.Found {
		return guide.Found{Standing: guide.Stands, Statement: guide.Statement{Line: line, End: line + 1, Text: text}}
	}
	wrongPort := guide.Case{When: "the app listens on another port", Scenario: "wrong-port"}
	refuted := guide.Decision{
		Claim: claim("C2", "A refused connection gives 504", 9), Found: at(9, "You will see 504 | `then`."),
		Verdict: guide.Refuted, Reason: "seen 502, not 504",
		Evidence: []guide.Evidence{{
			Case: wrongPort, Outcome: guide.Disagrees, Expected: "status 504", Seen: "status 502", Trial: "r-t1", Status: "502",
			Log: "2026/01/02 03:04:05 [error] 7#7: *1 connect() failed (111: Connection refused) " + hostile,
		}},
	}
	refuted.Claim.Correct = "502, since nothing was waited for"
	known := refuted
	known.Claim.ID = "C3"
	moved := guide.Decision{
		Claim: claim("C4", "A restart helps", 20), Verdict: guide.Conditional, Reason: "only when the app is dead",
		Found: guide.Found{
			Standing: guide.Moved, Statement: guide.Statement{Line: 23, End: 23, Text: hostile}, Note: "C4: moved from line 20 to line 23",
		},
		Evidence: []guide.Evidence{
			{Case: guide.Case{When: "the app is dead", Scenario: "service-dead", In: "fix restart"}, Outcome: guide.Agrees, Status: "200"},
			{Case: wrongPort, Outcome: guide.Disagrees, Expected: "status 200", Seen: "status 502"},
			{Case: wrongPort, Outcome: guide.Untried, Reason: "it was skipped"},
		},
	}
	g := Guide{
		Run: example().Run, Guide: "guide.md", Claims: "guide.yaml", Least: 80, Allowed: []string{"C3"},
		Coverage: guide.Coverage{
			Statements: 9, Checkable: 6, Counted: 6, Claimed: 4,
			Missing: []guide.Statement{{Line: 30, End: 31, Text: "Nobody | claims\nthis."}},
		},
		Decisions: []guide.Decision{
			{Claim: claim("C1", "Refused gives 502", 3), Found: at(3, "502"), Verdict: guide.Holds, Reason: "1 of 1 cases agree"},
			refuted, known, moved,
			{Claim: claim("C5", "It is rare", 25), Found: at(25, "rare"), Verdict: guide.Untestable, Reason: "frequency: nobody counts"},
			{
				Claim: claim("C6", "Changed", 26), Verdict: guide.Inconclusive, Reason: "the statement reads differently now",
				Found: guide.Found{
					Standing: guide.Changed, Note: "C6: changed", Statement: guide.Statement{Line: 26, End: 26, Text: "else"},
				},
			},
			{Claim: claim("C7", "Skipped", 27), Found: at(27, "skip"), Verdict: guide.Inconclusive, Reason: "skipped", Skipped: true},
			{Claim: claim("C8", "Cannot tell", 28), Found: at(28, "tell"), Verdict: guide.Inconclusive, Reason: "the machine was too slow"},
		},
	}
	return NewGuide(g, example().Results)
}

// scanned is a guide without claims, with something of each verdict.
func scanned() Scan {
	seen := []scan.Evidence{
		{Scenario: "wrong-port", Trial: "r-t1", Status: "502", Log: "[error] connect() failed " + hostile},
		{Scenario: scan.ConfigTest, Trial: "r-t2"},
	}
	return NewScan(Scan{Run: example().Run, Guide: "guide.md", Findings: []scan.Finding{
		{Line: 3, Kind: scan.LogLine, Verdict: guide.Holds, Text: "connect() failed", Reason: "nginx writes this", Evidence: seen},
		{
			Line: 9, Kind: scan.Unknown, Verdict: guide.Refuted, Text: "proxy_read_timout 120s; # " + hostile,
			Reason: "nginx -t: unknown directive", Correct: "proxy_read_timeout", Evidence: seen,
		},
		{Line: 12, Kind: scan.Newer, Verdict: guide.Conditional, Text: "http2 on;", Reason: "since 1.25.1", Source: "nginx.org, CHANGES"},
		{
			Line: 20, Kind: scan.Status, Verdict: guide.Inconclusive, Text: "503",
			Reason: "no scenario shows it", Suggests: []string{"limit-req"},
		},
	}}, nil)
}

// compared is a comparison with two differences.
func compared() Config {
	return Config{
		Lab: "v1.2.3", Config: "nginx", File: "nginx.lab.yaml", Nginx: "1.22.1", Took: 12345 * time.Millisecond,
		Differences: []regress.Difference{
			{
				Server: "shop.example", Location: "/checkout", Fault: "refuse", Fields: []string{"tried"}, Was: "shop", Now: "shop, shop",
				Why:  "proxy_next_upstream",
				Says: "/checkout tries shop, shop, was tries shop | " + hostile, File: "conf.d/shop.conf", Line: 12,
			},
			{Server: "shop.example", Fields: []string{"listen"}, Says: "listens on 81, was 80", File: "nginx.conf", Line: 3},
		},
		Inconclusive: []regress.Inconclusive{{
			Server: "shop.example", Location: "/", Probe: "GET /", Fault: "stall", Why: "too slow | " + hostile, Heard: []string{"a", "b"},
			Says: "/ with a stalled upstream: inconclusive: too slow | " + hostile, File: "nginx.conf", Line: 7,
		}},
	}
}

// same is a comparison without a difference.
func same() Config {
	c := compared()
	c.Differences, c.Inconclusive = nil, nil
	return c
}

// untold is a comparison in which nothing differs and something could not be told.
func untold() Config {
	c := compared()
	c.Differences = nil
	return c
}

// advised is advice with a proven fix, with one that is not proven, and without one.
func advised() Advice {
	fix := "--- nginx.conf\n+++ nginx.conf\n@@ -9 +9 @@\n+        proxy_connect_timeout 3s;\n"
	one := regress.Advice{
		Rule: "default-connect-timeout", Severity: "warning", Server: "shop.example", Location: "/", File: "conf.d/shop.conf", Line: 8,
		Says: "a client waits 120s | " + hostile, Shown: []string{"504 after 60s", "and again"},
		Fix: fix, After: []string{"504 after 3s"}, Proven: true,
	}
	unproven, none := one, one
	unproven.Proven, unproven.After, unproven.Severity, unproven.Rule = false, nil, "error", "sent-twice"
	none.Proven, none.After, none.Fix, none.Severity = false, nil, "", "note"
	return Advice{Lab: "v1.2.3", Config: "nginx", Nginx: "1.22.1", Took: 2 * time.Second, FailOn: "warning",
		Advice: []regress.Advice{one, unproven, none}}
}

func answered() explain.Answer {
	return explain.Answer{
		Title: "The upstream refused the connection", Means: "Nobody listens there.", Status: "502", Retried: true,
		Apart: []string{"look whether the app runs", "look at its port"}, Guide: "docs/guide.md#refused",
		LookAlikes: []explain.LookAlike{{Cause: "reset", Title: "The upstream reset it", Tell: "104 instead of 111"}},
		Scenarios: []explain.Possible{
			{
				ID: "wrong-port", Title: "The wrong port", Fixes: []explain.Fix{{ID: "move", Say: "Move " + hostile}},
				Run:     "lab run wrong-port",
				LastRun: &explain.LastRun{When: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Nginx: "1.22.1", Verdict: "verified"},
			},
			{ID: "service-dead", Title: "Nothing runs", Fixes: []explain.Fix{{ID: "start", Say: "Start it"}}, Run: "lab run service-dead"},
		},
	}
}

// explained is the answer to one line.
func explained() explain.Line {
	return explain.Line{
		SchemaVersion: 1, Cause: "refused", Causes: []explain.Match{{Cause: "refused", Answer: answered()}},
		Entry: explain.Entry{
			Time: "2026/01/02 03:04:05", Level: "error", PID: 7, Connection: 1, Message: "connect() failed", Errno: 111,
			Phase: "connecting to upstream", Client: "127.0.0.1", Request: "GET / HTTP/1.1", Upstream: hostile, Raw: "the line",
		},
	}
}

// explainedTwice is a line that fits two causes, and explainedNot one that fits none.
func explainedTwice() explain.Line {
	line := explained()
	line.Causes = append(line.Causes, explain.Match{Cause: "reset", Answer: answered(), Unexpected: true})
	line.Causes[1].Phases = []string{"reading response header from upstream", "sending request to upstream"}
	return line
}

func explainedNot() explain.Line {
	line := explained()
	line.Cause, line.Causes = explain.Unknown, nil
	return line
}

// summarized is a log with everything that a summary can have.
func summarized() explain.Summary {
	counts := explain.Counts{
		Top: []explain.Count{
			{Name: "http://127.0.0.1:3000", Count: 9, First: "03:04:05", Last: "03:05:00"},
			{Name: hostile, Count: 2}, {Name: "c", Count: 2}, {Name: "d", Count: 1},
		},
		Others: 3,
	}
	return explain.Summary{
		SchemaVersion: 1, Inputs: []string{"error.log", "error.log.1"}, Bytes: 12345, Entries: 20,
		Recognised: 15, Ambiguous: 1, Unknown: 3, None: 2,
		OtherLines: 1, First: "2026/01/02 03:04:05", Last: "2026/01/02 03:05:00", UnknownOthers: 1,
		Causes: []explain.Cause{{
			Cause: "refused", Count: 15, First: "2026/01/02 03:04:05", Last: "2026/01/02 03:05:00", Answer: answered(),
			Upstreams: counts, URIs: counts, Clients: counts, Statuses: map[string]int64{"502": 14, "200": 1}, Sample: hostile,
			Times: []explain.Moment{
				{Time: "03:04", Count: 2}, {Time: "03:05", Count: 9}, {Time: "03:06", Count: 1}, {Time: "03:07", Count: 3},
			},
		}},
		Unknowns: []explain.Shape{
			{Shape: "something N " + hostile, Count: 2, First: "a", Last: "b", Sample: "something 1"},
			{Shape: "else", Count: 1, Sample: "else"},
		},
		Access: &explain.Access{
			Requests: 100, Joined: 12, OtherLines: 2, Silent: counts, Masked: counts,
			Short: []explain.Short{{Request: "GET /big", Count: 2, Of: 50, Bytes: 100, Usual: 20000}},
		},
	}
}

// quiet is a log in which nothing was found.
func quiet() explain.Summary {
	return explain.Summary{
		SchemaVersion: 1, Inputs: []string{"-"}, None: 3, Entries: 3, Causes: []explain.Cause{}, Unknowns: []explain.Shape{},
	}
}
