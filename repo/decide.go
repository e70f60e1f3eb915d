package repo

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/lunpai/lunpai/workflow"
)

// errBehind: a record was read that is newer than the board.
var errBehind = errors.New("the board is behind the documents")

// one decides one job. It returns a commit to be written, or nil when the job was answered or must be looked at again.
// behind: undecided commits stand in front of it.
func (s *siteWriter) one(ctx context.Context, j *job, behind bool) (c *workflow.Commit, retry bool) {
	if j.view != nil {
		return nil, s.view(ctx, j)
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
	needs := func() (refs []workflow.Ref) {
		s.careful(j, func() { refs = s.needs(&j.req) })
		return refs
	}
	if ready, retry := s.read(ctx, j, needs); !ready || j.answered {
		return nil, retry
	}
	if !j.begin() {
		j.notBegun()
		return nil, false
	}
	var err, apart error
	s.careful(j, func() {
		if c, err = s.decide(j); err == nil && !j.req.DryRun {
			apart = s.board.Apply(c)
		}
	})
	switch {
	case j.answered:
		return nil, false
	case err != nil && behind:
		return nil, true
	case err != nil:
		return nil, s.refuse(ctx, j, err)
	case j.req.DryRun:
		j.answer(&Outcome{Commit: c}, nil)
		return nil, false
	}
	if apart != nil {
		s.board = nil
		j.answer(nil, s.check(apart))
		return nil, false
	}
	return c, false
}

// careful runs what a command makes happen before anything of it is written. A panic in it is the command's: it is answered, the
// board is dropped, for nobody knows what became of it, and the site goes on. The value of a panic may hold what must not be logged.
func (s *siteWriter) careful(j *job, f func()) {
	defer func() {
		if p := recover(); p != nil {
			s.engine.cfg.Log.Error("panic in a command", "site", s.id, "kind", j.req.Command.About().Kind, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			s.board = nil
			j.answer(nil, fmt.Errorf("%s at site %s: %w", j.req.Command.About().Kind, s.id, errFault))
		}
	}()
	f()
}

// errFault is what a caller is told of a panic.
var errFault = errors.New("a fault in the program")

// view lets a caller look at the board, exactly as the journal has it.
func (s *siteWriter) view(ctx context.Context, j *job) (retry bool) {
	if err := s.catchUpOnce(ctx); err != nil {
		j.answer(nil, err)
		return false
	}
	if ready, retry := s.read(ctx, j, func() []workflow.Ref { return s.board.Missing(j.refs) }); !ready {
		return retry
	}
	if !j.begin() {
		j.notBegun()
		return false
	}
	j.answer(nil, j.look(s))
	return false
}

// needs are the records that a command needs and the board does not know about: what Decide looks at, and the record whose
// version the caller names.
func (s *siteWriter) needs(r *Request) []workflow.Ref {
	refs := s.board.Needs(r.Command)
	if r.Match.Collection != "" {
		refs = append(refs, s.board.Missing([]workflow.Ref{r.Match.Ref})...)
	}
	return refs
}

// read loads the records a job needs beyond the board, until it needs no more. A record newer than the board means that the
// board is behind: it catches up, at once or, behind undecided commits, after them, and the job is looked at again. A job
// that is neither ready nor to be looked at again was answered.
func (s *siteWriter) read(ctx context.Context, j *job, missing func() []workflow.Ref) (ready, retry bool) {
	for refs := missing(); len(refs) > 0; refs = missing() {
		docs, err := s.engine.cfg.Store.Read(ctx, s.id, s.seq, refs)
		if err == nil {
			err = s.take(docs)
		}
		switch {
		case errors.Is(err, errBehind):
			s.fresh = false
			if s.board.Seq == s.seq {
				if err := s.catchUpOnce(ctx); err != nil {
					j.answer(nil, err)
					return false, false
				}
			}
			return false, s.again(j)
		case err != nil:
			j.answer(nil, s.check(fmt.Errorf("read records of site %s: %w", s.id, err)))
			return false, false
		}
		s.board.MarkAbsent(refs...)
	}
	return true, false
}

// take puts records that were read on the board; errBehind when one is newer than the board's commits in the journal.
func (s *siteWriter) take(docs []Document) error {
	records := make([]workflow.Record, len(docs))
	for i, doc := range docs {
		r, err := doc.Record()
		if err != nil {
			return err
		}
		if workflow.Version(r) > s.seq {
			return errBehind
		}
		records[i] = r
	}
	for _, r := range records {
		s.board.Put(r)
	}
	return nil
}

// decide checks the version the caller saw and decides. Its error is a refusal.
func (s *siteWriter) decide(j *job) (*workflow.Commit, error) {
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

// refuse answers with a refusal only when the board is exactly the journal and the journal does not hold the command: a
// command whose first answer was lost gets that answer.
func (s *siteWriter) refuse(ctx context.Context, j *job, refusal error) (retry bool) {
	board, seq := s.board, s.seq
	if err := s.catchUpOnce(ctx); err != nil {
		j.answer(nil, err)
		return false
	}
	if s.board != board || s.seq != seq {
		return s.again(j)
	}
	if j.req.DryRun {
		j.answer(nil, refusal)
		return false
	}
	out, err := s.find(ctx, j)
	if errors.Is(err, ErrNotFound) {
		if ok, err := s.confirm(ctx); err != nil {
			j.answer(nil, fmt.Errorf("%w: make sure before a refusal: %w", ErrUnknown, err))
			return false
		} else if !ok {
			s.fresh = false
			return s.again(j)
		}
		err = refusal
	}
	j.answer(out, err)
	return false
}

// confirm makes sure that what was read is the truth, once for all jobs of a round: refusals one after another are no way to have
// a server write all the time.
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

// again counts a job's tries; too many end in ErrBusy.
func (s *siteWriter) again(j *job) bool {
	if j.tries++; j.tries >= maxTries {
		j.answer(nil, ErrBusy)
		return false
	}
	return true
}

// find is the first answer of a command that is already in the journal; ErrNotFound when it is not, ErrUnknown when that
// cannot be told.
func (s *siteWriter) find(ctx context.Context, j *job) (*Outcome, error) {
	p, err := s.engine.cfg.Store.Find(ctx, s.id, j.req.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, ErrNotFound
	case errors.Is(err, ErrCorrupt):
		return nil, s.check(err)
	case err != nil:
		return nil, fmt.Errorf("%w: look for the command in the journal: %w", ErrUnknown, err)
	}
	out, err := firstAnswer(p, j.req.ID, j.req.Fingerprint)
	if err != nil && !errors.Is(err, ErrKeyReused) {
		err = s.check(err)
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
	return nil, fmt.Errorf("%w: page %s does not hold the command it lists", ErrCorrupt, PageID(p.Site, p.First))
}
