package output

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
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

// sarifLog is the part of SARIF 2.1.0 that findings need; see
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool             sarifTool     `json:"tool"`
	Language         string        `json:"language"`
	NewlineSequences []string      `json:"newlineSequences"` // what lines are counted by
	Results          []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Language       string      `json:"language"`
		Rules          []sarifRule `json:"rules"`
	} `json:"driver"`
}

type sarifRule struct {
	ID               string    `json:"id"`
	ShortDescription sarifText `json:"shortDescription"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	PhysicalLocation struct {
		ArtifactLocation struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			StartLine int `json:"startLine"`
			EndLine   int `json:"endLine"`
		} `json:"region"`
	} `json:"physicalLocation"`
}

// writeSARIF writes findings as SARIF 2.1.0, which code-scanning services read.
func writeSARIF(w io.Writer, version string, findings []Finding) error {
	const language = "en"
	run := sarifRun{Language: language, NewlineSequences: []string{"\r\n", "\n"}, Results: []sarifResult{}}
	driver := &run.Tool.Driver
	driver.Name, driver.Version, driver.InformationURI = "lab", OneLine(version), "https://github.com/gatewaylab/lab"
	driver.Language, driver.Rules = language, []sarifRule{}
	known := map[string]bool{}
	for _, f := range findings {
		if !known[f.Rule] {
			known[f.Rule] = true
			driver.Rules = append(driver.Rules, sarifRule{f.Rule, sarifText{OneLine(f.Title)}})
		}
		var at sarifLocation
		at.PhysicalLocation.ArtifactLocation.URI = (&url.URL{Path: filepath.ToSlash(f.File)}).String()
		at.PhysicalLocation.Region.StartLine, at.PhysicalLocation.Region.EndLine = max(f.Line, 1), max(f.Line, f.End, 1)
		run.Results = append(run.Results, sarifResult{f.Rule, f.Level, sarifText{Clean(f.Message)}, []sarifLocation{at}})
	}
	return WriteJSON(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// Workflow commands are lines; what would end one or its properties is escaped. See
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// writeGitHub writes findings as workflow commands, which GitHub Actions shows beside
// the lines.
func writeGitHub(w io.Writer, findings []Finding) error {
	for _, f := range findings {
		level := OneLine(f.Level)
		if level == "note" {
			level = "notice"
		}
		file, title := githubProperty.Replace(filepath.ToSlash(Clean(f.File))), githubProperty.Replace(OneLine(f.Rule+": "+f.Title))
		_, err := fmt.Fprintf(w, "::%s file=%s,line=%d,endLine=%d,title=%s::%s\n",
			level, file, max(f.Line, 1), max(f.Line, f.End, 1), title, githubData.Replace(Clean(f.Message)))
		if err != nil {
			return err
		}
	}
	return nil
}
