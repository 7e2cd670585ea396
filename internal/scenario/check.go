package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/strict"
)

var userForm = lazy.Regexp(`^[a-z_][a-z0-9_-]{0,31}$`)

var word = lazy.Regexp(`^[a-z0-9]+([.-][a-z0-9]+)*$`)

// checker finds mistakes in a scenario that is well-formed YAML. It reports each one at the
// line of the nearest node that the author wrote.
type checker struct {
	*strict.Decoder
	root *yaml.Node
	s    *Scenario
	used map[string]bool // the files that a stage or a fix uses
}

func check(d *strict.Decoder, root *yaml.Node, s *Scenario) {
	c := &checker{Decoder: d, root: root, s: s, used: map[string]bool{}}
	c.head()
	c.stage()
	switch {
	case s.Broken != nil && len(s.Demonstrates) > 0:
		c.wrong(at("demonstrates"), "a scenario has either broken, symptom and fixes, or demonstrates, but not both")
	case s.Broken != nil:
		c.failure()
	case len(s.Demonstrates) > 0:
		c.demonstrations()
	default:
		c.wrong(nil, "the scenario has nothing to prove: add broken, symptom and fixes, or add demonstrates")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		if !c.used[name] {
			c.Add(
				strict.Mistake{
					File: s.ID + "/" + name,
					Text: "this file is not used by any stage or fix: delete it, or name it in scenario.yaml",
				},
			)
		}
	}
}

// at builds a path into the document from field names and list positions.
func at(path ...any) []any { return path }

// wrong reports a mistake at the node that the path leads to. If that node does not exist, it
// reports the mistake at the last node of the path that does.
func (c *checker) wrong(path []any, format string, args ...any) {
	line := 1
	node := c.root
	for _, step := range path {
		next, keyLine := child(node, step)
		if next == nil {
			break
		}
		node, line = next, keyLine
	}
	c.Mistake(line, format, args...)
}

// suggest gives no suggestion once the limit of mistakes is reached, because comparing names
// is what takes time.
func (c *checker) suggest(word string, candidates []string) string {
	if c.Full() {
		return ""
	}
	return strict.Suggest(word, candidates)
}

func child(n *yaml.Node, step any) (*yaml.Node, int) {
	switch s := step.(type) {
	case string:
		if n.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == s {
					return n.Content[i+1], n.Content[i].Line
				}
			}
		}
	case int:
		if n.Kind == yaml.SequenceNode && s < len(n.Content) {
			return n.Content[s], n.Content[s].Line
		}
	}
	return nil, 0
}

func (c *checker) head() {
	s := c.s
	if !word().MatchString(s.ID) {
		c.Mistake(0, "the folder's name is the scenario's id: %q may contain only lowercase letters, digits, dots and hyphens", s.ID)
	}
	if strings.TrimSpace(s.Title) == "" {
		c.wrong(at("title"), "title is missing: write one sentence that says what is wrong")
	}
	if strings.TrimSpace(s.Debrief) == "" {
		c.wrong(at("debrief"), "debrief is missing: explain why the fix works, and which similar failures the evidence rules out")
	}
	if len(s.Tags) == 0 {
		c.wrong(at("tags"), "tags are missing: give a status, a protocol or a topic, as in [502, tcp]")
	}
	for i, tag := range s.Tags {
		if !word().MatchString(tag) {
			c.wrong(at("tags", i), "tag %q may contain only lowercase letters, digits, dots and hyphens", tag)
		}
	}
	if s.Needs != "" && s.Needs != "network" {
		c.wrong(at("needs"), "needs: %q is not known; the only value is %q", s.Needs, "network")
	}
	c.server()
}

func (c *checker) stage() {
	h := c.s.Healthy
	if h.Nginx == "" {
		c.wrong(at("healthy", "nginx"), "healthy has no nginx configuration: add nginx: nginx.conf")
	}
	c.config(at("healthy", "nginx"), h.Nginx)
	c.user(at("healthy", "user"), h.User)
	c.backends(at("healthy", "backends"), h.Backends, nil)
	c.memory(at("healthy", "memory"), int64(h.Memory))
	if len(h.Probes) == 0 {
		c.wrong(at("healthy", "probes"), "healthy has no probe: add probes: {home: {get: /, expect: {status: 200}}}")
	}
	for _, name := range slices.Sorted(maps.Keys(h.Probes)) {
		c.probe(at("healthy", "probes", name), name, h.Probes[name])
	}
}

func (c *checker) probe(path []any, name string, p Probe) {
	if !word().MatchString(name) {
		c.wrong(path, "probe %q: a name may contain only lowercase letters, digits, dots and hyphens", name)
	}
	given := 0
	for _, target := range []string{p.Get, p.Head, p.Post} {
		if target == "" {
			continue
		}
		given++
		if !strings.HasPrefix(target, "/") || strings.ContainsAny(target, " \r\n\t") {
			c.wrong(path, "probe %q: the path %q must begin with / and contain no white space", name, target)
		}
	}
	if given != 1 {
		c.wrong(path, "probe %q must have exactly one of get, head and post", name)
	}
	if p.Timeout.D() > maxAnswer {
		c.wrong(path, "probe %q: timeout %s is more than %s, the longest wait for an answer", name, p.Timeout, maxAnswer)
	}
	for k, v := range p.Headers {
		if k == "" {
			c.wrong(path, "probe %q: one of the headers has no name", name)
		}
		if strings.ContainsAny(k+v, "\r\n") {
			c.wrong(path, "probe %q: the header %q contains a line break", name, k)
		}
	}
	if p.Size > 64<<20 {
		c.wrong(path, "probe %q: size %s is more than 64m, the most a request body may have", name, p.Size)
	}
	if p.Count > 1000 {
		c.wrong(path, "probe %q: count %d is more than 1000", name, p.Count)
	}
	if p.Expect.Status == 0 && len(p.Expect.Statuses) == 0 {
		c.wrong(path, "probe %q does not say what a healthy answer is: add expect: {status: 200}", name)
	}
	c.expect(append(path, "expect"), p.Expect)
}

