package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/trial"
)

// evidenceFiles is all the files of the evidence, in a fixed order.
func (r Report) evidenceFiles() ([]evidenceFile, error) {
	var summary, complete strings.Builder
	if err := r.page().WriteMarkdown(&summary); err != nil {
		return nil, err
	}
	if err := output.WriteJSON(&complete, r.value()); err != nil {
		return nil, err
	}
	files := []evidenceFile{
		{"README.md", summary.String()},
		{"report.json", complete.String()},
		{"versions.txt", r.versions()},
		{"nginx.conf", fixtures.NginxConf},
	}
	for _, result := range r.Results {
		folder := fileName(label(result))
		files = append(files, evidenceFile{path.Join(folder, "README.md"), r.scenarioReadme(result)})
		for _, t := range result.Trials {
			trial, err := r.trialFiles(result, t)
			if err != nil {
				return nil, err
			}
			files = append(files, below(path.Join(folder, fileName(t.Trial)), trial)...)
		}
		for _, h := range result.Hearings {
			heard, err := r.trialFiles(result, h.Observation)
			if err != nil {
				return nil, err
			}
			heard = append(heard, evidenceFile{"VERDICT.txt", clean(strings.TrimSpace(fmt.Sprintf("%s %s", h.Verdict, h.Reason)) + "\n")})
			files = append(files, below(path.Join(folder, fileName(h.Trial), fmt.Sprintf("hearing-%d", h.Number)), heard)...)
		}
	}
	return files, nil
}

// below is files in a folder.
func below(folder string, files []evidenceFile) []evidenceFile {
	moved := make([]evidenceFile, len(files))
	for i, f := range files {
		moved[i] = evidenceFile{path.Join(folder, f.name), f.text}
	}
	return moved
}

var unfit = lazy.Regexp(`[^A-Za-z0-9._#-]+`)

// fileName makes a name of ours one that every file system takes.
func fileName(name string) string {
	return strings.TrimLeft(unfit().ReplaceAllString(name, "-"), ".")
}

// versions is what the run ran on.
func (r Report) versions() string {
	var servers strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.Servers)) {
		fmt.Fprintf(&servers, "%-9s %s %s (%s)\n", name, r.Servers[name].Name, r.Servers[name].ID, r.Servers[name].Origin)
	}
	return clean(
		fmt.Sprintf(
			"lab       %s\nengine    %s, API %s, cgroup v%s, at %s\nimage     %s\nimage id  %s (%s)\n%snginx     %s\nOpenSSL   %s\n"+
				"user      %s (%d:%d)\n\nnginx -V:\n%s\n",
			r.Lab,
			r.engineLine(),
			r.Engine.APIVersion,
			r.Engine.CgroupVersion,
			r.Engine.Address,
			r.Image.Name,
			r.Image.ID,
			r.Image.Origin,
			servers.String(),
			r.Nginx.Version,
			r.Nginx.OpenSSL,
			r.Nginx.User,
			r.Nginx.UID,
			r.Nginx.GID,
			strings.TrimSpace(r.Nginx.Output),
		),
	)
}

func (r Report) scenarioReadme(result experiment.Result) string {
	one := r
	one.Results = []experiment.Result{result}
	page := output.Document{output.H(1, label(result)+": "+string(result.Verdict)), output.P(result.Title)}
	if result.Symptom != (experiment.Look{}) {
		page = append(page, output.P(fmt.Sprintf("When broken: status %s, %s", result.Symptom.Status, result.Symptom.Log)))
	}
	var parts output.List
	for _, p := range result.Parts {
		after := fmt.Sprintf(", status %s afterwards; %s (folder %s)", p.After.Status, p.Say, fileName(p.Trial))
		parts.Items = append(parts.Items, output.Item{Text: output.Spans(
			output.Plain(p.Kind+" "+p.ID+": "), output.Styled(output.Strong, string(p.Verdict)), output.Plain(after))})
	}
	page = append(page, parts)
	for _, f := range one.failures() {
		page = append(page, output.H(2, string(f.verdict)+": "+f.name), output.Log{Text: f.evidence()})
	}
	var b strings.Builder
	_ = page.WriteMarkdown(&b) // a Builder takes everything
	return b.String()
}

