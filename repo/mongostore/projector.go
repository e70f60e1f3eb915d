package mongostore

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Bounds of the projector.
const (
	maxBacklog   = 64 << 20 // bytes of pages that wait; beyond it appends wait too
	maxBatch     = 8 << 20  // bytes of pages written together
	retryAfter   = time.Second
	hastenFor    = time.Second // how long a list waits for documents
	repairAtOnce = 4           // sites replayed at the same time
	replayPages  = 128         // pages read at once in a replay
)

// projector writes documents behind the journal.
//
// Acknowledged pages wait in a queue of their site (follower). One goroutine takes what waits for
// all sites, keeps the last image of each record and writes them by collection; another moves the
// marks of what is written. A mark moves only over pages whose images a majority has, without a
// gap: pages of other instances are read for that. Whatever fails is left to repair, which replays
// from the journal and needs nothing that this process remembers.
type projector struct {
	s *Store

	mu        sync.Mutex
	followers map[workflow.SiteID]*follower
	ready     []*follower // with pages that wait, none in flight
	backlog   int
	marks     map[workflow.SiteID]int64 // written, but not marked yet
	idle      bool                      // the marker has nothing in flight
	changed   chan struct{}             // closed and replaced whenever there is progress

	// the sites that repair has not asked yet in this turn, and how many it asks at once
	rest []workflow.SiteID
	step int

	pages  chan struct{} // wakes writeWaiting
	marked chan struct{} // wakes markWritten
	behind chan struct{} // wakes repair
	hurry  chan struct{} // ends the merge window
}

// follower is what the projector remembers of a site.
type follower struct {
	site    workflow.SiteID
	wait    []*repo.Page
	writing bool
	since   time.Time // since when the oldest page that is not written has waited
	newest  int64     // the last commit that was ever queued
	done    int64     // every page up to it is written and acknowledged; 0 if nothing is known
	epoch   uint64    // Cleared() when that was seen: after it has moved, nothing is known
	fault   error     // why the site is in quarantine, nil if it is not
}

// siteRun is a run of pages of one site that follow each other, to be written together.
type siteRun struct {
	f     *follower
	pages []*repo.Page
	err   error
}

func (r *siteRun) first() int64 { return r.pages[0].First }
func (r *siteRun) last() int64  { return r.pages[len(r.pages)-1].Last }

func newProjector(s *Store) *projector {
	return &projector{
		s: s, followers: make(map[workflow.SiteID]*follower),
		marks: make(map[workflow.SiteID]int64), idle: true,
		changed: make(chan struct{}),
		pages:   make(chan struct{}, 1), marked: make(chan struct{}, 1),
		behind: make(chan struct{}, 1), hurry: make(chan struct{}, 1),
	}
}