func (c *checker) expect(path []any, e Expect) {
	if e.From != "" && e.From != "backend" && e.From != "nginx" {
		c.wrong(append(path, "from"), "from: %q is neither backend nor nginx", e.From)
	}
	for _, status := range append(slices.Clone(e.Statuses), e.Status) {
		if status != 0 && status != 9 && (status < 100 || status > 599) {
			c.wrong(path, "%d is not an HTTP status", status)
		}
	}
}

// config checks that a file of the scenario exists, and notes that it is used.
func (c *checker) config(path []any, name string) {
	if name == "" {
		return
	}
	c.used[name] = true
	if _, ok := c.s.Files[name]; !ok {
		c.wrong(path, "there is no file %q beside %s%s", name, FileName, c.suggest(name, slices.Sorted(maps.Keys(c.s.Files))))
	}
}

func (c *checker) user(path []any, name string) {
	if name != "" && !userForm().MatchString(name) {
		c.wrong(path, "user: %q is not a user name such as www-data", name)
	}
}

func (c *checker) memory(path []any, bytes int64) {
	if bytes != 0 && (bytes < 32<<20 || bytes > 1<<30) {
		c.wrong(path, "memory: the limit must be between 32m and 1g, because the agent runs inside it as well")
	}
}

func (c *checker) failure() {
	s := c.s
	if s.Broken.IsZero() {
		c.wrong(at("broken"), "broken changes nothing")
	}
	c.delta(at("broken"), *s.Broken, s.Healthy, "broken")
	c.signature(at("symptom"), s.Symptom)
	if len(s.Symptom.Probes) == 0 {
		c.wrong(at("symptom"), "symptom does not say what a probe sees: add probes: {home: {status: 502}}")
	}
	if len(s.Fixes) == 0 {
		c.wrong(at("fixes"), "fixes are missing: add at least one, because a failure without a proven fix teaches nothing")
	}
	if len(s.WrongFixes) == 0 {
		c.wrong(at("wrong_fixes"), "wrong_fixes are missing: add at least one change that leaves the stage broken, to prove "+
			"that the check can fail")
	}
	if len(s.Hints) == 0 {
		c.wrong(at("hints"), "hints are missing: add some, from a vague one to one that nearly gives the answer")
	}
	ids := map[string]bool{}
	broken := s.BrokenStage()
	for _, kind := range []string{"fixes", "wrong_fixes"} {
		list := s.Fixes
		if kind == "wrong_fixes" {
			list = s.WrongFixes
		}
		for i, fix := range list {
			path := at(kind, i)
			c.identity(append(path, "id"), fix.ID, fix.Say, ids)
			c.delta(path, fix.Delta, broken, fmt.Sprintf("fix %q", fix.ID))
			if len(fix.Apply) == 0 {
				c.wrong(path, "fix %q does not say how its change is applied: add apply: [check, reload]", fix.ID)
			}
			if fix.Symptom != nil {
				c.signature(append(path, "symptom"), *fix.Symptom)
				if kind == "fixes" {
					c.wrong(append(path, "symptom"), "fix %q: only a wrong fix may have a symptom", fix.ID)
				}
			}
		}
	}
}

func (c *checker) demonstrations() {
	ids := map[string]bool{}
	for i, d := range c.s.Demonstrates {
		path := at("demonstrates", i)
		c.identity(append(path, "id"), d.ID, d.Say, ids)
		c.delta(path, d.Delta, c.s.Healthy, fmt.Sprintf("demonstration %q", d.ID))
		c.delta(append(path, "planted"), d.Planted, c.s.Healthy, fmt.Sprintf("planted change of %q", d.ID))
		c.signature(append(path, "show"), d.Show)
		if d.Planted.IsZero() {
			c.wrong(append(path, "planted"), "demonstration %q has no planted change that makes it fail: add planted", d.ID)
		}
		if _, ok := c.s.Healthy.Probes[d.During]; d.During != "" && !ok {
			c.wrong(append(path, "during"), "during: there is no probe %q%s", d.During, c.suggestProbe(d.During))
		}
	}
}

func (c *checker) identity(path []any, id, say string, seen map[string]bool) {
	switch {
	case id == "":
		c.wrong(path[:len(path)-1], "id is missing")
	case !word().MatchString(id):
		c.wrong(path, "id %q may contain only lowercase letters, digits, dots and hyphens", id)
	case seen[id]:
		c.wrong(path, "id %q appears twice", id)
	}
	seen[id] = true
	if strings.TrimSpace(say) == "" {
		c.wrong(path[:len(path)-1], "say is missing: write what an operator would call this change")
	}
}

func (c *checker) suggestProbe(name string) string {
	return c.suggest(name, slices.Sorted(maps.Keys(c.s.Healthy.Probes)))
}

func octal(mode string) bool {
	n, err := strconv.ParseUint(mode, 8, 32)
	return err == nil && n <= 0o7777
}
