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

	of *comparison // nil: it is about what there is, and not about how a cell behaves
}

// comparison is what a cell is compared with.
type comparison struct {
	was, is  LocationBehaviour
	recorded Entry
}

// Compare finds how the behaviour now differs from the recorded one, and what was recorded
// of which nobody can tell now. c is the configuration as it is now.
func Compare(recorded, now Behaviour, c *Config) (all []Difference, unclear []Inconclusive) {
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
			differences, not := c.compareLocation(now.Servers[i].Server, l, now.Servers[i].Locations)
			for _, d := range differences {
				add(d)
			}
			for _, n := range not {
				every := Difference{Server: n.Server, Location: n.Location, Fault: n.Fault, Fields: fieldNames()}
				if len(recorded.counted(every)) > 0 { // not all of it is ignored
					unclear = append(unclear, n)
				}
			}
		}
		for _, l := range now.Servers[i].Locations {
			if !slices.ContainsFunc(s.Locations, func(other LocationBehaviour) bool { return other.Location == l.Location }) {
				file, line := c.locationPlace(now.Servers[i].Server, l.Location)
				add(Difference{Server: s.Server, Location: l.Location, Fields: []string{"status"}, Now: l.healthy(), Says: fmt.Sprintf("%s is new in %s: record it", l.Location, s.Server), File: file, Line: line})
			}
		}
	}
	for _, s := range now.Servers {
		if !recorded.has(s.Server) && !slices.Contains(moved, s.Server) {
			file, line := c.serverPlace(s.Server, "server_name")
			add(Difference{Server: s.Server, Fields: []string{"listen"}, Now: strings.Join(s.Listen, ", "), Says: fmt.Sprintf("the server %s is new: record it", s.Server), File: file, Line: line})
		}
	}
	return all, unclear
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

// healthy is how a location behaves when nothing fails, as far as that is known.
func (l LocationBehaviour) healthy() string {
	if len(l.Faults) == 0 {
		return ""
	}
	return l.Faults[0].Cell.String()
}

// alike reports whether an entry is of the same cell.
func (e Entry) alike(other Entry) bool {
	return e.Fault == other.Fault && e.At == other.At && e.Method == other.Method
}

// unclear reports whether something is inconclusive about the entry's cell.
func (e Entry) unclear(n Inconclusive) bool {
	return e.Fault == n.Fault && e.At == n.At && e.Method == n.Method
}

func (c *Config) compareLocation(
	server string, was LocationBehaviour, now []LocationBehaviour,
) (all []Difference, unclear []Inconclusive) {
	i := slices.IndexFunc(now, func(l LocationBehaviour) bool { return l.Location == was.Location && l.Probe == was.Probe })
	if i < 0 {
		i = slices.IndexFunc(now, func(l LocationBehaviour) bool { return l.Location == was.Location })
	}
	if i < 0 {
		file, line := c.serverPlace(server, "location")
		return []Difference{{
			Server: server, Location: was.Location, Fields: []string{"status"}, Was: was.healthy(), Now: "is gone",
			Says: fmt.Sprintf("the location %s of %s is gone, or no request gets there", was.Location, server), File: file, Line: line,
		}}, nil
	}
	is := now[i]
	if is.lost != nil {
		return nil, []Inconclusive{*is.lost}
	}
	if !slices.Equal(was.Upstream, is.Upstream) {
		file, line := c.upstreamPlace(server, was.Location)
		all = append(all, Difference{
			Server: server, Location: was.Location, Fields: []string{"upstream"}, Was: list(was.Upstream), Now: list(is.Upstream),
			Says: fmt.Sprintf("%s is passed to %s, was %s", was.Location, list(is.Upstream), list(was.Upstream)), File: file, Line: line,
		})
	}
	for _, recorded := range was.Faults {
		of := comparison{was, is, recorded}
		if k := slices.IndexFunc(is.unclear, recorded.unclear); k >= 0 {
			unclear = append(unclear, is.unclear[k])
			continue
		}
		j := slices.IndexFunc(is.Faults, recorded.alike)
		if j >= 0 {
			if d, differs := c.compareCell(server, of, is.Faults[j], nil); differs {
				all = append(all, d)
			}
			continue
		}
		if slices.Equal(was.Upstream, is.Upstream) && recorded.Expect == nil {
			d := of.difference(server)
			d.of = nil
			d.Fields, d.Was, d.Now = []string{"status"}, recorded.Cell.String(), "cannot happen any more"
			c.explain(&d, was, is)
			all = append(all, d)
		}
	}
	return all, unclear
}

// difference is one without what differs.
func (of comparison) difference(server string) Difference {
	return Difference{
		Server: server, Location: of.was.Location, Probe: of.is.Probe,
		Fault: of.recorded.Fault, At: of.recorded.At, Method: of.recorded.Method, of: &of,
	}
}

// compareCell compares one cell with what was recorded or is expected of it, in some fields
// only or, with none, in all of them.
func (c *Config) compareCell(server string, of comparison, e Entry, only []string) (d Difference, differs bool) {
	d = of.difference(server)
	if of.recorded.Expect != nil {
		if d.Fields, d.Was = of.recorded.Expect.unmet(e.Cell); d.Fields == nil {
			return d, false
		}
		d.Was, d.Now = "expected "+d.Was, e.Cell.String()
		c.explain(&d, of.was, of.is)
		return d, true
	}
	if len(of.was.Upstream) == 1 && len(of.is.Upstream) == 1 { // it may have another name, which is said already
		e.Tried = slices.Clone(e.Tried)
		for k := range e.Tried {
			e.Tried[k] = strings.ReplaceAll(e.Tried[k], of.is.Upstream[0], of.was.Upstream[0])
		}
	}
	var nearest Cell
	if d.Fields, nearest = unlike(of.recorded, e); only != nil {
		d.Fields = common(d.Fields, only)
	}
	if len(d.Fields) == 0 {
		return d, false
	}
	d.Was, d.Now = words(d.Fields, nearest), words(d.Fields, e.Cell)
	c.explain(&d, of.was, of.is)
	return d, true
}