func (p *projector) start() {
	p.s.work.Go(p.writeWaiting)
	p.s.work.Go(p.markWritten)
	p.s.work.Go(p.repair)
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// signalProgress wakes everybody who waits for progress. The caller holds mu.
func (p *projector) signalProgress() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// follower returns what is known of a site. The caller holds mu.
func (p *projector) follower(site workflow.SiteID) *follower {
	f := p.followers[site]
	if f == nil {
		f = &follower{site: site}
		p.followers[site] = f
	}
	if now := p.s.Cleared(); f.epoch != now {
		f.epoch, f.done = now, 0
	}
	return f
}

// follow queues copies of pages that are in the journal, so the caller may change the originals. It
// never waits: see room.
func (p *projector) follow(pages []*repo.Page) {
	if len(pages) == 0 {
		return
	}
	now := time.Now() //nolint:forbidigo // measures how far documents trail, dates nothing
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, page := range pages {
		f := p.follower(page.Site)
		if len(f.wait) == 0 && !f.writing {
			p.ready = append(p.ready, f)
		}
		if len(f.wait) == 0 {
			f.since = now
		}
		own := *page
		f.wait = append(f.wait, &own)
		f.newest = max(f.newest, page.Last)
		p.backlog += len(page.Body)
	}
	wake(p.pages)
	if p.backlog >= maxBatch {
		wake(p.hurry)
	}
}

// room waits while too much is waiting to be written: documents must not trail without limit.
func (p *projector) room(ctx context.Context) error {
	for {
		p.mu.Lock()
		full, changed := p.backlog >= maxBacklog, p.changed
		p.mu.Unlock()
		if !full {
			return nil
		}
		wake(p.hurry)
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// writeWaiting writes what waits, as long as the store lives.
func (p *projector) writeWaiting() {
	for {
		select {
		case <-p.s.life.Done():
			return
		case <-p.pages:
		}
		for runs := p.takeWaiting(); len(runs) > 0; runs = p.takeWaiting() {
			ctx, cancel := context.WithTimeout(p.s.life, p.s.cfg.DocumentTimeout)
			p.closeGaps(ctx, runs)
			p.write(ctx, runs)
			cancel()
			p.noteWritten(runs)
			p.linger()
		}
	}
}

// linger lets pages gather after a batch, so that more images of one record are merged: a step of
// a visit replaces the image of the step before. It ends when somebody waits for documents, or
// when as much has gathered as is written together.
func (p *projector) linger() {
	select {
	case <-p.s.life.Done():
	case <-p.hurry:
	case <-time.After(p.s.cfg.MergeFor):
	}
}

// waiting is how many pages wait for their documents, and since when the oldest has.
func (p *projector) waiting() (pages int, since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.followers {
		pages += len(f.wait)
		if (f.writing || len(f.wait) > 0) && (since.IsZero() || f.since.Before(since)) {
			since = f.since
		}
	}
	return pages, since
}

// takeWaiting takes the next pages from the queues, one run per site.
func (p *projector) takeWaiting() []*siteRun {
	p.mu.Lock()
	defer p.mu.Unlock()
	var runs []*siteRun
	size := 0
	for len(p.ready) > 0 && size < maxBatch && p.s.life.Err() == nil {
		f := p.ready[0]
		p.ready = p.ready[1:]
		slices.SortFunc(f.wait, func(a, b *repo.Page) int { return int(a.First - b.First) })
		for _, page := range f.wait {
			size += len(page.Body)
			p.backlog -= len(page.Body)
		}
		runs = append(runs, &siteRun{f: f, pages: f.wait})
		f.wait, f.writing = nil, true
	}
	return runs
}

// noteWritten records what became of runs, and wakes the marker and those who wait.
func (p *projector) noteWritten(runs []*siteRun) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	failed := 0
	for _, r := range runs {
		f := p.follower(r.f.site)
		f.writing = false
		if len(f.wait) > 0 {
			p.ready = append(p.ready, f)
		}
		known := f.fault != nil
		switch {
		case p.judge(f, r.err):
			p.advance(f, r.last())
		case !known:
			failed++
			err = r.err
			fallthrough
		default:
			wake(p.behind)
		}
	}
	if failed > 0 && p.s.life.Err() == nil {
		p.s.log.Warn("documents were not written, repair does it", "sites", failed, "of", len(runs),
			"error", err)
	}
	if len(p.marks) > 0 {
		wake(p.marked)
	}
	p.signalProgress()
}

// judge puts a site into quarantine or takes it out. A fault of this site alone is logged when it
// begins and when it ends. The caller holds mu.
func (p *projector) judge(f *follower, err error) (ok bool) {
	switch {
	case err == nil && f.fault != nil:
		p.s.log.Log(p.s.life, level(f.fault, slog.LevelInfo), "documents follow the journal again",
			"site", f.site)
	case err != nil && f.fault == nil:
		p.s.log.Log(p.s.life, level(err, slog.LevelError),
			"documents trail the journal, the site is tried again and again",
			"site", f.site, "error", err)
	}
	if f.fault = err; err != nil {
		f.done = 0
	}
	return err == nil
}

// level is l for a fault of one site. An outage, which all sites share, is logged elsewhere in one
// line.
func level(fault error, l slog.Level) slog.Level {
	var failed *failure
	if errors.Is(fault, repo.ErrCorrupt) || errors.Is(fault, errSyntax) ||
		errors.As(fault, &failed) && failed.code == codeValidation {
		return l
	}
	return slog.LevelDebug
}

// advance records that every page of a site up to n is written. The caller holds mu.
func (p *projector) advance(f *follower, n int64) {
	f.done = max(f.done, n)
	p.marks[f.site] = max(p.marks[f.site], n)
}

// markWritten moves the marks of what is written, as long as the store lives.
func (p *projector) markWritten() {
	for {
		select {
		case <-p.s.life.Done():
			return
		case <-p.marked:
		}
		p.mu.Lock()
		marks := p.marks
		p.marks, p.idle = make(map[workflow.SiteID]int64, len(marks)), false
		p.mu.Unlock()
		ctx, cancel := context.WithTimeout(p.s.life, p.s.cfg.DocumentTimeout)
		err := p.s.moveMarks(ctx, marks)
		cancel()
		p.mu.Lock()
		p.idle = true
		p.signalProgress()
		p.mu.Unlock()
		if err != nil && p.s.life.Err() == nil {
			// A mark is only a hint where to replay from: repair moves it.
			p.s.log.Warn("marks did not move", "sites", len(marks), "error", err)
			wake(p.behind)
		}
	}
}

// drain waits until everything that waits is written and marked.
func (p *projector) drain(ctx context.Context) {
	for {
		p.mu.Lock()
		rest := len(p.ready) > 0 || len(p.marks) > 0 || !p.idle
		for _, f := range p.followers {
			rest = rest || f.writing
		}
		changed := p.changed
		p.mu.Unlock()
		if !rest {
			return
		}
		wake(p.hurry)
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
