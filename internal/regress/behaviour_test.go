package regress

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/strict"
)

func behaviour() Behaviour {
	no := false
	return Behaviour{
		Version: version, Nginx: "1.22.1",
		Probes: []Probe{{Location: "/a", Path: "/a?x=1", Method: "POST", Headers: map[string]string{"X-A": "b"}}},
		Ignore: []Ignore{{Fault: "tls-*", Fields: strict.Words{"log"}}},
		Servers: []ServerBehaviour{{Server: "s", Listen: []string{"80"}, Locations: []LocationBehaviour{{
			Location: "/a", Probe: "GET /a", Upstream: []string{"app:80"}, Settings: map[string]string{"proxy_read_timeout": "2s"},
			Faults: []Entry{
				{Fault: None, Cell: Cell{Status: strict.Numbers{200}, From: fromUpstream, Tried: strict.Words{"app:80"}}},
				{Fault: "stall", Cell: Cell{Status: strict.Numbers{504}, From: fromNginx, After: strict.Words{"proxy_read_timeout 2s"}, Tried: strict.Words{"app:80"}}},
				{Fault: "refuse", At: one, Cell: Cell{Status: strict.Numbers{200, 502}, From: fromUpstream, Tried: strict.Words{"a, b", "a"}}, Or: []Cell{{Status: strict.Numbers{502}, From: fromNginx}}},
				{Fault: "close", Expect: &Expect{Status: 503, Within: protocol.Duration(2 * time.Second), Retried: &no}},
			},
		}}}},
	}
}

func TestBehaviourFile(t *testing.T) {
	want := behaviour()
	text, err := want.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "nginx.lab.yaml")
	if err := want.Write(file); err != nil {
		t.Fatal(err)
	}
	got, err := ReadBehaviour(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got.Probes[0].Line, got.Ignore[0].Line = 0, 0
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v\n%s", got, want, text)
	}
	for _, line := range []string{"- {fault: none, status: 200, from: upstream, tried: 'app:80'}", "- {fault: close, expect: {status: 503, within: 2s, retried: false}}"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
}

func TestBehaviourMistakes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "b.yaml")
	head := "version: 1\nnginx: x\nservers: []\n"
	for text, want := range map[string]string{
		"version: 2\n":                              "version 2 is not 1",
		head + "ignore:\n  - {fault: stal}\n":       `b.yaml:5: ignore: no fault "stal", did you mean "stall"?`,
		head + "ignore: [{fields: statsu}]\n":       `b.yaml:4: ignore: no field "statsu", did you mean "status"?`,
		head + "probes: [{location: /, path: x}]\n": `b.yaml:4: probes: the path "x"`,
		"version: 1\nservers:\n  - server: s\n    listen: []\n    locations:\n      - {location: /, probe: x, faults: [{fault: stall, expect: {statuss: 1}}]}\n": `b.yaml:6: unknown field "statuss", did you mean "status"?`,
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadBehaviour(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := ReadBehaviour(file + "x"); !Missing(err) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestUnlike(t *testing.T) {
	entry := behaviour().Servers[0].Locations[0].Faults[2]
	if names, _ := unlike(entry, Entry{Cell: Cell{Status: strict.Numbers{502}, From: fromNginx}}); names != nil {
		t.Errorf("what it was at other times differs in %q", names)
	}
	if names, _ := unlike(entry, Entry{Cell: Cell{Status: strict.Numbers{502}, From: fromNginx, Cut: true}}); !reflect.DeepEqual(names, []string{"cut"}) {
		t.Errorf("%q", names)
	}
}

func TestExpect(t *testing.T) {
	yes, no := true, false
	cell := Cell{Status: strict.Numbers{504}, From: fromNginx, After: strict.Words{"proxy_read_timeout 2s"}, Tried: strict.Words{"a, a"}}
	for _, c := range []struct {
		expect Expect
		want   []string
	}{
		{Expect{Status: 504, From: fromNginx, Within: protocol.Duration(4 * time.Second), Retried: &yes, Twice: &no, Cut: &no}, nil},
		{Expect{Status: 503}, []string{"status"}},
		{Expect{From: fromConfig}, []string{"from"}},
		{Expect{Within: protocol.Duration(3 * time.Second)}, []string{"after"}}, // two attempts
		{Expect{Retried: &no}, []string{"tried"}},
		{Expect{Twice: &yes, Cut: &yes}, []string{"twice", "cut"}},
	} {
		if got, said := c.expect.unmet(cell); !reflect.DeepEqual(got, c.want) || (said == "") != (c.want == nil) {
			t.Errorf("%+v: %q %q, want %q", c.expect, got, said, c.want)
		}
	}
	if cell.After = (strict.Words{noTimeout}); cell.waits() != forEver {
		t.Error("a client that waits in vain is in time")
	}
}

func TestIgnored(t *testing.T) {
	b := behaviour()
	if got := b.counted(Difference{Fault: "tls-expired", Fields: []string{"status", "log"}}); !reflect.DeepEqual(got, []string{"status"}) {
		t.Errorf("%q", got)
	}
	if got := b.counted(Difference{Fault: "stall", Fields: []string{"log"}}); len(got) != 1 {
		t.Errorf("%q", got)
	}
	b.Ignore = []Ignore{{Location: "/a"}}
	if got := b.counted(Difference{Location: "/a", Fields: []string{"status"}}); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// What differs between systems, and what may be anybody's, is not written down.
func TestGist(t *testing.T) {
	for message, want := range map[string]string{
		"connect() failed (111: Connection refused) while connecting to upstream":                                              "connect() failed (111) while connecting to upstream",
		`upstream sent invalid header: "X-Secret: hunter2\x0d..." while reading response header from upstream`:                 `upstream sent invalid header: "…" while reading response header from upstream`,
		"SSL_do_handshake() failed (SSL: error:0A000438:SSL routines::tlsv1 alert internal error:SSL alert number 80) while x": "SSL_do_handshake() failed (SSL) while x",
		"upstream SSL certificate verify error: (10:certificate has expired) while SSL handshaking":                            "upstream SSL certificate verify error: (10) while SSL handshaking",
		`limiting requests, excess: 1.960 by zone "api"`:                                                                       `limiting requests, excess by zone "…"`,
	} {
		if got := gist(message); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// On a busy machine a timer runs out that has nothing to do with the fault.
func TestUnexpectedTimer(t *testing.T) {
	timed, whole := Cell{After: strict.Words{"proxy_read_timeout 2s"}}, Cell{Status: strict.Numbers{200}}
	for _, row := range []struct {
		fault string
		cells []Cell
		want  bool
	}{
		{None, []Cell{timed}, true},
		{None, []Cell{timed, whole}, false},
		{"close", []Cell{whole}, false},
		{"stall", []Cell{timed}, false},
	} {
		if got := unexpectedTimer(cellID{Fault: row.fault}, row.cells); got != row.want {
			t.Errorf("%s %v: %t", row.fault, row.cells, got)
		}
	}
}

func TestServerOnAnotherPort(t *testing.T) {
	was := Behaviour{Servers: []ServerBehaviour{{Server: "shop on 80", Listen: []string{"80"}}, {Server: "shop on 443", Listen: []string{"443 ssl"}}, {Server: "blog"}}}
	now := Behaviour{Servers: []ServerBehaviour{{Server: "shop on 80", Listen: []string{"80"}}, {Server: "shop on 8443", Listen: []string{"8443 ssl"}}}}
	for i, want := range []int{0, 1, -1} {
		if got := was.counterpart(was.Servers[i], now); got != want {
			t.Errorf("%s: %d, want %d", was.Servers[i].Server, got, want)
		}
	}
}
