package regress

import (
	"fmt"
	"slices"
	"strings"
)

// Difference is one way in which a configuration does not behave as it did, or as
// somebody expects.
type Difference struct {
	Server   string   `json:"server"`
	Location string   `json:"location,omitempty"`
	Probe    string   `json:"probe,omitempty"` // method and path
	Fault    string   `json:"fault,omitempty"`
	At       string   `json:"at,omitempty"`
	Method   string   `json:"method,omitempty"`
	Fields   []string `json:"fields"`
	Was      string   `json:"was,omitempty"`
	Now      string   `json:"now,omitempty"`
	Why      string   `json:"why,omitempty"`  // the directive that changed
	Says     string   `json:"says"`           // all of it, in one sentence
	File     string   `json:"file,omitempty"` // where the directive is or would be
	Line     int      `json:"line,omitempty"`
}

// Compare finds how the behaviour now differs from the recorded one. c is the
// configuration as it is now.
func Compare(recorded, now Behaviour, c *Config) []Difference {
	var all []Difference
	var moved []string // servers that go on under another port
	add := func(d Difference) {
		if d.Fields = recorded.counted(d); len(d.Fields) > 0 {
			all = append(all, d)
		}
	}
	for _, s := range recorded.Servers {
		i := recorded.counterpart(s, now)
		if i >= 0 && now.Servers[i].Server != s.Server {
			moved = append(moved, now.Servers[i].Server)
		}
		if i < 0 {
			file, line := c.place(nil, nil, "")
			add(Difference{Server: s.Server, Fields: []string{"listen"}, Was: "listens on " + strings.Join(s.Listen, ", "), Now: "is gone", Says: fmt.Sprintf("the server %s is gone", s.Server), File: file, Line: line})
			continue
		}
		if !slices.Equal(s.Listen, now.Servers[i].Listen) {
			file, line := c.serverPlace(now.Servers[i].Server, "listen")
			was, is := strings.Join(s.Listen, ", "), strings.Join(now.Servers[i].Listen, ", ")
			add(Difference{Server: s.Server, Fields: []string{"listen"}, Was: was, Now: is, Says: fmt.Sprintf("the server %s listens on %s, was %s", s.Server, is, was), File: file, Line: line})
		}
		for _, l := range s.Locations {
			for _, d := range c.compareLocation(now.Servers[i].Server, l, now.Servers[i].Locations) {
				add(d)
			}
		}
		for _, l := range now.Servers[i].Locations {
			if !slices.ContainsFunc(s.Locations, func(other LocationBehaviour) bool { return other.Location == l.Location }) {
				file, line := c.locationPlace(now.Servers[i].Server, l.Location)
				add(Difference{Server: s.Server, Location: l.Location, Fields: []string{"status"}, Now: l.Faults[0].Cell.String(), Says: fmt.Sprintf("%s is new in %s: record it", l.Location, s.Server), File: file, Line: line})
			}
		}
	}
	for _, s := range now.Servers {
		if !recorded.has(s.Server) && !slices.Contains(moved, s.Server) {
			file, line := c.serverPlace(s.Server, "server_name")
			add(Difference{Server: s.Server, Fields: []string{"listen"}, Now: strings.Join(s.Listen, ", "), Says: fmt.Sprintf("the server %s is new: record it", s.Server), File: file, Line: line})
		}
	}
	return all
}

// counterpart finds a recorded server among those of now; -1: it is gone.
func (b Behaviour) counterpart(s ServerBehaviour, now Behaviour) int {
	for _, same := range []func(ServerBehaviour) bool{
		func(o ServerBehaviour) bool { return o.Server == s.Server && slices.Equal(o.Listen, s.Listen) },
		func(o ServerBehaviour) bool { return o.Server == s.Server }, // it only listens elsewhere
		// Several of one name have their ports in it.
		func(o ServerBehaviour) bool { return baseName(o.Server) == baseName(s.Server) && !b.has(o.Server) },
	} {
		if i := slices.IndexFunc(now.Servers, same); i >= 0 {
			return i
		}
	}
	return -1
}

