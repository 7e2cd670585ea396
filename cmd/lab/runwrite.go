package main

import (
	"errors"
	"io"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/report"
)

// commandsOf is how many scenarios may have their commands shown without being asked;
// of more it would be pages.
const commandsOf = 8

// writeRun writes the report of a run everywhere it was asked for. That one of them cannot
// be written does not keep the others from being.
func (r *running) writeRun(done report.Report, ran bool) error {
	done.Commands = len(r.scenarios) <= commandsOf || r.out.loud
	var evidence, remembered error
	if r.evidence != "" {
		evidence = done.WriteEvidence(r.evidence)
	}
	if ran {
		remembered = done.Remember(r.cache)
	}
	return errors.Join(evidence, remembered, r.write(done, ran))
}

// write writes a product. Where nothing ran it does so for programs and files only: a
// person has been told why, and would not find it among all that was not run.
func (r *running) write(p output.Product, ran bool) error {
	out := r.out
	if !ran {
		out.quiet = true
		if !output.ForPrograms(out.form) {
			out.out = io.Discard
		}
	}
	return out.write(p, r.reports...)
}
