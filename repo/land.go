package repo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// land writes a page and answers its jobs; it returns those to decide again.
func (s *siteWriter) land(jobs []*job, commits []*workflow.Commit) (again []*job) {
	p, err := s.page(commits)
	if err != nil {
		return s.notWritten(jobs, fmt.Errorf("page of site %s: %w", s.id, err))
	}
	err = s.engine.committer.append(p)
	if (errors.Is(err, ErrClosed) || errors.Is(err, ErrStorageFull)) && !errors.Is(err, ErrUnknown) {
		return s.notWritten(jobs, Unavailable(err))
	}
	if err != nil && !errors.Is(err, ErrSeqTaken) && !errors.Is(err, ErrIDTaken) {
		ctx, cancel := s.context()
		defer cancel()
		landed, unsettled := s.settle(ctx, p)
		switch {
		case unsettled != nil:
			if errors.Is(unsettled, ErrReplaced) {
				s.engine.cfg.Log.Error("site stopped: its journal was replaced under this process; restart every instance", "site", s.id, "seq", p.First, "err", unsettled)
			}
			err = fmt.Errorf("%w: commit %d of site %s: %w", ErrUnknown, p.First, s.id, unsettled)
		case landed:
			err = nil
		default:
			err = ErrIDTaken // perhaps: each is looked for
		}
	}
	switch {
	case err == nil:
		s.board.Keep()
		s.seq, s.head = p.Last, p.Hash
		for i, j := range jobs {
			j.answer(&Outcome{Commit: commits[i]}, nil)
		}
		s.watchers.landed(p.Last)
		return nil
	case errors.Is(err, ErrIDTaken), errors.Is(err, ErrSeqTaken):
		return s.lost(jobs, errors.Is(err, ErrIDTaken))
	}
	s.unsettled, s.board = p, nil
	for _, j := range jobs {
		j.answer(nil, err)
	}
	return nil
}

// page makes the page of commits that were decided; a panic in it is an error, for nothing was written.
func (s *siteWriter) page(commits []*workflow.Commit) (_ *Page, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.engine.cfg.Log.Error("panic while a page was made", "site", s.id, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = errFault
		}
	}()
	return NewPage(s.id, s.head, commits)
}

// notWritten takes commits back of which nothing reached the store.
func (s *siteWriter) notWritten(jobs []*job, err error) (none []*job) {
	s.board.Rollback()
	for _, j := range jobs {
		j.answer(nil, err)
	}
	return nil
}

// lost takes the page's commits back after a conflict. With ids, some commands may be in the journal already: those get their
// first answer. The others are decided again on the journal as it is now.
func (s *siteWriter) lost(jobs []*job, ids bool) (again []*job) {
	s.board.Rollback()
	if !ids {
		s.rivals = usualRivals
		pause := time.Millisecond << min(jobs[0].tries, 5)
		time.Sleep(rand.N(pause)) //nolint:gosec // jitter: whoever else writes here gets his turn
	}
	ctx, cancel := s.context()
	defer cancel()
	s.fresh = false
	if ids {
		jobs = s.findAll(ctx, jobs)
	}
	if err := s.catchUpOnce(ctx); err != nil {
		for _, j := range jobs {
			j.answer(nil, err)
		}
		return nil
	}
	for _, j := range jobs {
		if s.again(j) {
			again = append(again, j)
		}
	}
	return again
}

// findAll answers the jobs whose commands are in the journal, and returns the others.
func (s *siteWriter) findAll(ctx context.Context, jobs []*job) (others []*job) {
	for _, j := range jobs {
		out, err := s.find(ctx, j)
		if errors.Is(err, ErrNotFound) {
			others = append(others, j)
			continue
		}
		j.answer(out, err)
	}
	return others
}

// settle finds out whether a page landed, sending it again until its slot is seen occupied, by it or by another page, or
// until one of its commands is seen in another page: then it can never land any more. An error: its fate is still unknown.
// ErrReplaced: it must not be sent.
func (s *siteWriter) settle(ctx context.Context, p *Page) (landed bool, err error) {
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		at, err := slot(ctx, s.engine.cfg.Store, p)
		switch {
		case at != nil:
			return at.First == p.First && at.Hash == p.Hash, nil
		case errors.Is(err, ErrReplaced), errors.Is(err, ErrStoreReplaced):
			return false, err
		case err == nil:
			switch err = s.engine.committer.append(p); {
			case err == nil:
				return true, nil
			case errors.Is(err, ErrSeqTaken), errors.Is(err, ErrIDTaken):
				return false, nil
			case errors.Is(err, ErrStorageFull) && !errors.Is(err, ErrUnknown):
				return false, err
			}
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
			if !errors.Is(err, ErrClosed) {
				continue
			}
		case <-ctx.Done():
		}
		t.Stop()
		return false, err
	}
}

// slot reads what stands at the number of a page whose fate is unknown: the page, another one, or nothing. ErrReplaced: nothing,
// and the page before it is not the one that it was made to follow. Sent now it would spoil a journal that was restored.
func slot(ctx context.Context, j Journal, p *Page) (*Page, error) {
	pages, err := j.Since(ctx, p.Site, max(p.First-1, 1), 2)
	if err != nil {
		return nil, err
	}
	for _, at := range pages {
		if at.Last >= p.First {
			return at, nil
		}
	}
	before := ""
	if len(pages) > 0 {
		before = pages[0].Hash
	}
	if before != p.Prev {
		return nil, fmt.Errorf("%w: page %s does not follow what stands before its place now", ErrReplaced, PageID(p.Site, p.First))
	}
	return nil, nil
}
