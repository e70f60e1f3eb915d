package repo

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/lunpai/lunpai/workflow"
)

const (
	// maxTries bounds how often a command is decided again after losing the race for a number.
	maxTries = 8
	// maxRecords is how many records that are not open a board keeps.
	maxRecords = 256
)

// siteWriter is the queue of one site and its board. Everything from board on belongs to the one goroutine that works.
type siteWriter struct {
	engine *Engine
	id     workflow.SiteID
	used   uint64 // when it was last asked for, by the engine's count; guarded by the engine

	mu       sync.Mutex
	queue    []*job
	running  map[string]bool // command ids queued or being decided
	working  bool
	watchers watchers

	board     *workflow.Board
	seq       int64  // number of the last commit on the board that is in the journal
	head      string // hash of the page that holds commit seq
	fresh     bool   // caught up since the jobs of this round were taken
	batch     []*job // of this round
	confirmed int64  // the commit at which the journal is confirmed to end, since this round began; -1: not yet
	cleared   uint64 // the store's count of cleared pools when the board was last known good
	unsettled *Page  // a page whose fate is unknown
	noted     int64  // the commit up to which the engine knows what is due here
	rivals    int    // as long as it is not 0 another instance works at this site too: catch up before deciding
	broken    error  // why the site is read-only
}

// push queues a job; start tells the caller to start a worker.
func (s *siteWriter) push(j *job) (start bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) >= s.engine.cfg.QueueLimit {
		return false, ErrBusy
	}
	if j.view == nil && !j.req.DryRun {
		if s.running[j.req.ID] {
			return false, ErrInProgress
		}
		s.running[j.req.ID], j.site = true, s
	}
	s.queue = append(s.queue, j)
	if s.working {
		return false, nil
	}
	s.working = true
	return true, nil
}

// idle reports whether the site can be forgotten: nothing is lost with its board.
func (s *siteWriter) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.working && s.watchers.none() && s.unsettled == nil && s.broken == nil
}

// work takes what is queued until nothing is.
func (s *siteWriter) work() {
	for {
		s.mu.Lock()
		n := min(len(s.queue), MaxPageCommits)
		if n == 0 {
			s.working = false
			s.mu.Unlock()
			return
		}
		batch := s.queue[:n:n]
		s.queue = s.queue[n:]
		if len(s.queue) == 0 {
			s.queue = nil
		}
		s.mu.Unlock()
		s.round(batch)
	}
}

