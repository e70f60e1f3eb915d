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
	gather       = 5 * time.Millisecond // between two batches
	repairAtOnce = 4                    // sites replayed at the same time
	replayPages  = 128                  // pages read at once in a replay
)

// projector writes documents behind the journal.
//
// Pages that were acknowledged wait in a queue of their site (follower). One goroutine takes what
// waits for all sites, merges the images of each record into the last and writes them by
// collection; another moves the marks of what is written. A mark moves only over pages whose images
// a majority has, without a gap: pages of other instances are looked up. Whatever fails is left to
// repair, which replays from the journal and needs nothing that this process remembers.
type projector struct {
	s *Store

	mu        sync.Mutex
	followers map[workflow.SiteID]*follower
	ready     []*follower // with pages that wait, none in flight
	backlog   int
	marks     map[workflow.SiteID]int64 // written, but not marked yet
	idle      bool                      // the marker has nothing in flight
	changed   chan struct{}             // closed and made anew when anything above gets better

	// that repair has not asked yet in this turn, and how many it asks at once
	rest []workflow.SiteID
	step int

	pages  chan struct{} // wakes run
	marked chan struct{} // wakes mark
	behind chan struct{} // wakes repair
	hurry  chan struct{} // ends lingering
}

// follower is what the projector remembers of a site.
type follower struct {
	site   workflow.SiteID
	wait   []*repo.Page
	flying bool
	done   int64  // every page up to it is written and acknowledged; 0 if nothing is known
	epoch  uint64 // Cleared() when that was seen: after it has moved, nothing is known
	fault  error  // why the site is in quarantine, nil if it is not
}

// job is a run of pages of one site that follow each other, to be written together.
type job struct {
	f     *follower
	pages []*repo.Page
	err   error
}

func (j *job) first() int64 { return j.pages[0].First }
func (j *job) last() int64  { return j.pages[len(j.pages)-1].Last }

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
	p.s.work.Go(p.run)
	p.s.work.Go(p.mark)
	p.s.work.Go(p.repair)
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// better tells everybody who waits that something moved. The caller holds mu.
func (p *projector) better() {
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

// follow queues copies of pages that are in the journal: the caller may go on changing his. It
// never waits: see room.
func (p *projector) follow(pages []*repo.Page) {
	if len(pages) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, page := range pages {
		f := p.follower(page.Site)
		if len(f.wait) == 0 && !f.flying {
			p.ready = append(p.ready, f)
		}
		own := *page
		f.wait = append(f.wait, &own)
		p.backlog += len(page.Body)
	}
	wake(p.pages)
}

// room waits while too much waits to be written: documents must not trail without bound.
func (p *projector) room(ctx context.Context) error {
	for {
		p.mu.Lock()
		full, changed := p.backlog >= maxBacklog, p.changed
		p.mu.Unlock()
		if !full {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run writes what waits, as long as the store lives.
func (p *projector) run() {
	for {
		select {
		case <-p.s.life.Done():
			return
		case <-p.pages:
		}
		for jobs := p.take(); len(jobs) > 0; jobs = p.take() {
			ctx, cancel := context.WithTimeout(p.s.life, p.s.cfg.DocumentTimeout)
			p.connect(ctx, jobs)
			p.write(ctx, jobs)
			cancel()
			p.finish(jobs)
			p.linger()
		}
	}
}

// linger lets pages gather after a batch, so that more images of one record are merged, unless
// somebody waits for them.
func (p *projector) linger() {
	select {
	case <-p.s.life.Done():
	case <-p.hurry:
	case <-time.After(gather):
	}
}

// take takes the next pages off the queues, one job a site.
func (p *projector) take() []*job {
	p.mu.Lock()
	defer p.mu.Unlock()
	var jobs []*job
	size := 0
	for len(p.ready) > 0 && size < maxBatch && p.s.life.Err() == nil {
		f := p.ready[0]
		p.ready = p.ready[1:]
		slices.SortFunc(f.wait, func(a, b *repo.Page) int { return int(a.First - b.First) })
		for _, page := range f.wait {
			size += len(page.Body)
			p.backlog -= len(page.Body)
		}
		jobs = append(jobs, &job{f: f, pages: f.wait})
		f.wait, f.flying = nil, true
	}
	return jobs
}

// finish notes what became of jobs and lets the marker and those who wait go on.
func (p *projector) finish(jobs []*job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	failed := 0
	for _, j := range jobs {
		f := p.follower(j.f.site)
		f.flying = false
		if len(f.wait) > 0 {
			p.ready = append(p.ready, f)
		}
		known := f.fault != nil
		switch {
		case p.judge(f, j.err):
			p.advance(f, j.last())
		case !known:
			failed++
			err = j.err
			fallthrough
		default:
			wake(p.behind)
		}
	}
	if failed > 0 && p.s.life.Err() == nil {
		p.s.log.Warn("documents were not written, repair does it", "sites", failed, "of", len(jobs),
			"error", err)
	}
	if len(p.marks) > 0 {
		wake(p.marked)
	}
	p.better()
}

// judge puts a site into quarantine or takes it out. What concerns this site alone is told to the
// log once, as it begins and as it ends. The caller holds mu.
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

// level is l for a fault of one site; an outage, which all sites share, is told elsewhere in one
// line.
func level(fault error, l slog.Level) slog.Level {
	var failed *failure
	if errors.Is(fault, repo.ErrCorrupt) || errors.Is(fault, errSyntax) ||
		errors.As(fault, &failed) && failed.code == codeValidation {
		return l
	}
	return slog.LevelDebug
}

// advance notes that every page of a site up to n is written. The caller holds mu.
func (p *projector) advance(f *follower, n int64) {
	f.done = max(f.done, n)
	p.marks[f.site] = max(p.marks[f.site], n)
}

// mark moves the marks of what is written, as long as the store lives.
func (p *projector) mark() {
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
		p.better()
		p.mu.Unlock()
		if err != nil && p.s.life.Err() == nil {
			// A mark is only a hint of where to replay from: repair moves it.
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
			rest = rest || f.flying
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
