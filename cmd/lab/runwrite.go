package main

import (
	"errors"
	"io"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/report"
)

// write writes the report everywhere it was asked for. That one of them cannot be
// written does not keep the others from being.
func (r *running) write(done report.Report) error {
	return errors.Join(r.files(done), done.Remember(r.cache), r.product(done))
}

// writeNothingRan writes for programs only: a person has been told why, and would not
// find it among all that was not run.
func (r *running) writeNothingRan(done report.Report) error {
	err := r.files(done)
	switch r.out.form {
	case "json":
		err = errors.Join(err, done.WriteJSON(r.out.out))
	case "yaml":
		err = errors.Join(err, done.WriteYAML(r.out.out))
	}
	return err
}

func (r *running) files(done report.Report) error {
	// The files first: a reader of stdout that quits early ends this program.
	var failed []error
	for _, file := range r.reports {
		failed = append(failed, file.Write(done.Forms()))
	}
	if r.evidence != "" {
		failed = append(failed, done.WriteEvidence(r.evidence))
	}
	return errors.Join(failed...)
}

// product writes the report to stdout. In the forms for programs what is meant for
// people goes to stderr.
func (r *running) product(done report.Report) error {
	var err error
	switch r.out.form {
	case "table":
		return errors.Join(done.WriteTable(r.out.out, r.out.screen), r.commands(done, r.out.out), done.WriteSummary(r.out.out, r.out.screen), done.WriteTimings(r.out.out, r.out.screen))
	case "json":
		err = done.WriteJSON(r.out.out)
	case "yaml":
		err = done.WriteYAML(r.out.out)
	case "name":
		err = done.WriteNames(r.out.out)
	default:
		err = done.WritePlain(r.out.out)
	}
	if r.out.quiet {
		return err
	}
	return errors.Join(err, r.commands(done, r.out.err), done.WriteSummary(r.out.err, output.Screen{}), done.WriteTimings(r.out.err, output.Screen{}))
}

// commandsOf is how many scenarios may have their commands shown without being asked;
// of more it would be pages.
const commandsOf = 8

// commands shows what commands said that were really run.
func (r *running) commands(done report.Report, to io.Writer) error {
	if len(r.scenarios) > commandsOf && !r.out.loud {
		return nil
	}
	return done.WriteCommands(to)
}
