// Package nginx knows the language of nginx: its configurations, times and versions, what
// it says of a configuration that it refuses, and its logs. It starts nothing.
package nginx

import (
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
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

var entryStart = lazy.Regexp(`^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[([a-z]+)\] (\d{1,10})#\d{1,10}: (?:\*(\d{1,18}) )?`)

// maxEntry bounds one entry; nginx itself cuts its messages at 2048 bytes, not
// counting what a backend writes to stderr.
const maxEntry = 64 << 10

// ParseErrorLog splits the text of an error log into its entries. Lines that do
// not begin an entry belong to the one before; those before the first are lost.
func ParseErrorLog(text string) []Entry {
	var entries []Entry
	text = strings.TrimSuffix(text, "\n")
	begin, at := 0, 0 // of the entry, of the line
	for line := range strings.SplitSeq(text, "\n") {
		if m := startOf(line); m != nil {
			finish(entries, text[begin:max(at-1, begin)])
			pid, _ := strconv.Atoi(m[3])
			connection, _ := strconv.ParseInt(m[4], 10, 64)
			entries = append(entries, Entry{Time: m[1], Level: m[2], PID: pid, Connection: connection})
			begin = at
		}
		at += len(line) + 1
	}
	finish(entries, text[begin:])
	return entries
}

// startOf matches the start of an entry. Most other lines are told by a look.
func startOf(line string) []string {
	if len(line) < len("2006/01/02 15:04:05 [") || line[4] != '/' {
		return nil
	}
	return entryStart().FindStringSubmatch(line)
}

// finish gives the last entry its text: a part of the whole log's, since adding line
// to line would take the square of their number.
func finish(entries []Entry, raw string) {
	if len(entries) == 0 {
		return
	}
	e := &entries[len(entries)-1]
	e.Raw = raw[:min(len(raw), maxEntry)]
	e.Message = e.Raw[len(entryStart().FindString(e.Raw)):]
	if at := strings.LastIndex(e.Message, ", client: "); at >= 0 {
		e.Message, e.Context = e.Message[:at], e.Message[at+2:]
	}
}

// AtLeast reports whether the entry's level is level or worse.
func (e Entry) AtLeast(level string) bool {
	return LevelAtLeast(e.Level, level)
}

// Gist is the entry in a few words: "[error] connect() failed (111: Connection refused)".
func (e Entry) Gist() string {
	message, _ := SplitAction(e.Message)
	return "[" + e.Level + "] " + message
}
