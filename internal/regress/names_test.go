package regress

import (
	"slices"
	"testing"

	"github.com/gatewaylab/lab/internal/trial"
)

func peerNames(c *Config) []string {
	var all []string
	for _, p := range c.peers {
		all = append(all, p.name)
	}
	return all
}

// Two host names with one hash have stand-ins of their own.
func TestNamesThatCollide(t *testing.T) {
	t.Parallel()
	c, targets := surveyed(t, `server {
	location /search { proxy_pass http://search:80; }
	location /users { proxy_pass http://users-3.internal:80; }
}`)
	if got, want := peerNames(c), []string{"search:80", "users-3.internal:80"}; !slices.Equal(got, want) {
		t.Fatalf("what stands in: %q, want %q", got, want)
	}
	for location, want := range map[string]string{"/search": "search:80", "/users": "users-3.internal:80"} {
		if got := targetAt(t, targets, location).Group; got != want {
			t.Errorf("behind %s is %s, want %s", location, got, want)
		}
	}
	// The name server has the table that the stand-ins' addresses are made of.
	for _, p := range c.peers {
		if want := c.base.Names.Addresses.Of(p.name[:len(p.name)-len(":80")]).String() + ":80"; p.address != want {
			t.Errorf("%s stands in at %s, and the name server says %s", p.name, p.address, want)
		}
	}
}

// Names that show only as requests come get addresses of their own once they are known.
func TestNamesThatCollideLater(t *testing.T) {
	t.Parallel()
	c, _ := surveyed(t, `server { location / { return 200; } }`)
	asked := trial.Observation{Phases: []trial.PhaseSeen{{Names: []string{"search", "users-3.internal"}}}}
	c.discovered(asked)
	if c.moved != 1 {
		t.Fatalf("%d names moved, want 1: the survey must go on", c.moved)
	}
	if err := c.plan(); err != nil {
		t.Fatal(err)
	}
	table := c.base.Names.Addresses
	if table.Of("search") == table.Of("users-3.internal") {
		t.Errorf("the name server gives both %s", table.Of("search"))
	}
	c.discovered(asked)
	if c.moved != 1 {
		t.Errorf("names that are known move again")
	}
	for _, name := range []string{"search", "users-3.internal"} {
		if got := c.nameOf(table.Of(name).String() + ":80"); got != name+":80" {
			t.Errorf("%s is called %s", name, got)
		}
	}
	if got := c.nameOf("10.0.0.1:80"); got != "10.0.0.1:80" {
		t.Errorf("an address is called %s", got)
	}
}

// A name that nginx looks up when it starts cannot be unknown later in a trial: nginx would
// not start.
func TestNameThatIsLookedUpTwice(t *testing.T) {
	t.Parallel()
	source := sourceOf(t, `server { location / { proxy_pass http://App.internal; } location /v { proxy_pass http://$host; } }
upstream u { server pool.internal:8080; }`)
	c, err := Prepare(t.Context(), &fakeNginx{t: t}, source, options)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{"app.internal": true, "pool.internal": true, "other.internal": false} {
		if got := c.resolvedAtStart(host); got != want {
			t.Errorf("%s is looked up at the start: %t", host, got)
		}
	}
}

// Configurations that are made of one source do not share its notes: advice is looked for
// at several places at once.
func TestNotesAreNotShared(t *testing.T) {
	t.Parallel()
	source := sourceOf(t, shop)
	source.Notes = append(make([]string, 0, 8), "a template was filled in")
	prepared := func() *Config {
		c, err := Prepare(t.Context(), &fakeNginx{t: t}, source, options)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a, b := prepared(), prepared()
	a.Notes = append(a.Notes, "of a")
	b.Notes = append(b.Notes, "of b")
	if a.Notes[1] != "of a" || b.Notes[1] != "of b" {
		t.Errorf("notes: %q and %q", a.Notes, b.Notes)
	}
}
