package scan

import (
	"cmp"
	stdcontext "context"
	"fmt"
	"slices"
	"time"

	"github.com/gatewaylab/lab/internal/trial"
)

const (
	// ConfigTest names the trials that snippets are tried in.
	ConfigTest = "guide/nginx-t"
	// rounds is how many mistakes of one snippet are looked for.
	rounds = 12
	// perTrial is how many snippets are tried in one trial.
	perTrial = 40
	// mostBad is how many snippets of a trial may each end it: more are the engine's trouble.
	mostBad = 2
	// limitOfTrial bounds one.
	limitOfTrial = time.Minute
	// plainConfig is what nginx runs with meanwhile.
	plainConfig = "server { listen 80; return 204; }\n"
)

// Check gives the snippets to nginx -t, each in a context that fits, and after each
// mistake again without it. The error is the lab's trouble.
func (s *Scan) Check(ctx stdcontext.Context, runner trial.Runner) error {
	pending := s.snippets[:min(len(s.snippets), maxSnippets)]
	for _, one := range s.snippets[len(pending):] {
		one.trouble = fmt.Sprintf("the guide has more than %d snippets", maxSnippets)
	}
	for _, one := range pending {
		one.begin()
	}
	pending = slices.DeleteFunc(slices.Clone(pending), func(one *snippet) bool { return one.trouble != "" })
	for range rounds {
		var again []*snippet
		for batch := range slices.Chunk(pending, perTrial) {
			open, err := s.try(ctx, runner, batch)
			if err != nil && ctx.Err() == nil {
				open, err = s.oneByOne(ctx, runner, batch, err)
			}
			if err != nil {
				for _, one := range pending {
					if one.trouble == "" && !one.passed {
						one.trouble = "it was not tried: " + err.Error()
					}
				}
				return err
			}
			again = append(again, open...)
		}
		pending = again
	}
	for _, one := range pending {
		one.trouble = fmt.Sprintf("nginx still refuses it after %d mistakes", rounds)
	}
	return nil
}

// oneByOne tries the snippets of a trial that went wrong each in one of its own: a
// snippet that nginx does not come to an end with must not keep the others from a verdict.
func (s *Scan) oneByOne(ctx stdcontext.Context, runner trial.Runner, batch []*snippet, failed error) (again []*snippet, err error) {
	bad := 0
	for _, one := range batch {
		open, err := s.try(ctx, runner, []*snippet{one})
		if err == nil {
			again = append(again, open...)
			continue
		}
		if bad++; bad > mostBad || bad == len(batch) || ctx.Err() != nil {
			return nil, failed
		}
		one.trouble = err.Error()
	}
	return again, nil
}

// try gives some snippets to nginx, and returns those to be tried again.
func (s *Scan) try(ctx stdcontext.Context, runner trial.Runner, batch []*snippet) ([]*snippet, error) {
	const plain = "plain.conf"
	what := trial.Trial{
		Scenario: ConfigTest, Name: "nginx -t",
		Files: map[string]string{plain: plainConfig}, Start: trial.Stage{Nginx: plain},
	}
	var tried []*snippet
	var texts []wrapped
	for _, one := range batch {
		w, err := wrap(one.tried)
		if err != nil {
			one.trouble = err.Error()
			continue
		}
		name := fmt.Sprintf("snippet-%d.conf", len(tried))
		what.Files[name] = w.text
		what.Phases = append(what.Phases, trial.Phase{
			Name: name, Stage: trial.Stage{Nginx: name}, Apply: []trial.Step{{Do: "check"}}, Rounds: 1,
		})
		tried, texts = append(tried, one), append(texts, w)
	}
	if len(tried) == 0 {
		return nil, nil
	}
	ctx, cancel := stdcontext.WithTimeoutCause(ctx, limitOfTrial, fmt.Errorf("nginx -t took longer than %s", limitOfTrial))
	defer cancel()
	seen, err := runner.Run(ctx, what)
	if err != nil {
		return nil, fmt.Errorf("checking the guide's configuration: %w", err)
	}
	if len(seen.Phases) != len(tried) {
		return nil, fmt.Errorf("checking the guide's configuration: the trial ended early: %s", cmp.Or(seen.Refused, "nginx was not asked"))
	}
	var again []*snippet
	for i, one := range tried {
		one.trial = seen.ID
		steps := seen.Phases[i].Steps
		if len(steps) == 0 || steps[0].Check == nil {
			one.trouble = "nginx -t said nothing"
			continue
		}
		if check := steps[0].Check; check.OK {
			one.passed = true
		} else if one.diagnose(check.Output, texts[i], s.guess) {
			again = append(again, one)
		}
	}
	return again, nil
}

// maxGuesses is how many names are looked for far away.
const maxGuesses = 40

// guess is the directive that may be meant by a name.
func (s *Scan) guess(name string) string {
	if s.guesses++; s.guesses > maxGuesses {
		return near(name)
	}
	return nearer(name)
}
