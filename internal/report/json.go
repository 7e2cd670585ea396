package report

import (
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/output"
)

// document is the JSON form of a report: the complete evidence.
type document struct {
	SchemaVersion int                 `json:"schemaVersion"`
	Lab           string              `json:"lab"`
	Started       time.Time           `json:"started"`
	Took          protocol.Duration   `json:"took"`
	Engine        documentEngine      `json:"engine"`
	Image         Image               `json:"image"`
	Servers       map[string]Image    `json:"servers,omitempty"`
	Nginx         protocol.NginxInfo  `json:"nginx"`
	Verdict       experiment.Verdict  `json:"verdict"`
	ExitCode      int                 `json:"exitCode"`
	Counts        Counts              `json:"counts"`
	Timings       *Timings            `json:"timings,omitempty"`
	Scenarios     []experiment.Result `json:"scenarios"`
}

type documentEngine struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	APIVersion  string `json:"apiVersion"`
	OS          string `json:"os"`
	Arch        string `json:"arch"`
	Cores       int    `json:"cores"`
	MemoryBytes int64  `json:"memoryBytes"`
	Cgroup      string `json:"cgroup"`
	Address     string `json:"address"`
}

func (r Report) value() any {
	return document{
		SchemaVersion: output.SchemaVersion, Lab: r.Lab, Started: r.Started.UTC(), Took: protocol.Duration(r.Took),
		Engine: documentEngine{r.Engine.Name, r.Engine.Version, r.Engine.APIVersion, r.Engine.OS, r.Engine.Arch,
			r.Engine.Cores, r.Engine.MemoryBytes, r.Engine.CgroupVersion, r.Engine.Address},
		Image: r.Image, Servers: r.Servers, Nginx: r.Nginx, Verdict: r.Verdict, ExitCode: r.ExitCode, Counts: r.Counts, Timings: r.Timings,
		Scenarios: append([]experiment.Result{}, r.Results...),
	}
}
