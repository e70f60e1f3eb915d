package repo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// maxTries bounds how often a command is decided again after losing the race for a number.
const maxTries = 8

// job is a command, or a look at the board, on its way through a site's queue.
type job struct {
	ctx      context.Context
	req      Request
	refs     []workflow.Ref              // of a view
	view     func(*workflow.Board) error // nil: a command
	tries    int
	site     *siteDesk // whose running commands it is among; nil for a look
	done     chan result
	answered bool
}

type result struct {
	out *Outcome
	err error
}

// answer ends a job: from now on the same command may come again.
func (j *job) answer(out *Outcome, err error) {
	if j.site != nil {
		j.site.mu.Lock()
		delete(j.site.running, j.req.ID)
		j.site.mu.Unlock()
	}
	j.answered = true
	j.done <- result{out, err}
}

// siteDesk is the queue of one site and its board. Everything below work belongs to the one goroutine that works.
type siteDesk struct {
	desk *Desk
	id   workflow.SiteID

	mu       sync.Mutex
	queue    []*job
	running  map[string]bool // command ids queued or being decided
	working  bool
	watchers map[chan struct{}]struct{}

	board     *workflow.Board
	head      string // hash of the page that holds commit board.Seq
	fresh     bool   // caught up in this round
	cleared   uint64 // the store's count of cleared pools when the board was last known good
	unsettled *Page  // a page whose fate is unknown
	broken    error  // why the site is read-only
}

// push queues a job; start tells the caller to start a worker.
func (s *siteDesk) push(j *job) (start bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) >= s.desk.cfg.QueueLimit {
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

func (s *siteDesk) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.working && len(s.watchers) == 0 && s.unsettled == nil
}

// work takes what is queued until nothing is.
func (s *siteDesk) work() {
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

// round answers every job of a batch. A panic, a broken chain or a newer program's record stops this site only.
func (s *siteDesk) round(batch []*job) {
	left := batch
	defer func() {
		if p := recover(); p != nil {
			s.desk.cfg.Log.Error("site stopped: panic", "site", s.id, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			s.broken, s.board = fmt.Errorf("%w: a fault in the program", ErrReadOnly), nil
			for _, j := range batch {
				if !j.answered {
					j.answer(nil, s.broken)
				}
			}
		}
	}()
	s.fresh = false
	for len(left) > 0 {
		if err := s.prepare(); err != nil {
			for _, j := range left {
				j.answer(nil, err)
			}
			return
		}
		left = s.step(left)
	}
	if s.board != nil {
		s.board.Trim(4096)
	}
}

// prepare makes the board stand on the journal: an unsettled page is settled first, a board that cannot be trusted is read
// again.
func (s *siteDesk) prepare() error {
	ctx, cancel := s.context()
	defer cancel()
	if s.broken != nil {
		return s.broken
	}
	if s.unsettled != nil {
		if _, err := s.settle(ctx, s.unsettled); err != nil {
			return err
		}
		s.unsettled = nil
		s.board = nil
	}
	if c, ok := s.desk.cfg.Store.(interface{ Cleared() uint64 }); ok && c.Cleared() != s.cleared {
		s.board, s.cleared = nil, c.Cleared()
	}
	if s.board == nil {
		return s.check(s.load(ctx))
	}
	return nil
}

func (s *siteDesk) context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), s.desk.cfg.Deadline) //nolint:forbidigo // the site's work belongs to no single request
}

// check makes the site read-only on what cannot be mended by trying again.
func (s *siteDesk) check(err error) error {
	if errors.Is(err, ErrCorrupt) || errors.Is(err, workflow.ErrNewer) {
		s.broken = fmt.Errorf("%w: %w", ErrReadOnly, err)
		s.desk.cfg.Log.Error("site is read-only", "site", s.id, "err", err)
		return s.broken
	}
	return unavailable(err)
}

