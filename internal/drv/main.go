package main

import (
	"context"
	"fmt"
	"os"
	"time"
	"encoding/json"

	"github.com/gatewaylab/lab/internal/agent"
	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/testbed"
)

func main() {
	only := map[string]bool{}
	for _, a := range os.Args[2:] { only[a] = true }
	var withheld int
	par := 6
	fmt.Sscan(os.Getenv("PAR"), &par)
	fmt.Sscan(os.Getenv("WITHHELD"), &withheld)
	ctx := context.Background()
	all, err := scenario.Load(os.DirFS(os.Args[1]))
	if err != nil { fmt.Println(err) }
	if len(only) > 0 { var k []scenario.Scenario; for _, s := range all { if only[s.ID] { k = append(k, s) } }; all = k }
	e, err := docker.Dial(ctx)
	if err != nil { panic(err) }
	t0 := time.Now()
	bin, err := agent.Source{Cache: "/root/.cache/lab", Report: func(s string) { fmt.Println(s) }}.Binary(ctx, "amd64")
	if err != nil { panic(err) }
	fmt.Println("agent", time.Since(t0)); t0 = time.Now()
	o, err := testbed.NewOwner("/root/.cache/lab", time.Now().Add(time.Hour))
	if err != nil { panic(err) }
	certs, _ := certificate.Make(time.Now())
	pool := testbed.NewPool(testbed.Equipment{Engine: e, Image: os.Getenv("IMG"), Agent: bin, Certificates: certs, Owner: o})
	fmt.Println(pool.Warm(ctx), time.Since(t0)); t0 = time.Now()
	rs := experiment.Run(ctx, pool, all, experiment.Options{Parallel: par, Withheld: experiment.Withheld(withheld)})
	fmt.Println(time.Since(t0)); t0 = time.Now()
	for _, r := range rs {
		fmt.Println(r.ID, r.Verdict, r.Reason, r.Failure, r.Symptom, r.Took)
		for _, p := range r.Parts { fmt.Println("   ", p.Kind, p.ID, p.Verdict, p.Reason, p.Failure, p.After, p.Took) }
		if os.Getenv("J") != "" { b, _ := json.MarshalIndent(r.Trials, "", " "); fmt.Println(string(b)) }
	}
	fmt.Println(pool.Close(), time.Since(t0))
	o.Release()
}
