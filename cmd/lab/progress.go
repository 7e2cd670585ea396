package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/output"
)

// progress tells a person on stderr what is being done: one living line on a
// terminal, plain lines elsewhere. It may be told from several goroutines.
type progress struct {
	out console

	mu   sync.Mutex
	bar  *progressbar.ProgressBar
	what string // that the bar is about
}

// Line writes a line that stays.
func (p *progress) Line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out.quiet {
		return
	}
	p.line(fmt.Sprintf(format, args...))
}

// Detail is a line for --verbose.
func (p *progress) Detail(format string, args ...any) {
	if p.out.loud {
		p.Line(format, args...)
	}
}

// Warn writes a line that is seen even with --quiet.
func (p *progress) Warn(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line("lab: " + fmt.Sprintf(format, args...))
}

func (p *progress) line(text string) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintln(p.out.err, output.Clean(text))
}

// Bytes follows a step that moves data.
func (p *progress) Bytes(e engine.Progress) {
	if e.Warning {
		p.Warn("%s", e.What)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out.quiet {
		return
	}
	if !p.out.errTerminal {
		if e.What != p.what {
			p.what = e.What
			p.line(e.What)
		}
		return
	}
	total := e.Total
	if total <= 0 {
		total = -1
	}
	p.follow(e.What, total, progressbar.OptionShowBytes(total > 0))
	_ = p.bar.Set64(e.Done)
}

// Trials follows the trials of a run.
func (p *progress) Trials(done, total int, note string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out.quiet || !p.out.errTerminal {
		return
	}
	p.follow("trials", int64(total), progressbar.OptionShowCount())
	p.bar.Describe(note)
	_ = p.bar.Set(done)
}

// follow makes the bar one about what.
func (p *progress) follow(what string, total int64, options ...progressbar.Option) {
	// A finished bar would draw itself again on a line of its own.
	if p.bar != nil && p.what == what && p.bar.GetMax64() == total && !p.bar.IsFinished() {
		return
	}
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	p.what = what
	options = append([]progressbar.Option{
		progressbar.OptionSetWriter(p.out.err), progressbar.OptionSetDescription(strings.TrimSpace(output.Clean(what))),
		progressbar.OptionThrottle(100 * time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(24), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
	}, options...)
	p.bar = progressbar.NewOptions64(total, options...)
}

// Done takes the living line away.
func (p *progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
	p.what = ""
}
