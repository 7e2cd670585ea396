package report

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/gatewaylab/lab/internal/scenario"
)

const storyYAML = `
title: "The app \e[31mlistens elsewhere"
tags: [502, tcp]
healthy:
  nginx: nginx.conf
  backends:
    app: {listen: "tls://127.0.0.1:3000", tls: {certificate: good}}
  memory: 64m
  probes: {home: {get: /, expect: {status: 200, from: backend}}}
broken:
  backends: {app: {listen: "tls://127.0.0.1:4000", tls: {certificate: expired}}}
  memory: 128m
symptom:
  probes: {home: {status: 502, complete: true, at_most: 1s}}
  log: [{level: [error, crit], match: 'refused'}]
fixes:
  - {id: correct, say: Correct the port, nginx: fixed.conf, apply: [check, reload]}
wrong_fixes:
  - {id: restart, say: Restart it, apply: [restart-backend]}
hints: [Look., Look again.]
debrief: |
  Two lines
  of debrief.
`

func story() Story {
	all, err := scenario.Load(fstest.MapFS{
		"elsewhere/scenario.yaml": {Data: []byte(storyYAML)},
		"elsewhere/nginx.conf":    {Data: []byte("server {\n    listen 80;\n    location / { proxy_pass https://127.0.0.1:3000; }\n}\n")},
		"elsewhere/fixed.conf":    {Data: []byte("server {\n    listen 80;\n    location / { proxy_pass https://127.0.0.1:4000; }\n}\n")},
	})
	if err != nil {
		panic(err)
	}
	return NewStory(
		all[0],
		&Evidence{
			When:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			Nginx:   "1.22.1",
			OpenSSL: "OpenSSL 3",
			Verdict: "verified",
			Status:  "502",
			Log:     []string{"[error] " + hostile},
		},
	)
}

// What a run has seen is told by the next show.
func TestRememberAndRecall(t *testing.T) {
	cache := t.TempDir()
	if err := example().Remember(cache); err != nil {
		t.Fatal(err)
	}
	e := Recall(cache, "fine")
	if e == nil || e.Status != "502" || len(e.Log) != 1 || e.Nginx != "1.22.1" || e.Verdict != "verified" {
		t.Errorf("%+v", e)
	}
	// One that was stopped before it saw anything leaves what was known.
	for _, id := range []string{"cut", "nobody", "../fine"} {
		if e := Recall(cache, id); (e != nil) != (id == "../fine") {
			t.Errorf("%s: %+v", id, e)
		}
	}
}
