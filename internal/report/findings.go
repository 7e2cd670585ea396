package report

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// Finding is something that is said about lines of a file.
type Finding struct {
	Rule      string // short and stable: "C12", "duplicate-directive"
	Level     string // "error", "warning" or "note"
	File      string
	Line, End int // from 1; End may be 0
	Title     string
	Message   string
}

// WriteSARIF writes findings as SARIF 2.1.0, which code-scanning services read.
func WriteSARIF(w io.Writer, version string, findings []Finding) error {
	run := sarif.NewRunWithInformationURI("lab", "https://github.com/gatewaylab/lab")
	run.Tool.Driver.WithVersion(oneLine(version))
	run.Results = []*sarif.Result{}
	known := map[string]bool{}
	for _, f := range findings {
		if !known[f.Rule] {
			known[f.Rule] = true
			run.AddRule(f.Rule).WithDescription(oneLine(f.Title))
		}
		region := sarif.NewRegion().WithStartLine(max(f.Line, 1)).WithEndLine(max(f.Line, f.End, 1))
		place := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation((&url.URL{Path: filepath.ToSlash(f.File)}).String())).WithRegion(region)
		run.CreateResultForRule(f.Rule).WithLevel(f.Level).WithMessage(sarif.NewTextMessage(Clean(f.Message))).
			AddLocation(sarif.NewLocationWithPhysicalLocation(place))
	}
	r := sarif.NewReport()
	r.AddRun(run)
	var text strings.Builder
	if err := r.PrettyWrite(&text); err != nil {
		return fmt.Errorf("writing SARIF: %w", err)
	}
	_, err := io.WriteString(w, spellOut(text.String())+"\n")
	return err
}

// Workflow commands are lines; what would end one or its properties is escaped. See
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// WriteGitHub writes findings as workflow commands, which GitHub Actions shows beside
// the lines.
func WriteGitHub(w io.Writer, findings []Finding) error {
	for _, f := range findings {
		level := f.Level
		if level == "note" {
			level = "notice"
		}
		_, err := fmt.Fprintf(w, "::%s file=%s,line=%d,endLine=%d,title=%s::%s\n", level, githubProperty.Replace(filepath.ToSlash(Clean(f.File))),
			max(f.Line, 1), max(f.Line, f.End, 1), githubProperty.Replace(oneLine(f.Rule+": "+f.Title)), githubData.Replace(Clean(f.Message)))
		if err != nil {
			return err
		}
	}
	return nil
}