func (b Behaviour) has(server string) bool {
	return slices.ContainsFunc(b.Servers, func(s ServerBehaviour) bool { return s.Server == server })
}

// baseName is a server's name without the port that tells it from others of that name.
func baseName(label string) string {
	name, _, _ := strings.Cut(label, " on ")
	return name
}

// counted is the fields of a difference that no rule ignores.
func (b Behaviour) counted(d Difference) []string {
	rest := slices.Clone(d.Fields)
	for _, rule := range b.Ignore {
		if match(rule.Server, d.Server) && (rule.Location == "" || rule.Location == d.Location) && match(rule.Fault, d.Fault) {
			rest = slices.DeleteFunc(rest, func(name string) bool { return len(rule.Fields) == 0 || slices.Contains(rule.Fields, name) })
		}
	}
	return rest
}

func (c *Config) compareLocation(server string, was LocationBehaviour, now []LocationBehaviour) []Difference {
	i := slices.IndexFunc(now, func(l LocationBehaviour) bool { return l.Location == was.Location && l.Probe == was.Probe })
	if i < 0 {
		i = slices.IndexFunc(now, func(l LocationBehaviour) bool { return l.Location == was.Location })
	}
	if i < 0 {
		file, line := c.serverPlace(server, "location")
		return []Difference{{Server: server, Location: was.Location, Fields: []string{"status"}, Was: was.Faults[0].Cell.String(), Now: "is gone", Says: fmt.Sprintf("the location %s of %s is gone, or no request gets there", was.Location, server), File: file, Line: line}}
	}
	is := now[i]
	var all []Difference
	if !slices.Equal(was.Upstream, is.Upstream) {
		file, line := c.upstreamPlace(server, was.Location)
		all = append(all, Difference{Server: server, Location: was.Location, Fields: []string{"upstream"}, Was: list(was.Upstream), Now: list(is.Upstream),
			Says: fmt.Sprintf("%s is passed to %s, was %s", was.Location, list(is.Upstream), list(was.Upstream)), File: file, Line: line})
	}
	renamed := len(was.Upstream) == 1 && len(is.Upstream) == 1
	for _, recorded := range was.Faults {
		j := slices.IndexFunc(is.Faults, func(e Entry) bool {
			return e.Fault == recorded.Fault && e.At == recorded.At && e.Method == recorded.Method
		})
		d := Difference{Server: server, Location: was.Location, Probe: is.Probe, Fault: recorded.Fault, At: recorded.At, Method: recorded.Method}
		if j < 0 {
			if slices.Equal(was.Upstream, is.Upstream) && recorded.Expect == nil {
				d.Fields, d.Was, d.Now = []string{"status"}, recorded.Cell.String(), "cannot happen any more"
				c.explain(&d, was, is)
				all = append(all, d)
			}
			continue
		}
		e := is.Faults[j]
		if recorded.Expect != nil {
			if d.Fields, d.Was = recorded.Expect.unmet(e.Cell); d.Fields != nil {
				d.Was, d.Now = "expected "+d.Was, e.Cell.String()
				c.explain(&d, was, is)
				all = append(all, d)
			}
			continue
		}
		if renamed { // said already
			for k := range e.Tried {
				e.Tried = slices.Clone(e.Tried)
				e.Tried[k] = strings.ReplaceAll(e.Tried[k], is.Upstream[0], was.Upstream[0])
			}
		}
		var nearest Cell
		if d.Fields, nearest = unlike(recorded, e); d.Fields == nil {
			continue
		}
		d.Was, d.Now = words(d.Fields, nearest), words(d.Fields, e.Cell)
		c.explain(&d, was, is)
		all = append(all, d)
	}
	return all
}