// step decides as many jobs as fit into one page, appends it, and returns the jobs that must be looked at again: those lost in
// a race, and those refused or to be viewed behind undecided commits.
func (s *siteDesk) step(jobs []*job) (again []*job) {
	s.board.Begin()
	var page []*job
	var commits []*workflow.Commit
	size := 0
	for i, j := range jobs {
		switch {
		case j.ctx.Err() != nil:
			j.answer(nil, fmt.Errorf("not begun: %w", j.ctx.Err()))
			continue
		case len(commits) == MaxPageCommits || size >= MaxPageBytes:
			again = append(again, jobs[i:]...)
		case len(commits) > 0 && (j.view != nil || j.req.DryRun):
			again = append(again, j)
			continue
		default:
			c, retry := s.one(j, len(commits) > 0)
			if retry {
				again = append(again, j)
			}
			if s.board == nil { // it must be read again
				s.giveUp(page, &again)
				return append(again, jobs[i+1:]...)
			}
			if c != nil {
				page, commits = append(page, j), append(commits, c)
				size += commitSize(c)
			}
			continue
		}
		break
	}
	if len(commits) == 0 {
		s.board.Keep()
		return again
	}
	return append(s.land(page, commits), again...)
}

// giveUp puts back jobs that were decided on a board that is gone.
func (s *siteDesk) giveUp(page []*job, again *[]*job) {
	*again = append(append([]*job{}, page...), *again...)
}

func commitSize(c *workflow.Commit) int {
	n := 256 + len(c.Command)
	for _, i := range c.Images {
		n += len(i.Doc)
	}
	return n
}

// one decides one job. It returns a commit to be written, or nil when the job was answered or must be looked at again.
func (s *siteDesk) one(j *job, behind bool) (c *workflow.Commit, retry bool) {
	ctx, cancel := s.context()
	defer cancel()
	if j.view != nil || j.req.DryRun {
		if err := s.catchUpOnce(ctx); err != nil {
			j.answer(nil, err)
			return nil, false
		}
	}
	refs := j.refs
	if j.view != nil {
		if err := s.read(ctx, func() []workflow.Ref { return s.board.Missing(refs) }); err != nil {
			j.answer(nil, err)
			return nil, false
		}
		j.answer(nil, j.view(s.board))
		return nil, false
	}
	if err := s.read(ctx, func() []workflow.Ref { return s.board.Needs(j.req.Command) }); err != nil {
		j.answer(nil, err)
		return nil, false
	}
	c, err := s.decideOne(j)
	switch {
	case err != nil && behind:
		return nil, true
	case err != nil:
		return nil, s.refuse(ctx, j, err)
	case j.req.DryRun:
		j.answer(&Outcome{Commit: c}, nil)
		return nil, false
	}
	if err := s.board.Apply(c); err != nil {
		s.board = nil
		j.answer(nil, s.check(err))
		return nil, false
	}
	return c, false
}

// decideOne checks the version the caller saw and decides.
func (s *siteDesk) decideOne(j *job) (*workflow.Commit, error) {
	r := &j.req
	if r.Match.Collection != "" {
		is := int64(0)
		if rec, ok := s.board.Record(r.Match.Ref); ok {
			is = workflow.Version(rec)
		}
		if is != r.Match.Seq {
			return nil, &StaleError{Ref: r.Match.Ref, Want: r.Match.Seq, Is: is}
		}
	}
	at := s.desk.cfg.Now().UTC().Truncate(time.Millisecond)
	if at.Before(s.board.At) {
		at = s.board.At
	}
	env := workflow.Envelope{ID: r.ID, By: r.By, At: at, Fingerprint: r.Fingerprint}
	c, fault := s.desk.decide(s.board, env, r.Command)
	if fault != nil {
		return nil, fault
	}
	return c, nil
}

// refuse answers with a refusal only when the board is exactly the journal and the journal does not hold the command: a
// command whose first answer was lost gets that answer.
func (s *siteDesk) refuse(ctx context.Context, j *job, refusal error) (retry bool) {
	board, seq := s.board, s.board.Seq
	if err := s.catchUpOnce(ctx); err != nil {
		j.answer(nil, err)
		return false
	}
	if s.board != board || s.board.Seq != seq {
		return s.again(j)
	}
	if j.req.DryRun {
		j.answer(nil, refusal)
		return false
	}
	out, err := s.find(ctx, j)
	if errors.Is(err, ErrNotFound) {
		err = refusal
	}
	j.answer(out, err)
	return false
}

// again counts a job's tries; too many end in ErrBusy.
func (s *siteDesk) again(j *job) bool {
	if j.tries++; j.tries >= maxTries {
		j.answer(nil, ErrBusy)
		return false
	}
	return true
}

