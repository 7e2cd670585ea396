package nginx

import (
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
)

// Complaint is why nginx refuses a configuration.
type Complaint struct {
	Reason string // "" if nginx gave none
	File   string // "" if it is about no place in a file
	Line   int
	said   string
}

var complaint = lazy.Regexp(`\[emerg\] (?:\d+#\d+: )?(.*?)(?: in (\S+):(\d+))?\s*(?:\n|$)`)

// ReadComplaint finds the complaint in what nginx said when it refused a configuration:
// the first of level emerg, since those that follow are about what it led to.
func ReadComplaint(said string) Complaint {
	c := Complaint{said: strings.TrimSpace(said)}
	if m := complaint().FindStringSubmatch(said); m != nil {
		c.Reason, c.File = m[1], m[2]
		c.Line, _ = strconv.Atoi(m[3])
	}
	return c
}

// String is the reason with its place; where nginx gave no reason, all that it said.
func (c Complaint) String() string {
	switch {
	case c.Reason == "":
		return c.said
	case c.File == "":
		return c.Reason
	}
	return c.Reason + " in " + c.File + ":" + strconv.Itoa(c.Line)
}
