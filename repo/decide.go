package repo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

const (
	// maxTries bounds how often a command is decided again after losing the race for a number.
	maxTries = 8
	// maxRecords is how many records that are not open a board keeps.
	maxRecords = 256
)

// decidePage decides as many jobs (of at most MaxPageCommits) as fit into one page and lands the
// page. It returns the jobs to be looked at again: those that lost a race, and those that were
// refused, or want to see the board, behind undecided commits.
func (s *siteWriter) decidePage(jobs []*job) (again []*job) {
	ctx, cancel := s.context()
	defer cancel()
	s.board.Begin()
	var decided []*job
	var commits []*workflow.Commit
	size := 0
	for i, j := range jobs {
		if size >= MaxPageBytes {
			again = append(again, jobs[i:]...)
			break
		}
		if j.abandoned() {
			j.answerAbandoned()
			continue
		}
		behind := len(commits) > 0
		if behind && (j.view != nil || j.req.DryRun) {
			again = append(again, j)
			continue
		}
		c, retry := s.decideJob(ctx, j, behind)
		if retry {
			again = append(again, j)
		}
		if s.board == nil { // it is read again, and all that was decided on it is decided again
			return slices.Concat(decided, again, jobs[i+1:])
		}
		if c != nil {
			decided, commits = append(decided, j), append(commits, c)
			size += commitSize(c)
		}
	}
	if len(commits) == 0 {
		s.board.Keep()
		return again
	}
	return append(s.landPage(decided, commits), again...)
}

// commitSize is about how many bytes a commit takes in a page.
func commitSize(c *workflow.Commit) int {
	n := 256 + len(c.Command)
	for _, i := range c.Images {
		n += len(i.Doc)
	}
	return n
}

// decideJob decides one job. It returns a commit to be written, or nil when the job was answered
// or must be looked at again. behind: undecided commits stand in front of it.
func (s *siteWriter) decideJob(
	ctx context.Context, j *job, behind bool,
) (_ *workflow.Commit, retry bool) {
	if j.view != nil {
		return nil, s.show(ctx, j)
	}
	if err := s.engine.time.check(s.engine.cfg.Now()); err != nil {
		j.answer(nil, err)
		return nil, false
	}
	if j.req.DryRun {
		if err := s.catchUpOnce(ctx); err != nil {
			j.answer(nil, err)
			return nil, false
		}
	}
	s.board.MarkAbsent(j.req.New...)
	needs := func() (refs []workflow.Ref) {
		s.guard(j, func() { refs = s.needs(&j.req) })
		return refs
	}
	if ready, retry := s.readRecords(ctx, j, needs); !ready || j.answered {
		return nil, retry
	}
	if !j.begin() {
		j.answerAbandoned()
		return nil, false
	}
	var c *workflow.Commit
	var refusal, notApplied error
	s.guard(j, func() {
		if c, refusal = s.decide(&j.req); refusal == nil && !j.req.DryRun {
			notApplied = s.board.Apply(c)
		}
	})
	switch {
	case j.answered:
		return nil, false
	case refusal != nil && behind:
		return nil, true
	case refusal != nil:
		return nil, s.refuse(ctx, j, refusal)
	case j.req.DryRun:
		j.answer(&Outcome{Commit: c}, nil)
		return nil, false
	case notApplied != nil:
		s.board = nil
		j.answer(nil, s.stopIfBroken(notApplied))
		return nil, false
	}
	return c, false
}

// decide checks the version that the caller saw, and decides. Its error is a refusal.
func (s *siteWriter) decide(r *Request) (*workflow.Commit, error) {
	if r.Match.Collection != "" {
		is := int64(0)
		if rec, ok := s.board.Record(r.Match.Ref); ok {
			is = workflow.Version(rec)
		}
		if is != r.Match.Seq {
			return nil, &StaleError{Ref: r.Match.Ref, Want: r.Match.Seq, Is: is}
		}
	}
	now := s.engine.Now()
	at := now
	if at.Before(s.board.At) {
		at = s.board.At
	}
	env := workflow.Envelope{ID: r.ID, By: r.By, At: at, Clock: now, Fingerprint: r.Fingerprint}
	c, fault := s.engine.decide(s.board, env, r.Command)
	if fault != nil {
		return nil, fault
	}
	return c, nil
}

// needs are the records that a command needs and the board does not know about: what Decide looks
// at, and the record whose version the caller names.
func (s *siteWriter) needs(r *Request) []workflow.Ref {
	refs := s.board.Needs(r.Command)
	if r.Match.Collection != "" {
		refs = append(refs, s.board.Missing([]workflow.Ref{r.Match.Ref})...)
	}
	return refs
}

