package scan

import (
	"cmp"
	stdcontext "context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
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
	what := trial.Trial{Scenario: ConfigTest, Name: "nginx -t", Files: map[string]string{plain: plainConfig}, Start: trial.Stage{Nginx: plain}}
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
		what.Phases = append(what.Phases, trial.Phase{Name: name, Stage: trial.Stage{Nginx: name}, Apply: []trial.Step{{Do: "check"}}, Rounds: 1})
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

// What nginx's refusals are about. Others are about the machine, and decide nothing.
var refusals = []struct {
	find func() *regexp.Regexp
	kind Kind
}{
	{lazy.Regexp(`^unknown directive `), Unknown},
	{lazy.Regexp(`directive is not allowed here$`), Misplaced},
	{lazy.Regexp(`directive is duplicate$|^duplicate location |^a duplicate default server|^a duplicate listen `), Duplicate},
	{lazy.Regexp(`^invalid number of arguments in `), Arguments},
	{lazy.Regexp(`^unexpected "[{};]"|^unexpected end of file|is not terminated by ";"|has no opening "\{"`), Syntax},
	{lazy.Regexp(`directive invalid value$|^invalid (?:value|parameter|condition|URL prefix|port|address family|rate|zone size|number of "?\w+|arguments?|method|time|size) |^invalid value |^invalid parameter |^invalid parameters|^invalid port in|^invalid URL prefix|" must be |^invalid event type|^it must be "on" or "off"|^unknown parameter |^invalid return code|^invalid host in upstream "\w+://`), Value},
}

var directiveName = lazy.Regexp(`^[a-z][a-z0-9_]*$`)

var quotedName = lazy.Regexp(`"([^"]*)"`)

// diagnose turns nginx's refusal into a finding, and mends the text for another try;
// false: nothing more can be found out.
func (s *snippet) diagnose(output string, w wrapped, guess func(string) string) bool {
	complaint := nginx.ReadComplaint(output)
	said := complaint.Reason
	if said == "" {
		s.trouble = "nginx -t fails without a reason"
		return false
	}
	line := -1
	if n := complaint.Line; strings.HasSuffix(complaint.File, "conf.d/site.conf") && n >= 1 && n <= len(w.lines) {
		line = w.lines[n-1]
	}
	if s.mendSemicolons(said) {
		return true
	}
	var kind Kind
	for _, r := range refusals {
		if r.find().MatchString(said) {
			kind = r.kind
			break
		}
	}
	d, inside, outer := s.culprit(said, line)
	if kind == Unknown && d != nil && elsewhere(d) {
		kind = Misplaced // of the stream or mail modules, without which it is unknown
	}
	if kind == "" || kind == Syntax || d == nil {
		s.trouble = "nginx -t says: " + said
		return false
	}
	f := Finding{Line: s.line(d.Start), Kind: kind, Verdict: guide.Refuted, Text: s.source(d), Reason: "nginx -t: " + said}
	if placeholder().MatchString(f.Text) {
		s.tried = blank(s.tried, d.Start, d.End)
		s.filled = true
		return true
	}
	switch {
	case kind == Unknown && !directiveName().MatchString(d.Name):
		s.trouble = "nginx -t says: " + said
		return false
	case kind == Unknown:
		f = unknown(f, d.Name, guess)
	case kind == Misplaced:
		if !inside { // its place is ours
			s.trouble = "nginx -t says: " + said
			return false
		}
		f.Reason += placesOf(d)
		if places(d)&groupConf != 0 && d.In("upstream") != nil {
			f.Kind, f.Verdict, f.Reason = Newer, guide.Conditional, "newer nginx versions have it there; nginx -t: "+said
		}
	case kind == Duplicate && s.alternatives(d, outer):
		f.Verdict, f.Reason = guide.Inconclusive, "it stands there twice, which may mean alternatives"
	}
	if h, ok := historyOf(d); ok && (kind == Value || kind == Unknown) {
		f.Kind, f.Source, f.Correct, f.Reason = Obsolete, h.source(), h.Instead, h.words()+"; nginx -t: "+said
		if h.Until == nil && h.Since != nil {
			f.Kind, f.Verdict = Newer, guide.Conditional
		}
	}
	s.findings = append(s.findings, f)
	start, end := d.Start, d.End
	if d.Name == "server" && kind == Value { // without its servers an upstream is no use
		start, end = parameter(d, said)
	}
	s.tried = blank(s.tried, start, end)
	if strings.Contains(said, `" must be `) { // without it the others would not fit either
		s.withoutBuffers()
	}
	return true
}

// parameter is where the one stands that a refusal quotes; the whole directive where
// none does.
func parameter(d *nginx.Directive, said string) (start, end int) {
	for i, arg := range d.Args {
		if strings.HasSuffix(said, fmt.Sprintf("%q", arg)) {
			return d.Words[i+1].Start, d.Words[i+1].End
		}
	}
	return d.Start, d.End
}

// culprit is the directive that a refusal is about, whether it stands inside a block of
// the snippet, and its neighbours.
func (s *snippet) culprit(said string, line int) (found *nginx.Directive, inside bool, outer []*nginx.Directive) {
	list, _ := nginx.ReadSnippet(s.tried)
	names := map[string]bool{}
	for _, m := range quotedName().FindAllStringSubmatch(said, -1) {
		names[m[1]] = true
	}
	consider := func(fit func(*nginx.Directive) bool) {
		nginx.Walk(list, func(d *nginx.Directive) {
			if (found == nil || d.Start >= found.Start) && fit(d) {
				found = d
			}
		})
	}
	on := func(d *nginx.Directive) bool {
		begin, end := lineOf(s.tried, d.Start), lineOf(s.tried, max(d.Start, d.End-1))
		if d.IsBlock {
			end = lineOf(s.tried, d.Body)
		}
		return line >= begin && line <= end
	}
	consider(func(d *nginx.Directive) bool { return names[d.Name] && on(d) })
	if found == nil && !strings.HasPrefix(said, "unknown directive") {
		consider(func(d *nginx.Directive) bool { return names[d.Name] && !d.IsBlock })
	}
	if strings.HasPrefix(said, "duplicate location ") {
		consider(func(d *nginx.Directive) bool { return d.Name == "location" && on(d) })
	}
	if found == nil && line >= 0 {
		consider(func(d *nginx.Directive) bool { return on(d) && !d.IsBlock })
		if found == nil {
			consider(on)
		}
	}
	if found == nil {
		return nil, false, nil
	}
	inside, outer = found.Name == "http", list
	if found.Parent != nil {
		inside, outer = true, found.Parent.Block
	}
	return found, inside, outer
}