// round answers every job of a batch. A panic while the journal is folded in, a broken chain or a newer program's record stops
// this site only.
func (s *siteWriter) round(batch []*job) {
	left := batch
	defer func() {
		if p := recover(); p != nil {
			s.engine.cfg.Log.Error("site stopped: panic", "site", s.id, "seq", s.seq, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			s.broken, s.board = fmt.Errorf("%w: %w", ErrReadOnly, errFault), nil
			for _, j := range batch {
				if !j.answered {
					j.answer(nil, s.broken)
				}
			}
		}
	}()
	s.fresh, s.batch, s.confirmed = false, batch, -1
	for len(left) > 0 {
		if err := s.prepare(); errors.Is(err, ErrStorageFull) {
			s.refuseAll(s.readOn(left), err)
			return
		} else if err != nil {
			s.turnAway(left, err)
			return
		}
		s.engine.noteTime(s.id, s.board.At) // before anybody is answered
		if s.rivals > 0 {
			if s.ahead(); s.board == nil {
				continue
			}
		}
		left = s.step(left)
	}
	if s.board != nil {
		s.board.Trim(maxRecords)
		if s.noted != s.seq {
			s.noteDue(s.board)
		}
	}
}

// noteDue tells the engine when something may be due on the board, which stands on the journal. A fault in that is not the site's.
func (s *siteWriter) noteDue(b *workflow.Board) {
	now := s.engine.Now()
	defer func() {
		if p := recover(); p != nil {
			s.engine.cfg.Log.Error("panic in what is due", "site", s.id, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			s.engine.due.again(s.id, now.Add(dueTakeover))
		}
	}()
	s.engine.due.note(s.id, b.Seq, b.NextDue(now))
	s.noted = b.Seq
}

// usualRivals is for how many quiet rounds another instance is still reckoned with after it was seen at work.
const usualRivals = 16

// ahead catches up before anything is decided: cheaper than to lose the number, where another instance is at work. What fails
// here shows again when it matters.
func (s *siteWriter) ahead() {
	ctx, cancel := s.context()
	defer cancel()
	seq := s.seq
	_ = s.catchUpOnce(ctx) // see above
	if s.rivals--; s.seq != seq {
		s.rivals = usualRivals
	}
}

// turnAway answers jobs, and all that wait behind them, when there is no board to decide on. They would each wait as long
// for the same answer.
func (s *siteWriter) turnAway(jobs []*job, err error) {
	s.mu.Lock()
	jobs = slices.Concat(jobs, s.queue)
	s.queue = nil
	s.mu.Unlock()
	s.refuseAll(jobs, err)
}

// refuseAll answers jobs with an error. Those whose fate is unknown hear that.
func (s *siteWriter) refuseAll(jobs []*job, err error) {
	for _, j := range jobs {
		if s.holds(j.req.ID) {
			j.answer(nil, fmt.Errorf("%w: commit %d of site %s", ErrUnknown, s.unsettled.First, s.id))
			continue
		}
		j.answer(nil, err)
	}
}

// readOn answers those who only look, while a page waits for room in the store: they see what the journal holds. It returns the
// others.
func (s *siteWriter) readOn(jobs []*job) (others []*job) {
	ctx, cancel := s.context()
	defer cancel()
	defer func() { s.board = nil }() // nothing is decided on it: the page may still land
	for _, j := range jobs {
		if j.view == nil || s.board == nil && s.check(s.load(ctx)) != nil || s.view(ctx, j) {
			others = append(others, j)
		}
	}
	return others
}

// holds reports whether a command is in the page whose fate is unknown: nobody may be told that it was not written.
func (s *siteWriter) holds(id string) bool {
	return s.unsettled != nil && slices.ContainsFunc(s.unsettled.Entries, func(e Entry) bool { return e.ID == id })
}

// prepare makes the board stand on the journal: an unsettled page is settled first, a board that cannot be trusted is read
// again.
func (s *siteWriter) prepare() error {
	if s.broken != nil {
		return s.broken
	}
	if c, ok := s.engine.cfg.Store.(interface{ Cleared() uint64 }); ok {
		if n := c.Cleared(); n != s.cleared { // the newest pages may be gone with the server that had them
			s.board, s.cleared = nil, n
		}
	}
	if s.board != nil && s.unsettled == nil {
		return nil
	}
	ctx, cancel := s.context()
	defer cancel()
	if s.unsettled != nil {
		_, err := s.settle(ctx, s.unsettled)
		switch {
		case errors.Is(err, ErrReplaced), errors.Is(err, ErrStoreReplaced):
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		case errors.Is(err, ErrStorageFull):
			return fmt.Errorf("an earlier write of site %s waits: %w", s.id, err)
		case err != nil:
			return fmt.Errorf("%w: an earlier write of site %s is not settled yet: %v", ErrUnavailable, s.id, err) //nolint:errorlint // its ErrUnknown is not these callers' answer
		}
		s.unsettled, s.board = nil, nil
	}
	return s.check(s.load(ctx))
}

// context bounds the reading of one step. It belongs to no single request: several jobs share what it reads.
func (s *siteWriter) context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), s.engine.cfg.Deadline) //nolint:forbidigo // see above
}

// check makes the site read-only on what cannot be mended by trying again.
func (s *siteWriter) check(err error) error {
	if errors.Is(err, ErrCorrupt) || errors.Is(err, workflow.ErrNewer) {
		s.broken, s.board = fmt.Errorf("%w: %w", ErrReadOnly, err), nil
		s.engine.cfg.Log.Error("site is read-only", "site", s.id, "err", err)
		return s.broken
	}
	return Unavailable(err)
}

// step decides as many jobs (of at most MaxPageCommits) as fit into one page, appends it, and returns the jobs that must be looked at again: those lost in
// a race, and those refused or to be viewed behind undecided commits.
func (s *siteWriter) step(jobs []*job) (again []*job) {
	ctx, cancel := s.context()
	defer cancel()
	s.board.Begin()
	var page []*job
	var commits []*workflow.Commit
	size := 0
	for i, j := range jobs {
		if size >= MaxPageBytes {
			again = append(again, jobs[i:]...)
			break
		}
		if j.gone() {
			j.notBegun()
			continue
		}
		behind := len(commits) > 0
		if behind && (j.view != nil || j.req.DryRun) {
			again = append(again, j)
			continue
		}
		c, retry := s.one(ctx, j, behind)
		if retry {
			again = append(again, j)
		}
		if s.board == nil { // it must be read again, and all that was decided on it be decided again
			return slices.Concat(page, again, jobs[i+1:])
		}
		if c != nil {
			page, commits = append(page, j), append(commits, c)
			size += commitSize(c)
		}
	}
	if len(commits) == 0 {
		s.board.Keep()
		return again
	}
	return append(s.land(page, commits), again...)
}

// commitSize is about how many bytes a commit takes in a page.
func commitSize(c *workflow.Commit) int {
	n := 256 + len(c.Command)
	for _, i := range c.Images {
		n += len(i.Doc)
	}
	return n
}