// trialFiles are those of one trial, numbered by phase.
func (r Report) trialFiles(result experiment.Result, t trial.Observation) ([]evidenceFile, error) {
	if t.ID == "" {
		return []evidenceFile{{"NOT-RUN.txt", "This trial was not run.\n"}}, nil
	}
	files := []evidenceFile{
		{"trial.txt", clean(fmt.Sprintf(
			"trial    %s\nid       %s\nstarted  %s\ntook     %s\nimage    %s\nnginx    %s\nOpenSSL  %s\n",
			t.Trial,
			t.ID,
			t.Started.UTC().Format("2006-01-02T15:04:05.000Z"),
			t.Took,
			cmp.Or(t.Image, r.Image.Name),
			cmp.Or(t.Nginx, r.Nginx.Version),
			r.Nginx.OpenSSL,
		))},
	}
	if t.Refused != "" {
		files = append(files, evidenceFile{"refused.txt", clean(t.Refused) + "\n"})
	}
	for i, p := range t.Phases {
		prefix := fmt.Sprintf("%d-%s-", i+1, fileName(p.Name))
		answers, access, err := r.answerFiles(result.ID, p)
		if err != nil {
			return nil, err
		}
		files = append(files, evidenceFile{prefix + "nginx.conf", p.Config}, evidenceFile{prefix + "client.txt", answers},
			evidenceFile{prefix + "access.jsonl", access}, evidenceFile{prefix + "error.log", clean(logLines(p))})
		if len(p.Steps) > 0 {
			files = append(files, evidenceFile{prefix + "steps.txt", clean(stepLines(p))})
		}
		for _, name := range slices.Sorted(maps.Keys(p.Files)) {
			files = append(files, evidenceFile{unused(files, prefix+"server-"+fileName(name)), p.Files[name]})
		}
		for _, name := range slices.Sorted(maps.Keys(p.Backends)) {
			files = append(files, evidenceFile{prefix + "backend-" + fileName(name) + ".log", clean(p.Backends[name])})
		}
	}
	for _, b := range t.Backends {
		text := fmt.Sprintf(
			"running %t, listening %t, exit %q, OOM kills %d\n\n%s\n",
			b.Running,
			b.Listening,
			b.Exit,
			b.OOMKills,
			strings.TrimRight(b.Log, "\n"),
		)
		files = append(files, evidenceFile{"backend-" + fileName(b.Name) + ".txt", clean(text)})
	}
	return files, nil
}

// unused is a name that no file has yet: two names of the scenario's may come to one.
func unused(files []evidenceFile, name string) string {
	for n, wanted := 2, name; slices.ContainsFunc(files, func(f evidenceFile) bool { return f.name == name }); n++ {
		name = fmt.Sprintf("%s-%d", wanted, n)
	}
	return name
}

// answerFiles are the requests with the client's view, and nginx's access records.
func (r Report) answerFiles(id string, p trial.PhaseSeen) (client, access string, err error) {
	var c, records strings.Builder
	probes := r.Sources[id].Healthy.Probes
	for _, name := range slices.Sorted(maps.Keys(probes)) {
		fmt.Fprintf(&c, "probe %s: %s\n", name, request(probes[name]))
	}
	for _, a := range p.Answers {
		a.During = false // here each is spelled out
		fmt.Fprintf(&c, "\n%s (%s)\n%s", a.Probe, a.Client.ID, indent("  ", answerLines(trial.PhaseSeen{Answers: []trial.Answer{a}}))+"\n")
		for _, name := range slices.Sorted(maps.Keys(a.Client.Headers)) {
			fmt.Fprintf(&c, "  %s: %s\n", name, a.Client.Headers[name])
		}
		if body := a.Client.Body; body != "" {
			fmt.Fprintf(&c, "\n%s\n", indent("  ", body))
		}
		if a.Access != nil {
			line, err := json.Marshal(a.Access)
			if err != nil {
				return "", "", err
			}
			records.WriteString(output.SpellOut(string(line)) + "\n")
		}
	}
	return clean(c.String()), records.String(), nil
}

// request is what a probe sends, and what it expects of a healthy stage.
func request(p scenario.Probe) string {
	text := "GET " + p.Get
	switch {
	case p.Head != "":
		text = "HEAD " + p.Head
	case p.Post != "":
		text = "POST " + p.Post
	}
	if p.Size > 0 {
		text += fmt.Sprintf(" with a body of %s", p.Size)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		text += fmt.Sprintf(", %s: %s", name, p.Headers[name])
	}
	if p.Count > 1 {
		text += fmt.Sprintf(", %d times", p.Count)
	}
	return text + "; healthy is " + expectation(p.Expect)
}
