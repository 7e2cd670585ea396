package regress

import (
	"reflect"
	"testing"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/strict"
	"github.com/gatewaylab/lab/internal/trial"
)

// surveyed is a configuration that was prepared, with its targets.
func surveyed(t *testing.T, text string) (*Config, []Target) {
	t.Helper()
	f := &fakeNginx{t: t}
	c, err := Prepare(t.Context(), f, sourceOf(t, text), options)
	if err != nil {
		t.Fatal(err)
	}
	targets, err := c.Survey(t.Context(), f, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, targets
}

func targetAt(t *testing.T, targets []Target, location string) Target {
	t.Helper()
	for _, target := range targets {
		if target.Location.String() == location {
			return target
		}
	}
	t.Fatalf("no target %s", location)
	return Target{}
}

func logged(messages ...string) []nginx.Entry {
	var all []nginx.Entry
	for _, m := range messages {
		all = append(all, nginx.Entry{Level: "error", Message: m})
	}
	return all
}

// Each field of a cell comes from one thing that was seen.
func TestObserve(t *testing.T) {
	t.Parallel()
	c, targets := surveyed(t, shop)
	target := targetAt(t, targets, "/")
	app := map[string]string{protocol.TrialHeader: "t"}
	whole := protocol.ProbeResult{Status: 200, Headers: app, Body: protocol.DefaultBody, Complete: true}
	own := protocol.ProbeResult{Status: 502, Body: "<hr><center>nginx</center>", Complete: true}
	via := func(addresses, trail string) *nginx.Record {
		return &nginx.Record{UpstreamAddr: addresses, Trail: trail}
	}
	first := via("10.0.0.1:8080", "0,")
	type fields Cell // without its own String
	for _, row := range []struct {
		name     string
		fault    string
		answers  []trial.Answer
		backends string // what the stand-ins logged
		want     Cell
	}{
		{
			"healthy", None, []trial.Answer{{Client: whole, Access: first}}, "",
			Cell{Status: strict.Numbers{200}, From: fromUpstream, Tried: strict.Words{"shop"}},
		},
		{
			"a second attempt", "refuse",
			[]trial.Answer{{
				Client: own, Access: via("10.0.0.2:8080, 10.0.0.1:8080", "0,"),
				Log: logged("no live upstreams while connecting to upstream"),
			}}, "",
			Cell{
				Status: strict.Numbers{502}, From: fromNginx, Tried: strict.Words{"shop, shop"},
				Log: strict.Words{"no live upstreams while connecting to upstream"},
			},
		},
		{
			"several answers", "refuse", []trial.Answer{{Client: own, Access: first}, {Client: whole, Access: first}}, "",
			Cell{Status: strict.Numbers{502, 200}, From: fromNginx, Tried: strict.Words{"shop"}},
		},
		{
			"none at all", "stall", []trial.Answer{{Client: protocol.ProbeResult{Error: "EOF"}}}, "",
			Cell{Status: strict.Numbers{0}, From: fromNobody},
		},
		{
			"a client that gave up", "stall", []trial.Answer{{Client: protocol.ProbeResult{Error: "read: i/o timeout"}, Access: first}}, "",
			Cell{Status: strict.Numbers{0}, From: fromNobody, After: strict.Words{noTimeout}, Tried: strict.Words{"shop"}},
		},
		{
			"a timeout with the configuration's own value", "stall",
			[]trial.Answer{{Client: own, Access: first, Log: logged(readTimedOut)}}, "",
			Cell{
				Status: strict.Numbers{502}, From: fromNginx, After: strict.Words{"proxy_read_timeout 15s"}, Tried: strict.Words{"shop"},
				Log: strict.Words{"upstream timed out (110) while reading response header from upstream"},
			},
		},
		{
			"half of an answer", "body-cut", []trial.Answer{{Client: protocol.ProbeResult{Status: 200, Headers: app}, Access: first}}, "",
			Cell{Status: strict.Numbers{200}, From: fromUpstream, Cut: true, Tried: strict.Words{"shop"}},
		},
		{
			"half of an answer, and a client that gave up", "body-stall",
			[]trial.Answer{{Client: protocol.ProbeResult{Status: 200, Headers: app, Error: "i/o timeout"}, Access: first}}, "",
			Cell{Status: strict.Numbers{200}, From: fromUpstream, After: strict.Words{noTimeout}, Tried: strict.Words{"shop"}},
		},
		{
			"the upstream's own page", "status-500",
			[]trial.Answer{{Client: protocol.ProbeResult{Status: 500, Headers: app, Complete: true}, Access: first}}, "",
			Cell{
				Status: strict.Numbers{500}, From: fromUpstream, Tried: strict.Words{"shop"},
				Shows: strict.Words{"the upstream's error page"},
			},
		},
		{
			"hidden headers", None,
			[]trial.Answer{{Client: protocol.ProbeResult{Status: 200, Body: protocol.DefaultBody, Complete: true}, Access: first}}, "",
			Cell{Status: strict.Numbers{200}, From: fromUpstream, Tried: strict.Words{"shop"}},
		},
		{
			"hidden headers of the upstream's own page", "status-503",
			[]trial.Answer{{Client: protocol.ProbeResult{Status: 503, Body: protocol.OwnPageEnd, Complete: true}, Access: first}}, "",
			Cell{
				Status: strict.Numbers{503}, From: fromUpstream, Tried: strict.Words{"shop"},
				Shows: strict.Words{"the upstream's error page"},
			},
		},
		{
			"from a cache", "refuse-stale",
			[]trial.Answer{{Client: whole, Access: &nginx.Record{UpstreamAddr: "10.0.0.1:8080", Trail: "0,", CacheStatus: "STALE"}}}, "",
			Cell{Status: strict.Numbers{200}, From: fromCache, Tried: strict.Words{"shop"}},
		},
		{
			"an error page elsewhere", "close",
			[]trial.Answer{{Client: protocol.ProbeResult{Status: 503, Complete: true}, Access: via("10.0.0.1:8080", "0,1,")}}, "",
			Cell{Status: strict.Numbers{503}, From: fromConfig, Via: strict.Words{"/status"}, Tried: strict.Words{"shop"}},
		},
		{
			"sent twice", "close", []trial.Answer{{Client: whole, Access: first}}, "x b0: POST /\nx b1: POST /\n",
			Cell{Status: strict.Numbers{200}, From: fromUpstream, Twice: true, Tried: strict.Words{"shop"}},
		},
		{
			"sent once, and a GET", "close", []trial.Answer{{Client: whole, Access: first}}, "x b0: POST /\nx b1: GET /\n",
			Cell{Status: strict.Numbers{200}, From: fromUpstream, Tried: strict.Words{"shop"}},
		},
		{
			"what a client sees of the inside", None,
			[]trial.Answer{{
				Client: protocol.ProbeResult{
					Status: 200, Complete: true, Body: "x",
					Headers: map[string]string{
						protocol.TrialHeader: "t", "Server": "nginx/1.22.1", insideHeader: "lab", "Via": "10.0.0.1:8080",
					},
				},
				Access: first,
			}}, "",
			Cell{
				Status: strict.Numbers{200}, From: fromUpstream, Tried: strict.Words{"shop"},
				Shows: strict.Words{"an upstream's address in Via", "nginx's version in Server", "the upstream's X-Powered-By"},
			},
		},
		{
			"another upstream than one's own", None, []trial.Answer{{Client: whole, Access: via("10.9.9.9:1 : shop", "0,")}}, "",
			Cell{Status: strict.Numbers{200}, From: fromUpstream, Tried: strict.Words{"10.9.9.9:1, shop has no live server"}},
		},
	} {
		seen := trial.Observation{
			Phases:   []trial.PhaseSeen{{}, {Answers: row.answers}},
			Backends: []protocol.BackendStatus{{Log: row.backends}},
		}
		if got := c.observe(target, cellID{Fault: row.fault}, seen); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", row.name, fields(got), fields(row.want))
		}
	}
}

// Fields of which a cell says something, for a reader.
func TestCellString(t *testing.T) {
	t.Parallel()
	cell := Cell{
		Status: strict.Numbers{502, 0}, From: fromNginx, Via: strict.Words{"/50x"}, After: strict.Words{"a 1s", "b 2s"}, Cut: true,
		Tried: strict.Words{"x, y", "x"},
	}
	const want = "502, no answer from nginx via /50x after a 1s and b 2s, cut, tried x, y | x"
	if got := cell.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