// guard runs what a command does before anything of it is written. A panic in it is the command's:
// the caller is answered, the board is dropped, for nobody knows what became of it, and the site
// goes on.
func (s *siteWriter) guard(j *job, f func()) {
	defer func() {
		if p := recover(); p != nil {
			s.logPanic("panic in a command", p, "kind", j.req.Command.About().Kind)
			s.board = nil
			j.answer(nil,
				fmt.Errorf("%s at site %s: %w", j.req.Command.About().Kind, s.id, errFault))
		}
	}()
	f()
}

// show lets a caller look at the board, exactly as the journal has it.
func (s *siteWriter) show(ctx context.Context, j *job) (retry bool) {
	if err := s.catchUpOnce(ctx); err != nil {
		j.answer(nil, err)
		return false
	}
	missing := func() []workflow.Ref { return s.board.Missing(j.refs) }
	if ready, retry := s.readRecords(ctx, j, missing); !ready {
		return retry
	}
	if !j.begin() {
		j.answerAbandoned()
		return false
	}
	j.answer(nil, s.callView(j.view))
	return false
}

// callView calls the function of a view. Its panic is the caller's, not the site's: the board is
// only read.
func (s *siteWriter) callView(view func(*workflow.Board) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.logPanic("panic in a view", p)
			err = fmt.Errorf("view site %s: a fault in the program", s.id)
		}
	}()
	return view(s.board)
}

// refuse answers with a refusal only when the board is exactly the journal and the journal does
// not hold the command: a command whose first answer was lost gets that answer.
func (s *siteWriter) refuse(ctx context.Context, j *job, refusal error) (retry bool) {
	board, seq := s.board, s.seq
	if err := s.catchUpOnce(ctx); err != nil {
		j.answer(nil, err)
		return false
	}
	if s.board != board || s.seq != seq {
		return s.mayRetry(j)
	}
	if j.req.DryRun {
		j.answer(nil, refusal)
		return false
	}
	out, err := s.findAnswer(ctx, j)
	if errors.Is(err, ErrNotFound) {
		if ok, err := s.confirm(ctx); err != nil {
			j.answer(nil, fmt.Errorf("%w: make sure before a refusal: %w", ErrUnknown, err))
			return false
		} else if !ok {
			s.caughtUp = false
			return s.mayRetry(j)
		}
		err = refusal
	}
	j.answer(out, err)
	return false
}

// confirm makes sure that what was read is the truth, once for all jobs of a batch: a row of
// refusals must not make a server write each time.
func (s *siteWriter) confirm(ctx context.Context) (bool, error) {
	if s.confirmed == s.seq {
		return true, nil
	}
	ids := make([]string, 0, len(s.batch))
	for _, j := range s.batch {
		if j.view == nil && !j.req.DryRun && !j.answered {
			ids = append(ids, j.req.ID)
		}
	}
	ok, err := s.engine.cfg.Store.Confirm(ctx, s.id, s.seq, ids)
	if ok {
		s.confirmed = s.seq
	}
	return ok, err
}

// mayRetry counts a job's tries; after too many it answers ErrBusy.
func (s *siteWriter) mayRetry(j *job) bool {
	if j.tries++; j.tries >= maxTries {
		j.answer(nil, ErrBusy)
		return false
	}
	return true
}

// findAnswer is the first answer of a command that is already in the journal; ErrNotFound when it
// is not, ErrUnknown when that cannot be told.
func (s *siteWriter) findAnswer(ctx context.Context, j *job) (*Outcome, error) {
	p, err := s.engine.cfg.Store.Find(ctx, s.id, j.req.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, ErrNotFound
	case errors.Is(err, ErrCorrupt):
		return nil, s.stopIfBroken(err)
	case err != nil:
		return nil, fmt.Errorf("%w: look for the command in the journal: %w", ErrUnknown, err)
	}
	out, err := firstAnswer(p, j.req.ID, j.req.Fingerprint)
	if err != nil && !errors.Is(err, ErrKeyReused) {
		err = s.stopIfBroken(err)
	}
	return out, err
}

// firstAnswer is what the page that holds a command says about it.
func firstAnswer(p *Page, id, fingerprint string) (*Outcome, error) {
	cs, err := p.Commits()
	if err != nil {
		return nil, err
	}
	for _, c := range cs {
		if c.ID != id {
			continue
		}
		if c.Fingerprint != fingerprint {
			return nil, ErrKeyReused
		}
		return &Outcome{Commit: c, Replayed: true}, nil
	}
	return nil, fmt.Errorf("%w: page %s does not hold the command it lists",
		ErrCorrupt, PageID(p.Site, p.First))
}
