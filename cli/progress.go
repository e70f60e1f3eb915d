package cli

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// progress is a line on stderr that long work draws again and again.
type progress struct {
	out   io.Writer
	now   func() time.Time
	last  time.Time // when it was drawn last
	drawn bool
}

// progress draws its first line at once.
func (w *World) progress() progress { return progress{out: w.Stderr, now: w.Now} }

// patientProgress draws its first line after half a second: short work shows none.
func (w *World) patientProgress() progress {
	return progress{out: w.Stderr, now: w.Now, last: w.Now()}
}

// show draws the line, at most twice a second.
func (p *progress) show(format string, args ...any) {
	if now := p.now(); now.Sub(p.last) > 500*time.Millisecond {
		p.last, p.drawn = now, true
		fmt.Fprintf(p.out, "\r"+format+"   ", args...)
	}
}

// commits shows which commit of a site the work has reached.
func (p *progress) commits(what string) func(workflow.SiteID, int64) {
	return func(site workflow.SiteID, seq int64) { p.show("%s %s: commit %d", what, site, seq) }
}

// clear wipes the line away.
func (p *progress) clear() {
	if p.drawn {
		fmt.Fprintf(p.out, "\r%78s\r", "")
	}
}

// warnings is the log of a command that prints its result on stdout.
func (w *World) warnings() *slog.Logger {
	return slog.New(slog.NewTextHandler(w.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
