// Package regress finds out how a user's nginx configuration behaves when its upstreams
// fail, writes it down, and compares. Containers are somebody else's: it runs trials.
package regress

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/deployment"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/trial"
)

// Runner runs trials, and says what its nginx is: testbed.Pool.
type Runner interface {
	trial.Runner
	Nginx() protocol.NginxInfo
}

// Options is what a user decides.
type Options struct {
	TimeScale float64 // timeouts are divided by it; 1 leaves them
	Parallel  int     // trials at a time
	Progress  func(done, total int)

	NoSecondHearing bool // a check believes each difference at once

	only []string // the keys of the targets that are looked for; none is all
}

// Config is a configuration that runs in the lab.
type Config struct {
	Source  *deployment.Source
	Site    *deployment.Site // as it is, the image's files included
	Scale   deployment.Scale
	Changes []deployment.Change // what differs in the lab, and why
	Notes   []string
	Nginx   string // version

	base    trial.Deployment
	peers   []*peer
	options Options

	image    map[string]string // files of the image's that the configuration includes
	standIns deployment.StandIns
	user     string         // of the workers, where the configuration's is none of the image's
	folders  []string       // that must be there
	further  []found        // what nginx was seen to look for
	lost     []Inconclusive // locations of which a survey cannot tell whether a request gets there
	moved    int            // host names whose address was another one's until they were seen

	mu     sync.Mutex
	pages  map[string]bool                           // files that nginx was seen to miss
	passes map[*deployment.Location]*deployment.Pass // of locations that lead to another one
}

// found is an upstream server that shows only as requests come.
type found struct {
	address, protocol string
	secured           bool
}

// peer is a backend that stands in for a server of an upstream.
type peer struct {
	id       string
	address  string // as nginx writes it into its logs
	name     string // as the configuration says
	listen   string
	protocol string
}

// errConfig is a configuration that cannot run, and why.
type errConfig struct{ error }

func (e errConfig) Unwrap() error { return e.error }

// IsConfig reports whether an error is about the configuration, not about the lab.
func IsConfig(err error) bool {
	var about errConfig
	return errors.As(err, &about)
}

// mending bounds how often nginx is asked whether it takes the configuration now.
const mending = 60

// Prepare makes a configuration run: what it lacks stands in, until nginx takes it.
func Prepare(ctx context.Context, runner Runner, source *deployment.Source, options Options) (*Config, error) {
	c := &Config{
		Source: source, options: options, Notes: slices.Clone(source.Notes), image: map[string]string{},
		pages: map[string]bool{}, passes: map[*deployment.Location]*deployment.Pass{},
	}
	if err := c.read(); err != nil {
		return nil, errConfig{err}
	}
	var err error
	if c.standIns.Set, err = certificate.MakeFor(time.Now(), hostNames(c.Site)); err != nil {
		return nil, fmt.Errorf("making certificates for the configuration: %w", err)
	}
	for range mending {
		if err := c.plan(); err != nil {
			return nil, errConfig{err}
		}
		dump, complaint, err := c.ask(ctx, runner)
		switch {
		case err != nil:
			return nil, err
		case complaint == "":
			known := len(c.image)
			for name, text := range deployment.ParseDump(dump) {
				if _, ours := source.Files[name]; !ours && c.image[name] == "" && c.standIns.Files[name] == "" {
					c.image[name] = text
				}
			}
			if len(c.image) == known {
				return c, nil
			}
			if err := c.read(); err != nil {
				return nil, errConfig{err}
			}
			continue
		}
		remedy, err := c.standIns.Mend(c.Site, deployment.WithoutCredentials(c.shown(complaint)))
		if err != nil {
			return nil, errConfig{fmt.Errorf("%s (nginx %s)", c.shown(err.Error()), c.Nginx)}
		}
		if remedy.User {
			if c.user != "" {
				return nil, errConfig{fmt.Errorf("nginx refuses the configuration: %s", complaint)}
			}
			info := runner.Nginx()
			c.user = info.User + " " + info.Group
		}
		if remedy.Folder != "" {
			c.folders = append(c.folders, remedy.Folder)
		}
	}
	return nil, errConfig{fmt.Errorf("nginx does not take the configuration after %d stand-ins", mending)}
}

func (c *Config) read() error {
	files := maps.Clone(c.image)
	maps.Copy(files, c.Source.Files)
	for name, text := range c.standIns.Files {
		if _, there := files[name]; !there && strings.HasSuffix(name, ".conf") {
			files[name] = text
		}
	}
	tree, err := deployment.Expand(c.Source.Main, files)
	if err != nil {
		return errors.New(c.shown(err.Error()))
	}
	c.Site = deployment.NewSite(tree)
	c.Scale = deployment.NewScale(c.Site.Times(), c.options.TimeScale)
	return nil
}

// shown has paths as the owner of the configuration knows them.
func (c *Config) shown(text string) string {
	for _, place := range slices.Backward(slices.Sorted(maps.Keys(c.Source.Shown))) {
		text = strings.ReplaceAll(text, place+":", c.Source.Shown[place]+":")
	}
	return text
}

// ShownFile is a file's path as the owner of the configuration knows it.
func (c *Config) ShownFile(file string) string {
	if shown, ok := c.Source.Shown[file]; ok {
		return shown
	}
	return file
}

// ask starts nginx with the deployment, with nothing behind it. It returns what nginx -T
// says, or what nginx complains about.
func (c *Config) ask(ctx context.Context, runner Runner) (dump, complaint string, err error) {
	deployed := c.base
	check := trial.Trial{
		Scenario: "config", Name: "prepare", Needs: trial.NeedsAddresses, Deployment: &deployed,
		Phases: []trial.Phase{{Name: "prepare", Apply: []trial.Step{{Do: "check"}}, Rounds: 1}},
	}
	seen, err := runTrial(ctx, runner, check)
	c.Nginx = seen.Nginx
	switch {
	case err != nil:
		return "", "", err
	case seen.Refused != "":
		return "", nginx.ReadComplaint(seen.Refused).String(), nil
	case len(seen.Phases) == 0 || len(seen.Phases[0].Steps) == 0 || seen.Phases[0].Steps[0].Check == nil:
		return "", "", errors.New("preparing the configuration: the agent did not check it")
	}
	answer := seen.Phases[0].Steps[0].Check
	if !answer.OK {
		return "", nginx.ReadComplaint(answer.Output).String(), nil
	}
	return answer.Output, "", nil
}