// find is the first answer of a command that is already in the journal.
func (s *siteDesk) find(ctx context.Context, j *job) (*Outcome, error) {
	p, err := s.desk.cfg.Store.Find(ctx, s.id, j.req.ID)
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil, ErrNotFound
		}
		return nil, unavailable(err)
	}
	cs, err := p.Commits()
	if err != nil {
		return nil, s.check(err)
	}
	for _, c := range cs {
		if c.ID != j.req.ID {
			continue
		}
		if c.Fingerprint != j.req.Fingerprint {
			return nil, ErrKeyReused
		}
		return &Outcome{Commit: c, Replayed: true}, nil
	}
	return nil, s.check(fmt.Errorf("%w: page %s does not hold the command it lists", ErrCorrupt, PageID(p.Site, p.First)))
}

// read loads the records a job needs beyond the board, until it needs no more. A record newer than the board means that the
// board is behind.
func (s *siteDesk) read(ctx context.Context, missing func() []workflow.Ref) error {
	for refs := missing(); len(refs) > 0; refs = missing() {
		docs, err := s.desk.cfg.Store.Read(ctx, s.id, s.board.Seq, refs)
		if err != nil {
			return unavailable(err)
		}
		for _, doc := range docs {
			r, err := workflow.Decode(doc.Image)
			if err != nil {
				return s.check(err)
			}
			s.board.Put(r)
		}
		s.board.MarkAbsent(refs...)
	}
	return nil
}

// land writes a page and answers its jobs; it returns those to decide again.
func (s *siteDesk) land(jobs []*job, commits []*workflow.Commit) (again []*job) {
	p, err := NewPage(s.id, s.head, commits)
	if err == nil {
		err = s.desk.committer.append(p)
	}
	if err != nil && !errors.Is(err, ErrSeqTaken) && !errors.Is(err, ErrIDTaken) {
		ctx, cancel := s.context()
		defer cancel()
		var landed bool
		if landed, err = s.settle(ctx, p); err == nil && !landed {
			err = ErrSeqTaken
		}
	}
	switch {
	case err == nil:
		s.board.Keep()
		s.head = p.Hash
		for i, j := range jobs {
			j.answer(&Outcome{Commit: commits[i]}, nil)
		}
		s.tell()
		return nil
	case errors.Is(err, ErrIDTaken), errors.Is(err, ErrSeqTaken):
		return s.lost(jobs, errors.Is(err, ErrIDTaken))
	}
	s.unsettled, s.board = p, nil
	for _, j := range jobs {
		j.answer(nil, fmt.Errorf("%w: commit %d of site %s", ErrUnknown, p.First, s.id))
	}
	return nil
}

// lost takes the page's commits back after a conflict. Commands that are already in the journal get their first answer, the
// others are decided again on the journal as it is now.
func (s *siteDesk) lost(jobs []*job, ids bool) (again []*job) {
	ctx, cancel := s.context()
	defer cancel()
	s.board.Rollback()
	s.fresh = false
	if err := s.catchUpOnce(ctx); err != nil {
		for _, j := range jobs {
			j.answer(nil, err)
		}
		return nil
	}
	if !ids {
		time.Sleep(time.Duration(rand.Int64N(int64(time.Millisecond)))) //nolint:gosec // jitter
	}
	for _, j := range jobs {
		if ids {
			if out, err := s.find(ctx, j); !errors.Is(err, ErrNotFound) {
				j.answer(out, err)
				continue
			}
		}
		if s.again(j) {
			again = append(again, j)
		}
	}
	return again
}

// settle finds out whether a page landed, sending it again until its slot is seen occupied, by it or by another page. Its
// error is ErrUnknown.
func (s *siteDesk) settle(ctx context.Context, p *Page) (landed bool, err error) {
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		pages, err := s.desk.cfg.Store.Since(ctx, s.id, p.First, 1)
		if err == nil && len(pages) > 0 {
			return pages[0].First == p.First && pages[0].Hash == p.Hash, nil
		}
		if err == nil {
			if err = s.desk.committer.append(p); err == nil {
				return true, nil
			}
			if errors.Is(err, ErrSeqTaken) || errors.Is(err, ErrIDTaken) {
				return false, nil
			}
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("%w: commit %d of site %s", ErrUnknown, p.First, s.id)
		case <-time.After(wait):
		}
	}
}

// tell signals the watchers.
func (s *siteDesk) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.watchers {
		signal(c)
	}
}
