package guide

import (
	"slices"

	"github.com/gatewaylab/lab/internal/lazy"
)

// Coverage says how many statements of a guide have a claim.
type Coverage struct {
	Statements int         // all statements except headings
	Checkable  int         // the statements that look as if an experiment could decide them
	Counted    int         // either Statements or Checkable, as the caller asked
	Claimed    int         // the counted statements that have a claim
	Missing    []Statement // the counted statements without a claim
}

// Percent is the share of the counted statements that have a claim.
func (c Coverage) Percent() int {
	if c.Counted == 0 {
		return 100
	}
	return 100 * c.Claimed / c.Counted
}

// checkable matches what makes a statement look checkable: a status, an error number, a log
// line, a directive, a command, a port, an address, the version of a protocol, a time or a
// path.
var checkable = lazy.Regexp(`(?i)\b[45]\d\d\b|\(\d{1,3}: ?[a-z]|\[(error|crit|alert|warn|emerg)\]|\b[a-z]+_[a-z_]+\b|\b[a-z]+\.[a-z]+ = |` +
	`\b(nginx -t|systemctl|journalctl|ss -|netstat|curl|openssl|tail|kill|chmod|chown|docker)\b|:\d{2,5}\b|\b\d{1,3}(\.\d{1,3}){3}\b|` +
	`\b(tls|ssl)\b|\b\d+ ?(s|ms|seconds?|minutes?)\b|connection (refused|reset|timed out)|permission denied|no such ` +
	`file|prematurely|handshake|\bsocket\b|\bsni\b|` +
	`\b(reload|restart)(s|ed|ing)?\b|by default|/(var|etc|run)/`)

// Checkable reports whether a statement looks as if an experiment could decide it.
func (s Statement) Checkable() bool {
	return s.Kind != Heading && (s.Kind == Log || checkable().MatchString(s.Text))
}

// Covers returns how many statements of a guide have a claim. If every is true, all statements
// count, otherwise only those that look checkable.
func (d Document) Covers(c Claims, every bool) Coverage {
	var claimed []Statement
	for _, claim := range c.Claims {
		if f := d.Find(claim); f.Here() {
			claimed = append(claimed, f.Statement)
		}
	}
	var result Coverage
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Kind == Heading {
			continue
		}
		result.Statements++
		if s.Checkable() {
			result.Checkable++
		}
		if !every && !s.Checkable() {
			continue
		}
		result.Counted++
		// The same words mean the same in every place.
		if slices.ContainsFunc(claimed, func(o Statement) bool { return o.key().fingerprint == s.key().fingerprint }) {
			result.Claimed++
		} else {
			result.Missing = append(result.Missing, *s)
		}
	}
	return result
}
