package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/internal/output"
)

// WriteMarkdown writes a page that a forge shows well: a table, and the failures.
func (r Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# lab: %s\n\n%s\n\n", r.Verdict, inline(r.Summary()))
	fmt.Fprintf(&b, "- started: %s\n- lab: %s\n- image: %s (%s, %s)\n",
		r.Started.UTC().Format(time.RFC3339), inline(r.Lab), inline(r.Image.Name), inline(r.Image.Road), inline(r.Image.ID))
	for _, name := range slices.Sorted(maps.Keys(r.Servers)) {
		fmt.Fprintf(&b, "- %s: %s (%s, %s)\n", inline(name), inline(r.Servers[name].Name), inline(r.Servers[name].Road), inline(r.Servers[name].ID))
	}
	fmt.Fprintf(&b, "- engine: %s\n\n", inline(r.engineLine()))
	b.WriteString("| scenario | part | broken | after | verdict | time | error log when broken |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, row := range r.rows() {
		part := ""
		if row.part != "" {
			part = row.kind + ": " + row.part
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", inline(row.scenario), inline(part), inline(row.broken.Status), inline(row.after.Status),
			row.verdict, output.Seconds(row.took), inline(row.broken.Log))
	}
	failures := r.failures()
	if len(failures) > 0 {
		b.WriteString("\n## What is not verified\n")
	}
	for _, f := range failures {
		fmt.Fprintf(&b, "\n### %s: %s\n\n%s\n", f.verdict, inline(f.name), output.Fenced(f.evidence()))
	}
	if cut := r.unfinished(); len(cut) > 0 {
		fmt.Fprintf(&b, "\n## Not finished\n\n%s: %s\n", inline(r.stopped()), inline(strings.Join(cut, ", ")))
	}
	if skips := r.skips(); len(skips) > 0 {
		b.WriteString("\n## Skipped\n\n")
		for _, text := range skips {
			fmt.Fprintf(&b, "- %s\n", inline(text))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Report) engineLine() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s (%s/%s)", r.Engine.Name, r.Engine.Version, r.Engine.OS, r.Engine.Arch))
}
