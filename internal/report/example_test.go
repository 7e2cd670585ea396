package report

import (
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// hostile is text that a terminal, a page or a table would obey.
const hostile = "\x1b[31mred\x1b[0m \x1b]0;title\x07<script>alert(1)</script> | `code` ]]> \x00\u202Eabc\r\nnext"

func ms(n int) protocol.Duration { return protocol.Duration(time.Duration(n) * time.Millisecond) }

// example is a run in which everything happens that can.
func example() Report {
	started := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	refused := nginx.ParseErrorLog(
		"2026/01/02 03:04:05 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: " +
			"127.0.0.1, server: , request: \"GET / HTTP/1.1\"\n",
	)
	answer := func(id string, status int, body string) trial.Answer {
		return trial.Answer{
			Probe: "home",
			Client: protocol.ProbeResult{
				ID:            id,
				Status:        status,
				Body:          body,
				Bytes:         int64(len(body)),
				ContentLength: int64(len(body)),
				Complete:      true,
				Took:          ms(2),
				Headers:       map[string]string{"Server": "nginx"},
			},
			Access: &nginx.Record{
				Probe:        id,
				PID:          7,
				Connection:   1,
				Status:       "502",
				Request:      "GET / HTTP/1.1",
				UpstreamAddr: "127.0.0.1:3000",
			},
		}
	}
	broken := trial.PhaseSeen{Name: "broken", Config: "server {}\n", Answers: []trial.Answer{answer("r-t1-1", 502, "bad")}, Log: refused}
	observation := func(name string, took int, phases ...trial.PhaseSeen) trial.Observation {
		return trial.Observation{
			Trial:    name,
			ID:       "r-" + name,
			Started:  started,
			Took:     ms(took),
			Phases:   phases,
			Backends: []protocol.BackendStatus{},
		}
	}
	symptom := experiment.Look{Status: "502", Log: refused[0].Gist()}
	reload, _ := trial.FindStep("reload")
	steps := []trial.Step{{Do: "check"}, {Do: reload.Name}}
	fixed := trial.PhaseSeen{
		Name:    "fixed",
		Config:  "server { listen 80; }\n",
		Log:     refused,
		Answers: []trial.Answer{answer("r-t2-2", 502, hostile)},
		Steps: []trial.StepSeen{
			{Step: steps[0], Check: &protocol.CheckResult{OK: true, Output: "test is successful"}},
			{Step: steps[1], Reload: &protocol.ReloadResult{Done: true}},
		},
	}
	kept := observation("fix second", 30, broken, fixed)
	kept.Testbed = "lab-r-1"
	kept.Backends = []protocol.BackendStatus{{Name: "app", Exit: "exit status 1", Log: hostile}}
	results := []experiment.Result{
		{ID: "fine", Title: "All is well", Tags: []string{"502"}, Verdict: experiment.Verified, Symptom: symptom, Took: ms(120),
			Parts: []experiment.Part{
				{
					ID:      "first",
					Kind:    "fix",
					Say:     "Fix it",
					Apply:   steps,
					Trial:   "fix first",
					Verdict: experiment.Verified,
					After:   experiment.Look{Status: "200"},
					Took:    ms(40),
				},
				{
					ID:      "tempting",
					Kind:    "wrong fix",
					Say:     "Try it",
					Apply:   steps,
					Trial:   "wrong fix tempting",
					Verdict: experiment.Verified,
					After:   symptom,
					Took:    ms(50),
				},
			},
			Trials: []trial.Observation{
				observation("healthy", 10),
				observation("broken", 20, broken),
				observation("fix first", 40, broken, fixed),
			}},
		{
			ID:      "failing",
			Title:   hostile,
			Tags:    []string{"504"},
			Verdict: experiment.Refuted,
			Reason:  "fix second: not resolved",
			Symptom: symptom,
			Took:    ms(1500),
			Parts: []experiment.Part{
				{
					ID:      "second",
					Kind:    "fix",
					Say:     hostile,
					Apply:   steps,
					Trial:   "fix second",
					Verdict: experiment.Refuted,
					Reason:  "not resolved",
					After:   symptom,
					Took:    ms(30),
					Failure: &experiment.Failure{
						Phase:    "fixed",
						Expected: `probe "home" to see status 200`,
						Seen:     hostile,
						Log:      []string{hostile, refused[0].Raw},
					},
				},
				{
					ID:      "third",
					Kind:    "fix",
					Say:     "Cannot tell",
					Apply:   steps,
					Trial:   "fix third",
					Verdict: experiment.Inconclusive,
					Cause:   experiment.Environment,
					Reason:  "the engine went away",
					Took:    ms(5),
				},
			},
			Trials: []trial.Observation{observation("healthy", 10), kept, observation("fix third", 5)},
			Kept:   []string{"lab-r-1"},
		},
		{
			ID:      "unclear",
			Title:   "Its healthy stage is not healthy",
			Tags:    []string{"502"},
			Verdict: experiment.Inconclusive,
			Cause:   experiment.Control,
			Reason:  "control failed: the healthy stage is not healthy",
			Took:    ms(70),
			Failure: &experiment.Failure{Phase: "healthy", Expected: "no error line", Seen: refused[0].Gist()},
			Parts: []experiment.Part{
				{
					ID:      "first",
					Kind:    "fix",
					Say:     "Fix it",
					Apply:   steps,
					Trial:   "fix first",
					Verdict: experiment.Inconclusive,
					Cause:   experiment.Control,
					Reason:  "control failed: control failed: the healthy stage is not healthy",
					Took:    ms(20),
				},
			},
			Trials: []trial.Observation{observation("healthy", 10)},
		},
		{
			ID:      "shown",
			Title:   "No failure at all",
			Tags:    []string{"200"},
			Verdict: experiment.Skipped,
			Reason:  "stopped by --fail-fast after an earlier failure",
			Parts: []experiment.Part{
				{
					ID:      "so-it-is",
					Kind:    "demonstration",
					Say:     "So it is",
					Trial:   "so-it-is",
					Verdict: experiment.Skipped,
					Reason:  "stopped by --fail-fast after an earlier failure",
				},
			},
			Trials: []trial.Observation{{Trial: "healthy"}, {Trial: "so-it-is"}},
		},
		{
			ID:      "cut",
			Title:   "Not finished",
			Tags:    []string{"502"},
			Verdict: experiment.Inconclusive,
			Cause:   experiment.Interrupted,
			Reason:  "interrupted: stopped by the signal interrupt",
			Parts: []experiment.Part{
				{
					ID:      "first",
					Kind:    "fix",
					Say:     "Fix it",
					Trial:   "fix first",
					Verdict: experiment.Inconclusive,
					Cause:   experiment.Interrupted,
					Reason:  "interrupted: stopped by the signal interrupt",
				},
			},
			Trials: []trial.Observation{{Trial: "healthy"}, {Trial: "broken"}, {Trial: "fix first"}},
		},
	}
	return New(Run{
		Lab: "v1.2.3", Started: started, Took: 2500 * time.Millisecond, Again: " --scenarios mine",
		Engine: engine.Info{
			Name:          "Docker Engine",
			Version:       "20.10",
			APIVersion:    "1.41",
			OS:            "linux",
			Arch:          "amd64",
			Cores:         2,
			MemoryBytes:   4 << 30,
			CgroupVersion: "2",
			Address:       "unix:///run/engine.sock",
		},
		Image: Image{Name: "lab/nginx:1.22.1", ID: "sha256:0123", Origin: "assembled", Bytes: 31_100_000},
		Nginx: protocol.NginxInfo{
			Path:    "/usr/sbin/nginx",
			Version: "1.22.1",
			OpenSSL: "OpenSSL 3.0.19",
			User:    "www-data",
			UID:     33,
			GID:     33,
			Output:  "nginx version: nginx/1.22.1",
		},
		Sources: map[string]scenario.Scenario{"fine": {ID: "fine", Healthy: scenario.Stage{
			Probes: map[string]scenario.Probe{"home": {Probe: trial.Probe{Get: "/"}, Expect: scenario.Expect{Status: 200}}}}}},
	}, results)
}
