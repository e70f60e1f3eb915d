package repo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// landPage writes a page and answers its jobs. It returns those to decide again.
func (s *siteWriter) landPage(jobs []*job, commits []*workflow.Commit) (again []*job) {
	p, err := s.makePage(commits)
	if err != nil {
		return s.notWritten(jobs, fmt.Errorf("page of site %s: %w", s.id, err))
	}
	err = s.engine.committer.append(p)
	if (errors.Is(err, ErrClosed) || errors.Is(err, ErrStorageFull)) &&
		!errors.Is(err, ErrUnknown) {
		return s.notWritten(jobs, Unavailable(err))
	}
	if err != nil && !errors.Is(err, ErrSeqTaken) && !errors.Is(err, ErrIDTaken) {
		err = s.settleNow(p)
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
		return s.decideAgain(jobs, errors.Is(err, ErrIDTaken))
	}
	s.unsettled, s.board = p, nil
	for _, j := range jobs {
		j.answer(nil, err)
	}
	return nil
}

// makePage makes the page of commits that were decided. A panic in it is an error, for nothing was
// written.
func (s *siteWriter) makePage(commits []*workflow.Commit) (_ *Page, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.logPanic("panic while a page was made", p)
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

// decideAgain takes the page's commits back after a conflict. idsTaken: some commands may be in
// the journal already, and those get their first answer. The others are decided again on the
// journal as it is now.
func (s *siteWriter) decideAgain(jobs []*job, idsTaken bool) (again []*job) {
	s.board.Rollback()
	ctx, cancel := s.context()
	defer cancel()
	if !idsTaken {
		s.rivalsSeen = usualRivals
		longest := time.Millisecond << min(jobs[0].tries, 5)
		Pause(ctx, rand.N(longest)) //nolint:gosec // jitter: whoever else writes here gets his turn
	}
	s.caughtUp = false
	if idsTaken {
		jobs = s.answerFromJournal(ctx, jobs)
	}
	if err := s.catchUpOnce(ctx); err != nil {
		for _, j := range jobs {
			j.answer(nil, err)
		}
		return nil
	}
	for _, j := range jobs {
		if s.mayRetry(j) {
			again = append(again, j)
		}
	}
	return again
}

// answerFromJournal answers the jobs whose commands are in the journal, and returns the others.
func (s *siteWriter) answerFromJournal(ctx context.Context, jobs []*job) (others []*job) {
	for _, j := range jobs {
		out, err := s.findAnswer(ctx, j)
		if errors.Is(err, ErrNotFound) {
			others = append(others, j)
			continue
		}
		j.answer(out, err)
	}
	return others
}

// settleNow settles a page right after its append and answers as an append does.
func (s *siteWriter) settleNow(p *Page) error {
	ctx, cancel := s.context()
	defer cancel()
	landed, err := s.settle(ctx, p)
	switch {
	case err != nil:
		if errors.Is(err, ErrReplaced) {
			s.engine.cfg.Log.Error("site stopped: its journal was replaced under this process; "+
				"restart every instance", "site", s.id, "seq", p.First, "err", err)
		}
		return fmt.Errorf("%w: commit %d of site %s: %w", ErrUnknown, p.First, s.id, err)
	case landed:
		return nil
	}
	return ErrIDTaken // perhaps: each command is looked for
}

// settle finds out whether a page landed. It sends the page again until its slot is seen occupied,
// by it or by another page, or until one of its commands is seen in another page: then it can never
// land any more. An error: its fate is still unknown. ErrReplaced: it must not be sent.
func (s *siteWriter) settle(ctx context.Context, p *Page) (landed bool, err error) {
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		at, err := readSlot(ctx, s.engine.cfg.Store, p)
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
		if !Pause(ctx, wait) || errors.Is(err, ErrClosed) {
			return false, err
		}
	}
}

// readSlot reads what stands at the number of a page whose fate is unknown: the page, another one,
// or nothing. ErrReplaced: nothing, and the page before it is not the one that it was made to
// follow. Sent now it would spoil a journal that was restored.
func readSlot(ctx context.Context, j Journal, p *Page) (*Page, error) {
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
		return nil, fmt.Errorf("%w: page %s does not follow what stands before its place now",
			ErrReplaced, PageID(p.Site, p.First))
	}
	return nil, nil
}
