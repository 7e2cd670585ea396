// Package nginx reads nginx's own formats: error-log entries and the lab's
// access-log records. It starts nothing.
package nginx

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Entry is one entry of the error log. It can span several lines: FastCGI
// stderr with a stack trace does.
type Entry struct {
	Time       string `json:"time"` // as nginx writes it, "2026/11/22 19:29:34", by the container's clock
	Level      string `json:"level"`
	PID        int    `json:"pid"`
	Connection int64  `json:"connection,omitempty"` // the client connection's number; 0: none
	Message    string `json:"message"`              // up to ", client: "
	Context    string `json:"context,omitempty"`    // from "client: " on
	Raw        string `json:"raw"`
}

var (
	entryStart = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[([a-z]+)\] (\d+)#\d+: (?:\*(\d+) )?`)
	})
	levels = []string{"debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"}
)

// maxEntry bounds one entry; nginx itself cuts its messages at 2048 bytes, not
// counting what a backend writes to stderr.
const maxEntry = 64 << 10

// ParseErrorLog splits the text of an error log into its entries. Lines that do
// not begin an entry belong to the one before; those before the first are lost.
func ParseErrorLog(text string) []Entry {
	var entries []Entry
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		m := entryStart().FindStringSubmatch(line)
		if m == nil {
			if len(entries) > 0 {
				last := &entries[len(entries)-1]
				if len(last.Raw)+len(line) < maxEntry {
					last.Raw += "\n" + line
				}
			}
			continue
		}
		pid, _ := strconv.Atoi(m[3])
		connection, _ := strconv.ParseInt(m[4], 10, 64)
		entries = append(entries, Entry{Time: m[1], Level: m[2], PID: pid, Connection: connection, Raw: line[:min(len(line), maxEntry)]})
	}
	for i := range entries {
		e := &entries[i]
		body := e.Raw[len(entryStart().FindString(e.Raw)):]
		e.Message, e.Context = body, ""
		if at := strings.LastIndex(body, ", client: "); at >= 0 {
			e.Message, e.Context = body[:at], body[at+2:]
		}
	}
	return entries
}

// AtLeast reports whether the entry's level is level or worse.
func (e Entry) AtLeast(level string) bool {
	return slices.Index(levels, e.Level) >= slices.Index(levels, level)
}

var action = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(` while [a-z A-Z]+$`) })

// Gist is the entry in a few words: "[error] connect() failed (111: Connection refused)".
func (e Entry) Gist() string {
	return "[" + e.Level + "] " + action().ReplaceAllString(e.Message, "")
}
