package regress

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/strict"
)

// ruleTest is a configuration for one rule, with cells that show what it is about, and
// cells that do not.
type ruleTest struct {
	text  string // its location / is meant
	wrong []Cell // as it is
	fixed []Cell // with the fix
	fine  []Cell // nothing is wrong
	says  string
	fix   string // the lines that the fix takes out and puts in; what stood there before may be a secret and is masked
}

func (test ruleTest) run(t *testing.T, r rule) {
	t.Helper()
	t.Parallel()
	c, targets := surveyed(t, test.text)
	target := targetAt(t, targets, "/")
	for _, id := range r.cells {
		if !target.has(id) {
			t.Errorf("the location has no cell %v", id)
		}
	}
	for _, cells := range [][]Cell{test.wrong, test.fixed, test.fine} {
		if len(cells) != len(r.cells) {
			t.Fatalf("%d cells are given, and the rule has %d", len(cells), len(r.cells))
		}
	}
	if !r.wrong(target, test.wrong) {
		t.Error("the rule does not see what is wrong")
	}
	if r.wrong(target, test.fine) {
		t.Error("the rule complains about what is right")
	}
	if !r.right(test.wrong, test.fixed) || r.right(test.wrong, test.wrong) {
		t.Error("the rule does not tell what is fixed from what is not")
	}
	if got := r.says(target, test.wrong); got != test.says {
		t.Errorf("it says\n%s, want\n%s", got, test.says)
	}
	if got := fixOf(t, c, target, r); got != test.fix {
		t.Errorf("the fix is\n%s\nwant\n%s", got, test.fix)
	}
}

// fixOf is the lines that a rule's fix changes.
func fixOf(t *testing.T, c *Config, target Target, r rule) string {
	t.Helper()
	a := &Advice{}
	if _, _, err := c.fix(target, r, a); err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(a.Fix, "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++") || strings.HasPrefix(line, "@@")
	})
	return strings.Join(lines, "\n")
}

// hasNoFix checks a configuration for which lab knows no fix.
func hasNoFix(t *testing.T, r rule, text string) {
	t.Helper()
	c, targets := surveyed(t, text)
	if got := fixOf(t, c, targetAt(t, targets, "/"), r); got != "" {
		t.Errorf("a fix where there is none:\n%s", got)
	}
}

// Cells that rules look for.
var (
	fromApp     = Cell{Status: strict.Numbers{200}, From: fromUpstream, Tried: strict.Words{"app"}}
	badGateway  = Cell{Status: strict.Numbers{502}, From: fromNginx, Tried: strict.Words{"app"}}
	sentTwiceTo = Cell{Status: strict.Numbers{200}, From: fromUpstream, Tried: strict.Words{"app, app"}, Twice: true}
)

// waiting is a cell in which a timeout ended the one attempt.
func waiting(timeout string) Cell {
	return Cell{Status: strict.Numbers{504}, From: fromNginx, After: strict.Words{timeout}, Tried: strict.Words{"app"}}
}

// trying is a cell of several requests.
func trying(tried ...string) Cell { return Cell{Status: strict.Numbers{200}, Tried: tried} }

// Rules have names and severities of their own, and a file and a test each.
func TestRules(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range rules {
		if r.name == "" || seen[r.name] || !slices.Contains(Severities, r.severity) || len(r.cells) == 0 {
			t.Errorf("the rule %q: %q, %v", r.name, r.severity, r.cells)
		}
		seen[r.name] = true
		for _, id := range r.cells {
			if id.Fault != None && faultNamed(id.Fault).met == nil {
				t.Errorf("%s looks at a fault %q that there is not", r.name, id.Fault)
			}
		}
		file := "rule_" + strings.ReplaceAll(r.name, "-", "_")
		for _, name := range []string{file + ".go", file + "_test.go"} {
			if _, err := os.Stat(name); err != nil {
				t.Error(err)
			}
		}
	}
}
