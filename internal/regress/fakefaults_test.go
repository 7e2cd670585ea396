package regress

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

// attempt is how one attempt ends: a status of the upstream's, or what goes wrong.
type attempt struct {
	status int
	word   string // of proxy_next_upstream
	nginx  int    // the status that nginx answers with
	log    string
	had    bool // the upstream had the request
}

// What nginx logs.
const (
	inHeader     = "while reading response header from upstream"
	readTimedOut = "upstream timed out (110: Connection timed out) " + inHeader
)

var fakeFaults = map[string]attempt{
	"refuse":              {0, "error", 502, "connect() failed (111: Connection refused) while connecting to upstream", false},
	"backlog-full":        {0, "timeout", 504, "upstream timed out (110: Connection timed out) while connecting to upstream", false},
	"slow-header":         {0, "timeout", 504, readTimedOut, true},
	"close-before-header": {0, "error", 502, "upstream prematurely closed connection " + inHeader, true},
	"reset-unread":        {0, "error", 502, "recv() failed (104: Connection reset by peer) " + inHeader, true},
	"malformed-header":    {0, "invalid_header", 502, "upstream sent invalid header", true},
	"header-too-big":      {0, "invalid_header", 502, "upstream sent too big header " + inHeader, true},
	"stall-body":          {200, "", 200, "upstream timed out (110: Connection timed out) while reading upstream", true},
	"close-mid-body":      {200, "", 200, "upstream prematurely closed connection while reading upstream", true},
}

// attempt is what one backend does with one request.
func (p *fakeProcess) attempt(address string, b protocol.Backend, probe protocol.Probe) attempt {
	fault := b.Fault
	if slices.Contains(p.once, p.ids[address]) {
		if p.oneMet {
			fault = ""
		}
		p.oneMet = true
	}
	result, ok := fakeFaults[fault]
	switch {
	case fault == "":
		result = attempt{status: http.StatusOK, had: true}
	case fault == "error-status":
		result = attempt{status: b.Status, word: fmt.Sprintf("http_%d", b.Status), had: true}
	case !ok:
		panic("the fake nginx does not know the fault " + fault)
	}
	if fault != "" && result.had {
		p.played[p.ids[address]]++
	}
	if result.had {
		fmt.Fprintf(&p.log, "2026/11/29 06:00:00 %s: %s %s\n", p.ids[address], probe.Method, probe.Path)
	}
	return result
}
